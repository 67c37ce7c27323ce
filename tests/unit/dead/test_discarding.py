"""Letters that nobody can mend are given up: counted for ever, and written down with who did it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logboom.broker import open_broker
from logboom.cli.app import make_app
from logboom.clock import ManualClock
from logboom.config import from_mapping
from logboom.dead import DeadLetters, Letter, LetterHead
from logboom.dead.discarding import discard_letters
from logboom.dead.letter import Part
from logboom.errors import DeadLettersUnavailable, UsageError
from logboom.status import decode_dead

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def letter(event: str, *, part: Part = "processor", reason: str = "too large") -> Letter:
    head = LetterHead(
        event=event, part=part, reason=reason, run="run", source="" if part == "processor" else "s",
        path="/a.log", start=5, end=9, lines=2, day="2026-11-21", at_ns=0, size=7,
    )  # fmt: skip
    return Letter(head, b'{"a":1}')


def kept(data: Path) -> DeadLetters:
    letters = DeadLetters(data / "dead", max_bytes=2**20)
    letters.bury(
        [letter("one"), letter("two", reason="the mapping"), letter("three", part="shipper")]
    )
    return letters


def run(data: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(make_app(), ["dead", "discard", *words, "--data", str(data)])
    if isinstance(done.exception, UsageError):
        return 2, done.exception.sentence()
    return done.exit_code, done.output


def left(data: Path) -> set[str]:
    return {head.event for head in DeadLetters(data / "dead", max_bytes=0).heads()}


def audited(data: Path) -> list[str]:
    path = data / "audit" / "dead.log"
    assert path.stat().st_mode & 0o077 == 0
    return [json.loads(line)["event.id"] for line in path.read_text("utf-8").splitlines()]


def test_letters_are_gone_and_stay_counted(tmp_path: Path) -> None:
    letters = kept(tmp_path)
    gone = discard_letters(
        letters, ["one", "three", "none"], audit=tmp_path / "a" / "dead.log", by="kim",
        clock=ManualClock(NOW),
    )  # fmt: skip
    assert [head.event for head in gone] == ["one", "three"]
    status = letters.status(at_ns=0)
    assert status is not None
    assert (status.letters, status.bytes, status.refused) == (1, 7, {"run": 1})
    assert (status.discarded, status.given_up) == (2, {"run": {"2026-11-21": 1}})
    assert status.given_up_lines == {"s": 2}
    line = json.loads((tmp_path / "a" / "dead.log").read_text("utf-8").splitlines()[0])
    assert line["@timestamp"].startswith("2026-11-22T12:00:00")
    assert (line["user.name"], line["event.id"], line["event.reason"]) == (
        "kim",
        "one",
        "too large",
    )
    assert (line["log.file.path"], line["start"], line["lines"]) == ("/a.log", 5, 2)


def test_letters_on_their_way_back_stay(tmp_path: Path) -> None:
    letters = kept(tmp_path)
    letters.plan(["one"], most=1)
    assert [head.event for head in letters.discard(["one", "two"])] == ["two"]
    assert left(tmp_path) == {"one", "three"}


def test_what_cannot_be_written_down_is_not_discarded(tmp_path: Path) -> None:
    letters = kept(tmp_path)
    (tmp_path / "audit").write_text("a file")
    with pytest.raises(DeadLettersUnavailable, match="cannot be written down"):
        discard_letters(
            letters,
            ["one"],
            audit=tmp_path / "audit" / "dead.log",
            by="kim",
            clock=ManualClock(NOW),
        )
    assert left(tmp_path) == {"one", "two", "three"}


def test_a_file_of_an_earlier_version_is_read_and_used(tmp_path: Path) -> None:
    letters = kept(tmp_path)
    with closing(sqlite3.connect(letters.path)) as file:
        file.executescript("DROP TABLE discarded; PRAGMA user_version=1;")
    before = letters.status(at_ns=0)
    assert before is not None
    assert (before.letters, before.discarded) == (3, 0)
    letters.discard(["one"])
    after = letters.status(at_ns=0)
    assert after is not None
    assert (after.letters, after.discarded) == (2, 1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["one"], {"two", "three"}),
        (["one", "two", "one"], {"three"}),
        (["--all"], set()),
        (["--reason", "mapping"], {"one", "three"}),
        (["--reason", "unknown"], {"one", "two", "three"}),
    ],
)
def test_the_command_discards_those_that_are_meant(
    tmp_path: Path, words: list[str], expected: set[str]
) -> None:
    kept(tmp_path)
    code, output = run(tmp_path, *words, "--yes")
    gone = {"one", "two", "three"} - expected
    assert code == 0
    assert output.splitlines()[-1].startswith(f"{len(gone)} dead letter")
    assert left(tmp_path) == expected
    if gone:
        assert set(audited(tmp_path)) == gone


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "needs the ids of events"),
        (["one", "--all"], "needs the ids of events"),
        (["--reason", ""], "needs the ids of events"),
        (["four", "--yes"], "there is no dead letter four"),
        (["one"], "nobody can be asked"),
    ],
)
def test_what_is_not_said_clearly_discards_nothing(
    tmp_path: Path, words: list[str], told: str
) -> None:
    kept(tmp_path)
    code, output = run(tmp_path, *words)
    assert code == 2
    assert told in output
    assert left(tmp_path) == {"one", "two", "three"}
    assert not (tmp_path / "audit").exists()


async def test_all_services_are_told(tmp_path: Path) -> None:
    kept(tmp_path)
    code, _ = await asyncio.to_thread(run, tmp_path, "--all", "--yes")
    assert code == 0
    broker = await open_broker(from_mapping({"data": str(tmp_path)}, origin="test"))
    (told,) = decode_dead(await broker.read_status())
    await broker.close()
    assert (told.letters, told.discarded) == (0, 3)
