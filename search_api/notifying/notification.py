"""What crosses to receivers, and what do they answer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from logboom.matching import equal_to
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.group import Delivery, Group
from search_api.notifying.plan import TIMINGS, severity_of

_OWN: Final = "logboom/"
"""Rules that watch over the rules, the receivers and the pipeline."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that messages name.

    Attributes:
        base: Where people reach the API and the page, without a slash at its end.
    """

    base: str

    def search(self, alert: Alert) -> str:
        """Reopens the search that an alert is about; of our own alerts the health, which says more."""
        if not alert.query or alert.rule.startswith(_OWN):
            return f"{self.base}/api/v1/health"
        begin, end = (moment.isoformat().replace("+00:00", "Z") for moment in alert.window)
        return (
            f"{self.base}/api/v1/search?{urlencode({'q': alert.query, 'from': begin, 'to': end})}"
        )

    def silence(self, labels: Mapping[str, str]) -> str:
        """Asks for how long alerts with these labels are to be silent."""
        matchers = [("matcher", str(one)) for one in equal_to(dict(sorted(labels.items())))]
        return f"{self.base}/api/v1/silences/form?{urlencode(matchers)}"

    def acknowledge(self, episode: str) -> str:
        """Asks who takes care of an alert."""
        return f"{self.base}/api/v1/acknowledgements/form?{urlencode({'episode': episode})}"

    def error_group(self, fingerprint: str) -> str:
        """Shows a group of errors."""
        return f"{self.base}/api/v1/errors/{quote(fingerprint, safe='')}"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one receiver.

    Attributes:
        key: The idempotency key: the same again when it is tried again.
        receiver: Name of the receiver.
        kind: `firing`, `resolved`, `repeat`, `escalation`, `digest` or `test`.
        level: Of an escalation, from 1; else 0.
        group: Names the alerts that are told together.
        labels: What they have in common.
        alerts: At least one, those that fire first; each with the state that is told.
        at: When it was decided.
        links: For addresses.
        chart: A picture of what was measured, as PNG; None without one.
        told: Parts that earlier tries have delivered, by names that only the receiver's kind knows.
    """

    key: str
    receiver: str
    kind: str
    level: int
    group: str
    labels: Mapping[str, str]
    alerts: tuple[Alert, ...]
    at: datetime
    links: Links
    chart: bytes | None = None
    told: frozenset[str] = frozenset()

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Alerts that fire."""
        return tuple(one for one in self.alerts if one.state is AlertState.FIRING)

    @property
    def resolved(self) -> tuple[Alert, ...]:
        """Alerts that have resolved."""
        return tuple(one for one in self.alerts if one.state is AlertState.RESOLVED)

    @property
    def severity(self) -> str:
        """The gravest of its alerts, of those that fire when any does."""
        severities = {severity_of(one.labels) for one in self.firing or self.alerts}
        return next(name for name in TIMINGS if name in severities)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of one try.

    Attributes:
        delivered: The receiver has taken it.
        detail: What it said, in a few words without secrets.
        retryable: Trying again may help.
        retry_after_s: The receiver asks to wait so long.
        told: Parts that were delivered, where others are to be tried again.
    """

    delivered: bool
    detail: str = ""
    retryable: bool = False
    retry_after_s: float | None = None
    told: frozenset[str] = frozenset()


def notification_of(group: Group, delivery: Delivery, links: Links) -> Notification | None:
    """A message that waits, with the alerts that it tells of.

    Returns:
        None when the group knows none of them any more.
    """
    told = [
        _as_told(group.members[episode].alert, state)
        for episode, state in delivery.alerts
        if episode in group.members
    ]
    if not told:
        return None
    told.sort(key=lambda one: one.state is AlertState.RESOLVED)
    return Notification(
        delivery.key, delivery.receiver, delivery.kind, delivery.level, group.key,
        group.labels, tuple(told), delivery.decided_at, links,
    )  # fmt: skip


def _as_told(alert: Alert, state: AlertState) -> Alert:
    """An alert as it was when the message was decided; it may have resolved since."""
    if alert.state is state:
        return alert
    ends_at = None if state is AlertState.FIRING else alert.ends_at
    return replace(alert, state=state, ends_at=ends_at)
