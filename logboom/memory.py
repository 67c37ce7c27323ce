"""How does a process that runs for months give back what it does not need any more?

The C library keeps what was freed between two things that are still there, and Python's collector of
rings runs seldom in our services (`logboom.lifecycle`). Both are cheap to make up for now and then.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc

EVERY_S = 10.0


async def give_back(every_s: float = EVERY_S) -> None:
    """Gives memory back to the system again and again, until it is cancelled.

    Source: malloc_trim(3) of glibc; where there is none, only rings are collected.

    Args:
        every_s: So often.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while True:
        await asyncio.sleep(every_s)
        gc.collect()
        if trim is not None:
            await asyncio.to_thread(trim, 0)
