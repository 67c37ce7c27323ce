"""Who of several processes does what only one should do now?

A lease spares double work; what is done under one must bear to be done twice, since clocks differ and
processes pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from logboom.clock import Clock
from logboom.errors import StateConflict, StateError
from logboom.state.port import State

EMBEDDED = "embedded"
"""Holder of an embedded store's leases where one process at a time has the store's own lock."""

_KIND = "leases"
_FOR_S = 60.0
_RENEWALS = 4
"""So often it is renewed within the time that it holds."""


async def is_held(state: State, name: str, clock: Clock) -> bool:
    """True while somebody has a lease.

    Raises:
        StateError: It cannot be found out.
    """
    found = await state.get(_KIND, name)
    return found is not None and bool(found.value["until_ns"] > clock.now_ns())


class Lease:
    """A right that one holder has at a time, until it gives it back or is silent for too long.

    Args:
        state: Where all who may want it see it.
        name: Of the right.
        holder: Unique among all who may want it; whoever comes back under its name has it still.
        clock: For its end; the clocks of all holders should agree within seconds.
        for_s: How long its holder may be silent.
    """

    def __init__(
        self, state: State, name: str, holder: str, clock: Clock, *, for_s: float = _FOR_S
    ) -> None:
        self._state = state
        self._name = name
        self._holder = holder
        self._clock = clock
        self._for_s = for_s
        self._renewed_each_s = for_s / _RENEWALS
        self._ours_until_s = clock.monotonic()

    @property
    def left_s(self) -> float:
        """For so long it is surely ours, by a clock that nobody sets; 0 when it is not."""
        return max(0.0, self._ours_until_s - self._clock.monotonic())

    async def take(self, *, over: bool = False) -> bool:
        """Takes it, or goes on with it; False while somebody else has it.

        Args:
            over: Take it over at once: whoever has it has ended.

        Raises:
            StateError: It cannot be found out.
        """
        if self.left_s > self._for_s - self._renewed_each_s:
            return True
        begun_s, now_ns = self._clock.monotonic(), self._clock.now_ns()
        held = await self._state.get(_KIND, self._name)
        is_free = over or held is None or self._is_over(held.value["until_ns"], now_ns)
        if held is not None and not is_free and held.value["holder"] != self._holder:
            return False
        until_ns = now_ns + int(self._for_s * 1e9)
        value = {"holder": self._holder, "until_ns": until_ns}
        expected = None if held is None else held.version
        try:
            await self._state.put(_KIND, self._name, value, expected=expected)
        except StateConflict:
            return False
        self._ours_until_s = begun_s + self._for_s
        return self.left_s > 0

    def _is_over(self, until_ns: int, now_ns: int) -> bool:
        """Also where a clock was wrong that far ahead: nobody would have it for days."""
        return until_ns <= now_ns or until_ns > now_ns + int(2 * self._for_s * 1e9)

    async def give_back(self) -> None:
        """Lets another one take it at once; nothing when it is not ours.

        Raises:
            StateError: It ends by itself.
        """
        self._ours_until_s = self._clock.monotonic()
        held = await self._state.get(_KIND, self._name)
        if held is not None and held.value["holder"] == self._holder:
            with suppress(StateConflict):  # it is somebody else's by now
                await self._state.delete(_KIND, self._name, expected=held.version)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Tries to take it, and goes on with it meanwhile; False when somebody else has it.

        Raises:
            StateError: It cannot be found out.
        """
        if not await self.take():
            yield False
            return
        renewing = asyncio.create_task(self._renew())
        try:
            yield True
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await self.give_back()

    async def _renew(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._renewed_each_s)
            with suppress(StateError):  # a state that does not answer answers nobody else, too
                await self.take()
