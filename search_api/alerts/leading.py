"""Who of several replicas decides and sends?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from logboom.clock import Clock
from logboom.errors import StateError
from logboom.state import State
from logboom.state.lease import Lease
from search_api.alerts.seat import Seat

log = logging.getLogger("logboom.alerts")

NAME: Final = "alerts"
_LOOKED_EACH_S: Final = 2.0
_SILENT_S: Final = 15.0
"""Who has not been heard of for so long has lost the lease."""


async def lead(
    state: State, clock: Clock, holder: str, work: Callable[[], Awaitable[None]], *,
    seat: Seat | None = None, each_s: float = _LOOKED_EACH_S,
) -> None:  # fmt: skip
    """Does work for as long as the lease is ours, and waits for it otherwise; until cancelled.

    Work that is cancelled since the lease is lost may be done by two for a moment: what it writes must
    be compared with what it read.

    Args:
        state: Has the lease.
        clock: For its end.
        holder: Our name, unlike those of all other replicas.
        work: Runs until it is cancelled.
        seat: Where all who may lead are on one machine. Who leads has it, so that whoever gets it takes
            the lease over at once; one that hangs keeps it, and loses the lease all the same.
        each_s: The lease is looked at so often.
    """
    lease = Lease(state, NAME, holder, clock, for_s=_SILENT_S)
    working: asyncio.Task[None] | None = None
    try:
        while True:
            sits = seat is not None and seat.take()
            is_ours = await _is_ours(lease, has_it=working is not None, sits=sits)
            if is_ours and working is None:
                log.info("alerts are decided here")
                working = asyncio.ensure_future(work())
            elif not is_ours and working is not None:
                log.info("alerts are decided elsewhere")
                await _end(working)
                working = None
                if seat is not None:  # and time for whoever leads to take it
                    seat.leave()
                    await asyncio.sleep(each_s)
            if working is not None:
                await asyncio.wait([working], timeout=min(each_s, lease.left_s))
                if working.done():
                    await working  # which tells why it ended
                    working = None
            else:
                await asyncio.sleep(each_s)
    finally:
        if working is not None:
            await _end(working)
            with suppress(StateError):  # it ends by itself
                await lease.give_back()
        if seat is not None:
            seat.leave()


async def _is_ours(lease: Lease, *, has_it: bool, sits: bool) -> bool:
    """Whether it is ours; while the state is away, until the time that was agreed on is over."""
    try:
        async with asyncio.timeout(lease.left_s if has_it else None):
            return await lease.take(over=sits and not has_it)
    except StateError:
        return has_it and lease.left_s > 0
    except TimeoutError:
        return False


async def _end(working: asyncio.Task[None]) -> None:
    working.cancel()
    await asyncio.wait([working])
    if not working.cancelled() and working.exception() is not None:
        log.error("deciding alerts ended with an error", exc_info=working.exception())
