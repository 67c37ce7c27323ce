"""How is Opsgenie told?

Source: https://docs.opsgenie.com/docs/alert-api
"""

from __future__ import annotations

from typing import Any, Final

from logboom.config.receiving import OpsgenieSection
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.each import tell_each
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.plan import severity_of

_PRIORITIES: Final = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}


async def deliver(section: OpsgenieSection, notification: Notification, client: Client) -> Outcome:
    """Creates or closes one alert for each; the episode is its alias.

    Raises:
        ReceiverError: No answer.
    """
    base = f"{section.url.get_secret_value().rstrip('/')}/v2/alerts"
    headers = {"Authorization": f"GenieKey {section.api_key.get_secret_value()}"}

    async def tell(alert: Alert) -> Outcome:
        if alert.state is AlertState.RESOLVED:
            url = f"{base}/{alert.episode}/close?identifierType=alias"
            return (await client.send_json(url, {"source": "logboom"}, headers=headers)).outcome()
        return (
            await client.send_json(base, content(notification, alert), headers=headers)
        ).outcome()

    return await tell_each(notification, tell)


def content(notification: Notification, alert: Alert) -> dict[str, Any]:
    """The alert as Opsgenie wants it."""
    links = dict(wording.links(notification, alert))
    lines = [wording.measured(alert), *wording.sample_lines(alert)]
    lines += [f"{word}: {address}" for word, address in links.items()]
    return {
        "message": wording.cut(wording.headline(alert), 130),
        "alias": alert.episode,
        "description": wording.cut("\n".join(lines), 15_000),
        "priority": _PRIORITIES[severity_of(alert.labels)],
        "source": "logboom",
        "entity": wording.cut(alert.labels.get("service.name", ""), 512),
        "details": dict(alert.labels),
    }
