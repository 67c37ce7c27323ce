"""How is a channel of Microsoft Teams told?

Source: https://adaptivecards.io/explorer/, in the envelope that workflows take.
"""

from __future__ import annotations

import re
from typing import Any, Final

from logboom.config.receiving import TeamsSection
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_SHOWN = 5
_MARKDOWN: Final = re.compile(r"([\\`*_~#\[\]()<>|])")


async def deliver(section: TeamsSection, notification: Notification, client: Client) -> Outcome:
    """Posts an adaptive card.

    Raises:
        ReceiverError: No answer.
    """
    answer = await client.send_json(section.url.get_secret_value(), message(notification))
    return answer.outcome()


def message(notification: Notification) -> dict[str, Any]:
    """The message as Teams wants it."""
    shown = wording.shown(notification)[:_SHOWN]
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True,
            "text": wording.title(notification),
            "color": "Attention" if notification.firing else "Good",
        }
    ]  # fmt: skip
    body += [_container(alert) for alert in shown]
    if len(notification.alerts) > len(shown):
        more = len(notification.alerts) - len(shown)
        body.append({"type": "TextBlock", "text": f"… and {more} more alerts"})
    actions = [
        {"type": "Action.OpenUrl", "title": word, "url": address}
        for word, address in wording.links(notification, notification.alerts[0])
    ]
    card = {
        "type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions,
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "msteams": {"width": "Full"},
    }  # fmt: skip
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}


def _container(alert: Alert) -> dict[str, Any]:
    facts = [("measured", wording.measured(alert)), ("time", wording.lasted(alert))]
    facts += [(name, _literal(alert.labels[name])) for name in sorted(alert.labels)[:8]]
    items: list[dict[str, Any]] = [
        {"type": "TextBlock", "wrap": True, "weight": "Bolder",
         "text": f"{wording.state_word(alert)}: {wording.headline(alert)}"},
        {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in facts]},
    ]  # fmt: skip
    samples = wording.sample_lines(alert)
    if samples:
        text = "\n\n".join(_literal(line) for line in samples)
        items.append({"type": "TextBlock", "wrap": True, "fontType": "Monospace", "text": text})
    return {"type": "Container", "separator": True, "items": items}


def _literal(text: str) -> str:
    """A text that shows as it is: what a log says becomes no link and no layout."""
    return _MARKDOWN.sub(r"\\\1", text)
