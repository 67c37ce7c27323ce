"""What becomes of what a rule fires that is gone, or means something else now?"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from search_api.alerts.alert import Alert, AlertState, episode_of
from search_api.alerts.keeping import ALERT_BYTES, Book, details, write_details
from search_api.alerts.states import Key, RuleState, SeriesState

log = logging.getLogger("logboom.alerts")


GONE: Final = "the rule is gone"
CHANGED: Final = "the rule was changed"


async def end_all(book: Book, rule_id: str, now: datetime, reason: str = GONE) -> bool:
    """Ends what a rule fires, as much as its record has room for; what is left is for the next time.

    So is all of it when somebody else has written the record meanwhile. The alerts are those that were
    told, whatever the rule says now.

    Args:
        book: Has the rule's record.
        rule_id: Of a rule.
        now: When it ends.
        reason: Why, for those who are told.

    Returns:
        True when nothing is left.

    Raises:
        StateError: It may or may not be kept.
    """
    kept, known = book.kept[rule_id], await details(book.state, prefix=f"{rule_id}#")
    room = kept.room(ALERT_BYTES)
    while True:
        state, ended = closed(rule_id, kept.state, known, now, reason, room)
        after = book.decided(kept, state, ended)
        if after.fits:
            break
        if not room:
            log.warning("%s: the record has no room for what ends: %s", rule_id, reason)
            return False
        room = min(room, len(ended)) // 2
    if state != kept.state:
        await write_details(book.state, ended)
        if await book.write({rule_id: after}):
            return False
    return not state.series


def closed(
    rule_id: str, state: RuleState, known: Iterable[Alert], now: datetime, reason: str, room: int
) -> tuple[RuleState, list[Alert]]:
    """What is left of a rule, and what has resolved.

    Args:
        rule_id: Of the rule.
        state: What is remembered of it.
        known: Its alerts as they were told.
        now: When they end.
        reason: Why.
        room: So many at most.
    """
    told = {alert.episode: alert for alert in known}  # resolved, where the record was not written
    ended: list[Alert] = []
    left: dict[Key, SeriesState] = {}
    for key, series in state.series.items():
        if series.fired_us is None:
            continue
        alert = told.get(episode_of(rule_id, key.text, series.fired_us))
        if alert is None:
            log.warning("%s: of %s it is not known what was told: %s", rule_id, key.text, reason)
        elif len(ended) < room:
            ends_at = alert.ends_at or now
            told_why = {**alert.annotations, "resolved": reason}
            ended.append(
                replace(
                    alert, state=AlertState.RESOLVED, ends_at=ends_at, samples=(),
                    annotations=told_why,
                )
            )  # fmt: skip
        else:
            left[key] = series
    return RuleState(state.rule, series=left), ended
