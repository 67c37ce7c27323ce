"""`logboom check` says what would be read, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import yaml
from typer.testing import CliRunner

from logboom.cli.app import make_app


def check(folder: Path, **settings: object) -> tuple[int, str, str]:
    path = folder / "logboom.yaml"
    path.write_text(yaml.safe_dump({"data": str(folder / "new" / "data"), **settings}))
    done = CliRunner().invoke(make_app(), ["check", "-c", str(path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_it_names_what_it_would_read_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("INFO here\n")
    (tmp_path / "b.log.xz").write_bytes(b"\xfd7zXZ\0\0")
    before = {path.name for path in tmp_path.iterdir()}
    status, said, wrong = check(
        tmp_path,
        inputs=[
            {"path": [str(tmp_path / "*.log*"), str(tmp_path / "none")]},
            {"stdin": True},
            {"syslog": "127.0.0.1:5514"},
        ],
    )
    assert (status, wrong) == (0, "")
    assert f"{tmp_path}/a.log: would be read, 10 bytes" in said
    assert f"{tmp_path}/b.log.xz: would not be read" in said
    assert f"{tmp_path}/none: there is nothing of that name yet" in said
    assert "standard input: would be read" in said
    assert "syslog 127.0.0.1:5514: would be listened on" in said
    assert "broker: embedded" in said
    assert {path.name for path in tmp_path.iterdir()} == before | {"logboom.yaml"}


def test_a_data_folder_that_cannot_be_is_wrong(tmp_path: Path) -> None:
    status, _, wrong = check(tmp_path, data="/dev/null/logboom")
    assert status == 1
    assert "data: /dev/null/logboom cannot be written" in wrong
