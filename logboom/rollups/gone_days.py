"""Of which days may the rates lack what came late, since the events that they were made of are gone?

Rows of a day that was dropped or archived are never worked out anew to less. An event that comes after
that is stored in a new index of the day; a row of it counts only where there is none with more events.
So such days are remembered, and whoever reads their rates is told; also when the rows themselves are
lost, which nobody can work out anew.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from logboom.state import Record, State

_KIND: Final = "rollups-gone-days"
_PAGE: Final = 5_000


class GoneDays:
    """The days whose events have left the store.

    Args:
        state: Keeps them.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def note(self, day: date) -> None:
        """Remembers that a day's events are gone. Idempotent.

        Raises:
            StateUnavailable: Note it again.
        """
        if await self._state.get(_KIND, day.isoformat()) is None:
            await self._state.put(_KIND, day.isoformat(), {"late": False})

    async def note_late(self, day: date) -> None:
        """Remembers that something was to be worked out of such a day. Nothing for other days.

        Raises:
            StateUnavailable: Note it again.
        """
        known = await self._state.get(_KIND, day.isoformat())
        if known is not None and not known.value["late"]:
            await self._state.put(_KIND, day.isoformat(), {**known.value, "late": True})

    async def note_lost(self, start_us: int, end_us: int) -> list[date]:
        """Remembers that rows of a stretch of time are lost.

        Args:
            start_us: Included, µs since the epoch.
            end_us: Excluded.

        Returns:
            Those days of it, ascending, of which nothing can be worked out anew.

        Raises:
            StateUnavailable: Note it again.
        """
        lost = [one for one in await self._records(start_us, end_us) if not one.value.get("lost")]
        for one in lost:
            await self._state.put(_KIND, one.key, {**one.value, "lost": True})
        return [date.fromisoformat(one.key) for one in lost]

    async def forget(self, day: date) -> None:
        """A day's events are back. Idempotent.

        Raises:
            StateUnavailable: Forget it again.
        """
        if await self._state.get(_KIND, day.isoformat()) is not None:
            await self._state.delete(_KIND, day.isoformat())

    async def late(self, start_us: int, end_us: int) -> list[date]:
        """The days of a stretch of time that may lack what came late, ascending.

        Args:
            start_us: Included, µs since the epoch.
            end_us: Excluded.

        Raises:
            StateUnavailable: Ask again later.
        """
        found = await self._records(start_us, end_us)
        return [date.fromisoformat(one.key) for one in found if one.value["late"]]

    async def lost(self, start_us: int, end_us: int) -> list[date]:
        """The days of a stretch of time whose rows were lost, ascending; otherwise as `late`."""
        found = await self._records(start_us, end_us)
        return [date.fromisoformat(one.key) for one in found if one.value.get("lost")]

    async def _records(self, start_us: int, end_us: int) -> list[Record]:
        first, last = f"{_day_of(start_us)}", f"{_day_of(end_us - 1)}"
        records = await self._state.list(_KIND, after=first[:-1], limit=_PAGE)
        return [one for one in records if first <= one.key <= last]


def _day_of(time_us: int) -> date:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).date()
