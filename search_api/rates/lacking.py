"""What do the rates of a time lack, and who says so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from logboom.errors import StateError
from logboom.rollups import Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.state import State
from search_api.rates.rollups import Stretch

_USUAL_US: Final = 2 * Tier.MINUTE.width_us
"""So late the newest minutes are always: nobody needs to be told."""

_DAYS_TOLD: Final = 5


async def told_what_lacks(stretch: Stretch, state: State | None) -> Stretch:
    """A stretch with warnings of what its rows lack.

    Args:
        stretch: Whose rows answer.
        state: Has the marks; None: nobody knows.
    """
    if state is None:
        return stretch
    try:
        found = [
            *await _waiting(stretch, state),
            *await _late(stretch, state),
            *await _lost(stretch, state),
        ]
    except StateError as error:
        found = [f"nobody knows whether minutes wait to be worked out: {error.sentence()}"]
    return replace(stretch, warnings=[*stretch.warnings, *found]) if found else stretch


async def _waiting(stretch: Stretch, state: State) -> list[str]:
    end_us = min(stretch.end_us, stretch.now_us - _USUAL_US)
    minutes = await Marks(state).waiting(stretch.start_us, end_us)
    if not minutes:
        return []
    some = "a minute of this time waits" if minutes == 1 else f"{minutes} minutes of this time wait"
    return [f"{some} to be worked out anew: more events may be found than are counted here"]


async def _late(stretch: Stretch, state: State) -> list[str]:
    days = await GoneDays(state).late(stretch.start_us, stretch.end_us)
    if not days:
        return []
    rule = "each row counts those before or those since, whichever are more"
    dropped = "whose events were dropped or archived before others came"
    return [f"of days {dropped}, {rule}: {_named(days)}"]


async def _lost(stretch: Stretch, state: State) -> list[str]:
    days = await GoneDays(state).lost(stretch.start_us, stretch.end_us)
    if not days:
        return []
    why = "and cannot be worked out anew, since their events were dropped or archived"
    return [f"rates of these days were lost, {why}: {_named(days)}"]


def _named(days: Sequence[date]) -> str:
    return ", ".join(map(str, days[:_DAYS_TOLD])) + (" and others" if days[_DAYS_TOLD:] else "")
