"""How does the C library keep memory that was freed, and when does a process give it back?

All services share what their threads have freed; processors of `logboom up` keep more small pieces at hand,
and none of the large ones while they write an index of their own.
What was freed between two things that are still there is kept. The shipper and the processor make up for
that: as long as they run they free thousands of small texts, batch after batch, beside what stays, such
as sources, rates and known errors. What the API answers are pieces that go as a whole.

Rings are not looked for: batches have none, and a look at all objects holds everything else up.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_AT_HAND: Final[Mapping[str, str]] = MappingProxyType(
    {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=512"}
)

EVERY_S = 5.0
"""A look at what was freed takes milliseconds, and what is wanted again some more."""
_M_ARENA_MAX = -8
_MOST_ARENAS = 2
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 2**20

Trim = Callable[[int], int]
"""malloc_trim(3) of glibc."""


def at_hand(service: str) -> Mapping[str, str]:
    """What the environment of a service's process says about memory; it is read when one starts.

    Of what tantivy frees, glibc keeps more at hand in a processor, and indexing takes a tenth less CPU.
    Others would only keep more for good: a shipper of ten million events a hundred megabytes.

    Args:
        service: The command that runs it, such as "process".
    """
    return _AT_HAND if service == "process" else {}


def share_arenas() -> None:
    """Lets threads share what the C library keeps of freed memory.

    Otherwise each of up to eight threads a core keeps its own, and large buffers that wander from
    thread to thread leave holes in all of them. Source: mallopt(3) of glibc; other C libraries do not
    know it.
    """
    _set(_M_ARENA_MAX, _MOST_ARENAS)


def give_large_back() -> None:
    """Large pieces that are freed go back at once.

    Otherwise each of them lets the C library keep the next ones of its size, up to 32 MiB: a hundred
    megabytes where an index is written, for a tenth of the CPU. Source: as above.
    """
    _set(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _set(parameter: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(parameter, value)


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
