"""How does an event loop read texts, a few of which take long?

Words of other languages than English and Korean take a third of a second the first time, and
milliseconds each time after. Whoever shares the loop does not wait for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

_Read = TypeVar("_Read")

_IS_ON_LOOP: ContextVar[bool] = ContextVar("is_on_loop", default=False)
_THREAD = ThreadPoolExecutor(1, "words")
"""One, because the library behind it says nothing of threads. It begins with its first text."""


class TakesLong(Exception):
    """What is read on an event loop is to be read in a thread instead."""


def about_to_take_long() -> None:
    """Told by what reads before it takes long.

    Raises:
        TakesLong: It is read on an event loop.
    """
    if _IS_ON_LOOP.get():
        raise TakesLong


async def read_aside(read: Callable[[], _Read]) -> _Read:
    """What `read` returns: it is called at once, and where it takes long anew in a thread.

    Args:
        read: Parses something, and has no other effect. Its errors are raised.
    """
    token = _IS_ON_LOOP.set(True)
    try:
        return read()
    except TakesLong:
        pass
    finally:
        _IS_ON_LOOP.reset(token)
    return await asyncio.get_running_loop().run_in_executor(_THREAD, read)
