"""`logboom parse` makes of a file what the shipper would make of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from typer.testing import CliRunner, Result

from logboom.cli.app import make_app
from logboom.errors import UsageError

LINE = "2026-11-21 15:24:28 INFO 결제 완료\n"


def parse(path: Path | str, *options: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(make_app(), ["parse", str(path), *options], input=stdin)


def events(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "packed", [gzip.compress(LINE.encode()), zstandard.compress(LINE.encode())]
)
def test_compressed_files_are_decompressed_whatever_their_name(
    packed: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(packed)
    assert "결제 완료" in events(parse(path))[0]["message"]


@pytest.mark.parametrize("through_a_pipe", [False, True])
def test_utf_16_is_recognised_by_its_mark(through_a_pipe: bool, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    content = LINE.encode("utf-16")
    path.write_bytes(content)
    done = parse("-", stdin=content) if through_a_pipe else parse(path)
    (event,) = events(done)
    assert "결제 완료" in event["message"]
    assert "\0" not in event["message"]


def test_the_encoding_and_the_zone_that_are_named_hold(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(LINE.encode("euc-kr"))
    (event,) = events(parse(path, "--encoding", "euc-kr", "--zone", "Asia/Seoul"))
    assert "결제 완료" in event["message"]
    assert event["@timestamp"].startswith("2026-11-21T06:24:28")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(range(99)), b"\x7fELF" + b"\0" * 60])
def test_what_is_no_log_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(content)
    done = parse(path)
    assert isinstance(done.exception, UsageError)
    assert "it is not read: it is a" in str(done.exception)


def test_a_damaged_file_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(LINE.encode())[:-8] + b"\xff" * 8)
    done = parse(path)
    assert isinstance(done.exception, UsageError)
    assert "cannot be read: gzip" in str(done.exception)


def test_the_input_of_a_configuration_that_names_the_file_is_used(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes("주문 7\n".encode("cp949"))
    config = tmp_path / "logboom.yaml"
    config.write_text(
        f"inputs:\n  - path: {tmp_path}/other.log\n  - path: {tmp_path}/*.log\n    service: shop\n"
        "    encoding: cp949\n    format: dissect\n    patterns: ['%{what} %{number}']\n"
    )
    (event,) = events(parse(log, "-c", str(config)))
    assert event["service"]["name"] == "shop"
    assert event["attributes"] == {"what": "주문", "number": "7"}
    both = parse(log, "-c", str(config), "--format", "json")
    assert isinstance(both.exception, UsageError)
    assert "own settings" in str(both.exception)
    nobody = parse(tmp_path / "nobody.txt", "-c", str(config))
    assert isinstance(nobody.exception, UsageError)
    assert "no input of" in str(nobody.exception)
