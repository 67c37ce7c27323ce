"""How do blocking objects work for the event loop? Each in one thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from logboom.errors import LogboomError

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


class OwnThread(Generic[_Thing]):
    """One thread that makes one object at its first use, and alone works with it.

    Args:
        name: Of the thread.
        make: Makes the object. When it fails, the next use tries again.
        unmake: Lets go of it at the end.
        closed: Raised for what is asked for later.
    """

    def __init__(
        self, name: str, make: Callable[[], _Thing], unmake: Callable[[_Thing], None],
        *, closed: type[LogboomError],
    ) -> None:  # fmt: skip
        self._name = name
        self._make = make
        self._unmake = unmake
        self._thing: _Thing | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._closed = False
        self._when_closed = closed

    def do(self, act: Callable[[_Thing], _Result]) -> asyncio.Future[_Result]:
        """Calls `act` in the thread, behind everything that was asked for before.

        Raises:
            LogboomError: It is closed.
        """
        if self._closed:
            raise self._when_closed("is closed", where=self._name)
        return asyncio.get_running_loop().run_in_executor(self._pool, self._act, act)

    def _act(self, act: Callable[[_Thing], _Result]) -> _Result:
        if self._thing is None:
            self._thing = self._make()
        return act(self._thing)

    async def close(self) -> None:
        """Waits for what was asked for, and lets go of the object. Idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._end)
        finally:
            self._pool.shutdown(wait=False)

    def _end(self) -> None:
        thing, self._thing = self._thing, None
        if thing is not None:
            self._unmake(thing)


async def to_the_end(act: Callable[[], _Result]) -> _Result:
    """Calls `act` in a thread, and returns or is cancelled only when that has ended.

    What such a thread writes is never written behind the back of those who come after it.
    """
    working = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        working.exception()  # who asked does not wait for it any more
        raise
