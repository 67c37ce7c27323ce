"""A data folder belongs to one `logboom up`, and to services of an earlier one until they have ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.errors import AlreadyRunning
from logboom.lifecycle import SUPERVISOR
from logboom.supervising.folder import take_folder


@contextmanager
def holder(lock: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that keeps the folder until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE, pass_fds=(lock,), env=environment,
    )  # fmt: skip
    with process:
        os.close(lock)
        yield process


async def test_services_that_are_left_are_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    lock = await take_folder(tmp_path, SystemClock(), said.append)
    with holder(lock, {SUPERVISOR: "1"}) as left:

        def told(sentence: str) -> None:
            said.append(sentence)
            left.communicate()

        os.close(await take_folder(tmp_path, SystemClock(), told))
    assert said == [f"waiting for services of an earlier `logboom up` to end: process {left.pid}"]


async def test_services_that_do_not_end_are_named_and_how_to_end_them(tmp_path: Path) -> None:
    lock = await take_folder(tmp_path, SystemClock(), print)
    with holder(lock, {SUPERVISOR: "1"}) as left, pytest.raises(AlreadyRunning) as refusal:
        await take_folder(tmp_path, SystemClock(), print, patience_s=0.0)
    assert refusal.value.what.endswith(f"still use this data folder: process {left.pid}")
    assert f"end them (kill {left.pid})" in str(refusal.value)


async def test_another_supervisor_is_not_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    lock = await take_folder(tmp_path, SystemClock(), said.append)
    with holder(lock, {}) as other, pytest.raises(AlreadyRunning) as refusal:
        await take_folder(tmp_path, SystemClock(), said.append)
    assert refusal.value.what.endswith(f"uses this data folder: process {other.pid}")
    assert said == []
