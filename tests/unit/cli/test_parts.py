"""A command loads only the module that has it, and that module has it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from logboom.cli.app import PARTS, make_app


@pytest.mark.parametrize("part", PARTS)
def test_each_module_has_the_commands_that_are_said(part: str) -> None:
    alone = typer.main.get_command(make_app([PARTS[part][0]]))
    assert list(getattr(alone, "commands")) == list(PARTS[part])  # noqa: B009 - vendored type


def test_without_a_command_all_are_there() -> None:
    every = typer.main.get_command(make_app(["--help"]))
    assert set(getattr(every, "commands")) == {  # noqa: B009 - vendored type
        command for commands in PARTS.values() for command in commands
    }


def test_a_mistyped_command_is_mended() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "logboom", "alert"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Did you mean 'alerts'" in done.stderr


def test_a_service_loads_no_other_commands() -> None:
    code = (
        "import sys; from logboom.cli.app import make_app; make_app(['ship']);"
        "print(*sorted(m for m in sys.modules if m.startswith('logboom.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "logboom.cli.service" in done.stdout
    assert "logboom.cli.alerts" not in done.stdout
