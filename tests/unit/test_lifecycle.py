"""How does a service begin and end?"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logboom import lifecycle
from logboom.lifecycle import SUPERVISOR, end, last_words, stop_event, supervisor_in

_ALLOCATING = """
import asyncio, ctypes, sys, threading
from logboom.lifecycle import run_service

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
all_are_here = threading.Barrier(5)

def allocate() -> None:
    all_are_here.wait()
    libc.malloc(1000)
    all_are_here.wait()

async def main() -> None:
    await asyncio.gather(*(asyncio.to_thread(allocate) for _ in range(5)))
    file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)

sys.exit(run_service("test", main()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="arenas are glibc's")
def test_threads_share_what_the_c_library_keeps(tmp_path: Path) -> None:
    told = tmp_path / "malloc.xml"
    subprocess.run([sys.executable, "-c", _ALLOCATING, str(told)], check=True, timeout=60)
    assert 1 <= told.read_text().count("<heap nr=") <= 2


async def test_a_service_whose_supervisor_is_gone_before_it_looks_ends() -> None:
    assert stop_event(supervisor=os.getpid()).is_set(), "our parent is another one"
    assert not stop_event(supervisor=os.getppid()).is_set()
    assert not stop_event(supervisor=None).is_set()
    assert [supervisor_in({}), supervisor_in({SUPERVISOR: "12"})] == [None, 12]
    for number in (signal.SIGTERM, signal.SIGINT):  # a loop that is closed with them hears others
        asyncio.get_running_loop().remove_signal_handler(number)


async def for_ever() -> bool:
    return await asyncio.Event().wait()


async def test_what_waits_for_a_service_that_is_away_is_given_little_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "_AWAY_S", 0.0)
    stuck: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(3600))
    async with asyncio.timeout(60):
        assert not await end(stuck, patience_s=3600, waits=lambda: True)
    assert stuck.cancelled()
    working = asyncio.create_task(asyncio.sleep(0.2))
    assert await end(working, patience_s=3600, waits=lambda: False)


async def test_a_short_trouble_late_in_the_stop_does_not_cut_it_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "_AWAY_S", 0.15)
    written = asyncio.Event()
    troubles = iter([False] * 3 + [True] + [False] * 3)

    def waits() -> bool:
        trouble = next(troubles, None)
        if trouble is None:
            written.set()
        return bool(trouble)

    async def last_write() -> None:
        await written.wait()

    assert await end(asyncio.create_task(last_write()), patience_s=3600, waits=waits)


async def test_nobody_has_to_hear_the_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_LAST_WORDS_S", 0.0)
    async with asyncio.timeout(60):
        await last_words(for_ever())
