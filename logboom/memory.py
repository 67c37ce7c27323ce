"""How does a process that runs for months give back what it does not need any more?

The C library keeps what was freed between two things that are still there. Only the processor makes
up for that: as long as it runs it frees thousands of small texts, batch after batch, beside what
stays, such as rates and known errors. What the shipper reads and the API answers are pieces that go
as a whole.

Rings are not looked for: batches have none, and a look at all objects holds everything else up.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

EVERY_S = 10.0

Trim = Callable[[int], int]
"""malloc_trim(3) of glibc."""


def trim_of_c_library() -> Trim | None:
    """The C library's way to give back memory; None where there is none, as on macOS."""
    trim: Trim | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


async def give_back(every_s: float, trim: Trim | None) -> None:
    """Gives memory back to the system again and again, until it is cancelled.

    Args:
        every_s: So often.
        trim: Does it, in another thread; without one there is nothing to do.
    """
    while trim is not None:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(trim, 0)
