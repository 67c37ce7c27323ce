"""Is memory that nobody needs given back?"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading

from logboom.memory import at_hand, give_back, trim_of_c_library
from tests.polling import soon


async def test_memory_is_given_back_beside_the_work_again_and_again() -> None:
    threads: list[int] = []

    def trim(kept: int) -> int:
        assert kept == 0
        threads.append(threading.get_ident())
        return 1

    collected: list[str] = []

    def note(phase: str, _details: dict[str, int]) -> None:
        collected.append(phase)

    async def is_done() -> bool:
        return len(threads) > 2

    gc.disable()
    gc.callbacks.append(note)
    giving = asyncio.create_task(give_back(0.001, trim))
    try:
        await soon(is_done, timeout_s=20, what="memory is given back three times")
        assert not giving.done()
        assert threading.get_ident() not in threads
        assert collected == []
    finally:
        gc.callbacks.remove(note)
        gc.enable()
        giving.cancel()


def test_the_c_library_says_whether_it_gave_any() -> None:
    trim = trim_of_c_library()
    assert trim is None or trim(0) in {0, 1}


async def test_a_c_library_that_cannot_is_left_alone() -> None:
    await give_back(0.001, None)


def test_only_processors_keep_more_at_hand() -> None:
    assert "tcache_count" in at_hand("process")["GLIBC_TUNABLES"]
    assert [dict(at_hand(name)) for name in ("ship", "api")] == [{}, {}]


_FREED_AMONG_WHAT_STAYS = """
from pathlib import Path

from logboom.memory import give_large_back

def resident_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

give_large_back()
stays = []
before = resident_kb()
for _ in range(3):
    large = []
    for number in range(10):
        large.append(b"x" * (3_000_000 + number))
        stays.append(b"x" * (3_000 + number))
    del large
print(resident_kb() - before)
"""


def test_large_pieces_are_given_back_though_small_ones_between_them_stay() -> None:
    command = (sys.executable, "-c", _FREED_AMONG_WHAT_STAYS)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(told) < 5_000
