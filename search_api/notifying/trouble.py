"""Which receivers fail for so long that the others are told?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.group import digest_of
from search_api.notifying.joining import RECEIVER_FAILING, Groups
from search_api.notifying.lane import Health

FAILING_FOR: Final = timedelta(minutes=10)
FORGIVEN_AFTER: Final = timedelta(hours=1)
_RULE: Final = "logboom/receivers"


def receiver_alerts(healths: Mapping[str, Health], groups: Groups, now: datetime) -> list[Alert]:
    """Alerts about receivers that have begun to fail for long, or take messages again.

    Args:
        healths: Of each receiver, by name.
        groups: Know the alerts that fire already.
        now: The time.
    """
    firing = {
        member.alert.labels.get("receiver", ""): member.alert
        for group in groups.values()
        for member in group.members.values()
        if member.fires and member.alert.rule == _RULE
    }
    alerts = []
    for name, health in healths.items():
        is_bad = _is_bad(health, now)
        if is_bad and name not in firing:
            alerts.append(_alert(name, health, now))
        if not is_bad and name in firing and not _may_fail_still(health, now):
            alerts.append(replace(firing[name], state=AlertState.RESOLVED, ends_at=now))
    gone = firing.keys() - healths.keys()
    alerts += [replace(firing[name], state=AlertState.RESOLVED, ends_at=now) for name in gone]
    return alerts


def _is_bad(health: Health, now: datetime) -> bool:
    if health.failing_since is None or health.failed_at is None:
        return False
    if now - health.failed_at > FORGIVEN_AFTER:
        return False
    return health.lost or now - health.failing_since >= FAILING_FOR


def _may_fail_still(health: Health, now: datetime) -> bool:
    """After a restart a receiver seems well until it was tried; what fired goes on till then."""
    return not health.is_tried and now - health.known_at <= FORGIVEN_AFTER


def _alert(name: str, health: Health, now: datetime) -> Alert:
    since = health.failing_since or now
    return Alert(
        labels={"alertname": RECEIVER_FAILING, "receiver": name, "severity": "high"},
        annotations={
            "summary": f"The receiver {name} cannot be told of alerts: {health.detail}",
            "description": "Its messages are in /api/v1/deliveries.",
        },
        episode=digest_of([_RULE, name, since.isoformat(), now.isoformat()])[:24],
        state=AlertState.FIRING,
        starts_at=since,
        ends_at=None,
        value=None,
        condition=f"it has taken no message for {FAILING_FOR.seconds // 60} minutes, or lost one",
        query="",
        window=(since, now),
        samples=(),
        error_group=None,
        rule=_RULE,
    )
