"""`logboom up` as a process: what it has loaded while it supervises, and how it is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest
import yaml

from tests.polling import eventually
from tests.services.process import free_port

_SERVICES = {"api", "process", "ship"}


@contextmanager
def up(folder: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """`logboom up` and its standard error; what is left of it is killed."""
    config = folder / "logboom.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "data": str(folder / "data"),
                "api": {"listen": f"127.0.0.1:{free_port()}"},
                "inputs": [{"path": str(folder / "app.log")}],
            }
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "logboom", "up", "-c", str(config)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    with process:
        try:
            yield process, process.stderr
        finally:
            process.kill()


def services(process: subprocess.Popen[str]) -> set[str]:
    return {child.cmdline()[-1] for child in psutil.Process(process.pid).children()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_soon_as_it_has_told_where_to_search_it_is_stopped_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    with up(tmp_path) as (process, said):
        for line in said:
            if line.startswith("search at "):
                break
        process.send_signal(number)
        left = said.read()
        assert process.wait(60) == 0, left
    assert left.splitlines()[-1] == "stopped; nothing is lost"


def test_while_it_supervises_the_command_line_and_the_configuration_are_not_loaded(
    tmp_path: Path,
) -> None:
    with up(tmp_path) as (process, said):
        eventually(lambda: services(process) == _SERVICES, timeout_s=60, what="all services run")
        loaded = Path(f"/proc/{process.pid}/maps").read_text()
        process.terminate()
        assert process.wait(60) == 0, said.read()
    assert [name for name in ("pydantic", "_yaml", "tantivy") if name in loaded] == []
    assert "uvloop" in loaded  # so names of what is loaded are there


def test_it_is_the_same_process_all_the_time_with_its_command_line(tmp_path: Path) -> None:
    with up(tmp_path) as (process, said):
        eventually(lambda: services(process) == _SERVICES, timeout_s=60, what="all services run")
        words = psutil.Process(process.pid).cmdline()
        process.terminate()
        assert process.wait(60) == 0, said.read()
    assert words[-3:] == ["up", "-c", str(tmp_path / "logboom.yaml")]
