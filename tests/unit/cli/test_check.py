"""`logboom check` says what would be read, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import ConfigError


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


WRONG_INPUTS: list[tuple[dict[str, object], str]] = [
    ({"format": "nonsense"}, "nonsense"),
    ({"encoding": "utf-99"}, "utf-99"),
    ({"format": "grok", "patterns": ["%{NONE}"]}, "NONE"),
    ({"format": "dissect", "patterns": ["%{"]}, "%{"),
    ({"multiline": {"pattern": "^(a+)+$"}}, "multiline.pattern"),
    ({"timestamp_format": "%Q%Q"}, "%Q%Q"),
    ({"rules": [{"remove": ["event.id"]}]}, "cannot change event.id"),
]


@pytest.mark.parametrize("command", ["check", "ship", "up"])
@pytest.mark.parametrize(("settings", "named"), WRONG_INPUTS)
def test_what_would_fail_at_the_first_file_is_refused_with_its_input(
    tmp_path: Path, command: str, settings: dict[str, object], named: str
) -> None:
    error = refused(tmp_path, command, inputs=["/a.log", {"path": "/b.log", **settings}])
    assert error.sentence().startswith(f"{tmp_path}/logboom.yaml: inputs[1]: ")
    assert named in error.sentence()
    assert "\n" not in error.sentence()


@pytest.mark.parametrize("command", ["check", "ship", "up"])
def test_rules_for_all_inputs_are_checked_without_any(tmp_path: Path, command: str) -> None:
    error = refused(tmp_path, command, rules=[{"remove": ["event.id"]}])
    assert error.sentence().startswith(f"{tmp_path}/logboom.yaml: rules: ")


def refused(folder: Path, command: str, **settings: object) -> ConfigError:
    path = folder / "logboom.yaml"
    path.write_text(yaml.safe_dump({"data": str(folder / "data"), **settings}))
    done = CliRunner().invoke(make_app(), [command, "-c", str(path)])
    assert isinstance(done.exception, ConfigError), done.exception
    return done.exception
