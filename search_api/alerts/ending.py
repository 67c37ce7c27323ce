"""What becomes of what a rule fires that is gone?"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from search_api.alerts.alert import Alert, AlertState, episode_of
from search_api.alerts.keeping import ALERT_BYTES, Book, details, write_details
from search_api.alerts.states import Key, RuleState, SeriesState

log = logging.getLogger("logboom.alerts")


async def end_all(book: Book, rule_id: str, now: datetime) -> None:
    """Ends what a rule fires, as much as its record has room for; what is left is for the next time.

    So is all of it when somebody else has written the record meanwhile.

    Args:
        book: Has the rule's record.
        rule_id: Of a rule that is gone.
        now: When it ends.

    Raises:
        StateError: It may or may not be kept.
    """
    kept, known = book.kept[rule_id], await details(book.state, prefix=f"{rule_id}#")
    room = kept.room(ALERT_BYTES)
    while True:
        state, ended = closed(rule_id, kept.state, known, now, room)
        after = book.decided(kept, state, ended)
        if after.fits:
            break
        if not room:
            log.warning("%s is gone, and its record has no room for what ends", rule_id)
            return
        room = min(room, len(ended)) // 2
    if state != kept.state:
        await write_details(book.state, ended)
        await book.write({rule_id: after})


def closed(
    rule_id: str, state: RuleState, known: Iterable[Alert], now: datetime, room: int
) -> tuple[RuleState, list[Alert]]:
    """What is left of a rule, and what has resolved.

    Args:
        rule_id: Of the rule.
        state: What is remembered of it.
        known: Its alerts as they were told.
        now: When they end.
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
            log.warning("%s is gone, and of %s it is not known what was told", rule_id, key.text)
        elif len(ended) < room:
            ends_at = alert.ends_at or now
            ended.append(replace(alert, state=AlertState.RESOLVED, ends_at=ends_at, samples=()))
        else:
            left[key] = series
    return RuleState(state.rule, series=left), ended
