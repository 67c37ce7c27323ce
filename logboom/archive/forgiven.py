"""Which days were deleted on purpose by other means than ours? The ledger leaves them out.

The events of a day that we remove are remembered. Of one that somebody else has deleted nothing is
known, so the ledger is red for it until somebody says that it was meant so.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from logboom.rollups.gone_days import GoneDays
from logboom.state import State

_KIND: Final = "days-forgiven"
_PAGE: Final = 1_000


async def forgive(state: State, day: date) -> None:
    """Remembers that a day was deleted on purpose. Idempotent.

    Raises:
        StateUnavailable: Say it again.
    """
    if await state.get(_KIND, day.isoformat()) is None:
        await GoneDays(state).note(day)
        await state.put(_KIND, day.isoformat(), {})


async def take_back(state: State, day: date) -> None:
    """The ledger is to count a day again. Idempotent.

    Raises:
        StateUnavailable: Say it again.
    """
    if await state.get(_KIND, day.isoformat()) is not None:
        await state.delete(_KIND, day.isoformat())


async def forgiven_days(state: State) -> list[date]:
    """The days that the ledger leaves out, ascending.

    Raises:
        StateUnavailable: Ask again later.
    """
    found: list[date] = []
    after = ""
    while records := await state.list(_KIND, after=after, limit=_PAGE):
        found += [date.fromisoformat(record.key) for record in records]
        after = records[-1].key
    return found
