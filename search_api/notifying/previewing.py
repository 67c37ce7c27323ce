"""What would receivers have been told of alerts that a rule would have made?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.group import shortened, shortened_after
from search_api.notifying.notification import Links, Notification
from search_api.notifying.receivers.document import document


def previews(alerts: Iterable[Alert], links: Links) -> list[dict[str, Any]]:
    """Each alert as a message of its own would tell it: as a webhook gets it, and in words.

    Args:
        alerts: In order.
        links: For addresses.
    """
    before: dict[str, Alert] = {}
    shown = []
    for alert in alerts:
        first = before.get(alert.episode)
        short = shortened(alert) if first is None else shortened_after(alert, first)
        before[alert.episode] = short
        shown.append(_preview(short, links))
    return shown


def _preview(alert: Alert, links: Links) -> dict[str, Any]:
    kind, at = alert.state.value, alert.ends_at or alert.window[1]
    message = Notification(alert.episode, "", kind, 0, "", alert.labels, (alert,), at, links)
    told = document(message)
    return {**told["alerts"][0], "title": told["title"], "text": wording.plain(message)}
