"""Which of several processors rolls up? One at a time; a second one would do no harm, but twice the work."""

from __future__ import annotations

from logboom.clock import Clock
from logboom.errors import StateConflict
from logboom.state import State

_KIND, _KEY = "leases", "rollups"
_LEASE_NS = 30_000_000_000


class Lease:
    """The right to roll up for a while.

    Args:
        state: Where all processors see it.
        holder: Who we are: nobody else's name.
        clock: For its end. Clocks that differ cost double work at worst.
    """

    def __init__(self, state: State, holder: str, clock: Clock) -> None:
        self._state = state
        self._holder = holder
        self._clock = clock
        self._ours_until_ns = 0

    async def take(self) -> bool:
        """Takes it, or goes on with it; False while somebody else has it.

        Raises:
            StateUnavailable: Ask again later.
        """
        now_ns = self._clock.now_ns()
        if now_ns < self._ours_until_ns - _LEASE_NS // 2:
            return True
        held = await self._state.get(_KIND, _KEY)
        is_free = held is None or held.value["until_ns"] <= now_ns
        if held is not None and not is_free and held.value["holder"] != self._holder:
            return False
        until_ns = now_ns + _LEASE_NS
        value = {"holder": self._holder, "until_ns": until_ns}
        try:
            expected = None if held is None else held.version
            await self._state.put(_KIND, _KEY, value, expected=expected)
        except StateConflict:
            return False
        self._ours_until_ns = until_ns
        return True

    async def give_back(self) -> None:
        """Lets another one take it at once; nothing when it is not ours.

        Raises:
            StateUnavailable: It ends by itself.
        """
        self._ours_until_ns = 0
        held = await self._state.get(_KIND, _KEY)
        if held is not None and held.value["holder"] == self._holder:
            try:
                await self._state.delete(_KIND, _KEY, expected=held.version)
            except StateConflict:
                return  # it is somebody else's by now
