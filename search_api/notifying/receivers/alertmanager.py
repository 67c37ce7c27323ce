"""How is a Prometheus Alertmanager told?

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from logboom.config.receiving import AlertmanagerSection
from logboom.errors import ReceiverError
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

FIRES_FOR: Final = timedelta(hours=26)
"""An alert that is not told again in this time counts as resolved there."""

_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")


async def deliver(
    section: AlertmanagerSection, notification: Notification, client: Client
) -> Outcome:
    """Gives all alerts to each replica; they agree among themselves, so that one is enough.

    Raises:
        ReceiverError: None of them answers.
    """
    content = [posted(notification, alert) for alert in _latest(notification.alerts)]
    headers = {name: value.get_secret_value() for name, value in section.headers.items()}
    outcomes: list[Outcome] = []
    failure: ReceiverError | None = None
    for url in section.urls:
        address = f"{url.get_secret_value().rstrip('/')}/api/v2/alerts"
        try:
            answer = await client.send_json(address, content, headers=headers)
        except ReceiverError as error:
            failure = error
        else:
            outcomes.append(answer.outcome())
    if not outcomes and failure is not None:
        raise failure
    return next((one for one in outcomes if one.delivered), outcomes[0])


def _latest(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts, of those with equal labels only the one that fires, or ended last.

    They are one alert for Alertmanager, and which of two in one request counts is not said: as when a
    rule is changed while it fires, which ends one and begins another.
    """
    latest: dict[frozenset[tuple[str, str]], Alert] = {}
    for alert in sorted(
        alerts, key=lambda one: (one.ends_at is None, one.ends_at or one.starts_at)
    ):
        latest[frozenset(alert.labels.items())] = alert
    return [one for one in alerts if one is latest[frozenset(one.labels.items())]]


def posted(notification: Notification, alert: Alert) -> dict[str, Any]:
    """An alert as Alertmanager wants it; dots in the names of labels become underscores."""
    ends_at = alert.ends_at or notification.at + FIRES_FOR
    if alert.ends_at is not None:  # a clock that was wrong must not let it fire there till then
        ends_at = min(alert.ends_at, notification.at)
    annotations = {
        **alert.annotations,
        "measured": wording.measured(alert),
        "lines": "\n".join(wording.sample_lines(alert)),
        **dict(wording.links(notification, alert)),
    }
    return {
        "labels": {_name(name): value for name, value in alert.labels.items() if value},
        "annotations": {_name(name): value for name, value in annotations.items() if value},
        "startsAt": min(alert.starts_at, ends_at).isoformat(),
        "endsAt": ends_at.isoformat(),
        "generatorURL": notification.links.search(alert),
    }


def _name(text: str) -> str:
    name = _NO_NAME.sub("_", text)
    return f"_{name}" if name[:1].isdecimal() else name
