"""How many messages were told, failed, are repeated and wait, by receiver?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from logboom.telemetry_alerts import ReceiverFigures
from search_api.notifying.group import Group
from search_api.notifying.lane import Lane
from search_api.notifying.outcomes import FAILED


def figures_of(
    lanes: Mapping[str, Lane],
    groups: Iterable[Group],
    settled: Collection[str],
    now: datetime,
    gone: Mapping[str, int],
) -> Mapping[str, ReceiverFigures]:
    """How it goes with telling each receiver.

    Args:
        lanes: Of the receivers, by name.
        groups: Have the messages that wait.
        settled: Keys of messages in them whose fate is known.
        now: The time.
        gone: How many messages were given up of receivers that are not configured any more.
    """
    waiting: dict[str, list[datetime]] = {name: [] for name in lanes}
    for group in groups:
        for one in group.pending:
            if one.receiver in waiting and one.key not in settled:
                waiting[one.receiver].append(one.decided_at)
    figures = {
        name: ReceiverFigures(messages={FAILED: count}, retries=0, pending=0, oldest_s=0.0)
        for name, count in gone.items()
    }
    return figures | {
        name: ReceiverFigures(
            messages=dict(lane.messages), retries=lane.retries, pending=len(waiting[name]),
            oldest_s=max(0.0, (now - min(waiting[name], default=now)).total_seconds()),
        )
        for name, lane in lanes.items()
    }  # fmt: skip
