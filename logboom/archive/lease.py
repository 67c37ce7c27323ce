"""Who of several processes works on the days now?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from logboom.clock import Clock
from logboom.errors import StateConflict, StateError
from logboom.state import Record, State

_KIND = "lease"
_FOR_S = 60.0
_RENEWED_EACH_S = 15.0


EMBEDDED = "embedded"
"""Holder of an embedded store's leases: one process at a time has the store's own lock."""


async def is_held(state: State, name: str, clock: Clock) -> bool:
    """True while somebody has a lease.

    Raises:
        StateError: It cannot be found out.
    """
    found = await state.get(_KIND, name)
    return found is not None and _is_held(found, clock.now_ns())


def _is_held(record: Record, now_ns: int) -> bool:
    until_ns: int = record.value["until_ns"]
    return until_ns > now_ns


class Lease:
    """A right that one holder has at a time, until it gives it back or is silent for a minute.

    Args:
        state: Where it is kept.
        name: Of the right.
        holder: Unique among all who may want it; whoever comes back under its name has it still.
        clock: For its end; the clocks of all holders should agree within seconds.
    """

    def __init__(self, state: State, name: str, holder: str, clock: Clock) -> None:
        self._state = state
        self._name = name
        self._holder = holder
        self._clock = clock

    @asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Tries to take it, and holds it meanwhile; False when somebody else has it.

        Raises:
            StateError: It cannot be found out.
        """
        record = await self._take()
        if record is None:
            yield False
            return
        renewing = asyncio.create_task(self._renew(record))
        try:
            yield True
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await self._give_back()

    async def _take(self) -> Record | None:
        found = await self._state.get(_KIND, self._name)
        now_ns = self._clock.now_ns()
        if found is not None and _is_held(found, now_ns) and found.value["holder"] != self._holder:
            return None
        expected = None if found is None else found.version
        try:
            return await self._state.put(_KIND, self._name, self._value(), expected=expected)
        except StateConflict:
            return None

    async def _renew(self, record: Record) -> None:
        """Until it is cancelled.

        When somebody else has it meanwhile, what is done is done twice, which every act on days bears.
        """
        while True:
            await asyncio.sleep(_RENEWED_EACH_S)
            with suppress(StateError):  # a state that does not answer answers nobody else, too
                value = self._value()
                record = await self._state.put(_KIND, self._name, value, expected=record.version)

    async def _give_back(self) -> None:
        found = await self._state.get(_KIND, self._name)
        if found is not None and found.value["holder"] == self._holder:
            with suppress(StateConflict):
                await self._state.delete(_KIND, self._name, expected=found.version)

    def _value(self) -> dict[str, object]:
        until_ns = self._clock.now_ns() + int(_FOR_S * 1e9)
        return {"holder": self._holder, "until_ns": until_ns}
