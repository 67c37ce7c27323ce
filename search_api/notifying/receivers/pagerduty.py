"""How is PagerDuty told?

Source: https://developer.pagerduty.com/docs/events-api-v2-overview
"""

from __future__ import annotations

from typing import Any, Final

from logboom.config.receiving import PagerdutySection
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.each import tell_each
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.plan import severity_of

_SEVERITIES: Final = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


async def deliver(section: PagerdutySection, notification: Notification, client: Client) -> Outcome:
    """Triggers or resolves one incident for each alert; the episode keeps them apart.

    Raises:
        ReceiverError: No answer.
    """
    url = f"{section.url.get_secret_value().rstrip('/')}/v2/enqueue"

    async def tell(alert: Alert) -> Outcome:
        content = event(section, notification, alert)
        return (await client.send_json(url, content)).outcome()

    return await tell_each(notification, tell)


def event(section: PagerdutySection, notification: Notification, alert: Alert) -> dict[str, Any]:
    """The event as PagerDuty wants it."""
    head = {"routing_key": section.routing_key.get_secret_value(), "dedup_key": alert.episode}
    if alert.state is AlertState.RESOLVED:
        return {**head, "event_action": "resolve"}
    links = wording.links(notification, alert)
    return {
        **head,
        "event_action": "trigger",
        "client": "logboom",
        "client_url": notification.links.search(alert),
        "links": [{"text": word, "href": address} for word, address in links],
        "payload": {
            "summary": wording.cut(wording.headline(alert), 1024),
            "source": alert.labels.get("service.name")
            or alert.labels.get("host.name")
            or "logboom",
            "severity": _SEVERITIES[severity_of(alert.labels)],
            "timestamp": alert.starts_at.isoformat(),
            "class": alert.labels.get("alertname", "alert"),
            "group": alert.rule,
            "custom_details": {
                "measured": wording.measured(alert),
                "labels": dict(alert.labels),
                "lines": wording.sample_lines(alert),
            },
        },
    }
