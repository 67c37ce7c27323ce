"""How is a channel of Microsoft Teams told?

Source: https://adaptivecards.io/explorer/, in the envelope that workflows take (its limit, too).
"""

from __future__ import annotations

import base64
import re
from itertools import accumulate
from typing import Any, Final

import orjson

from logboom.config.receiving import TeamsSection
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_SHOWN = 5
_MOST_BYTES: Final = 20_000
"""Of what is shown of the alerts: a message of more than 28 KB is refused, and there are its picture and links."""

_MOST_PICTURE: Final = 4_000
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
    shown = _fitting([_container(one) for one in wording.shown(notification)[:_SHOWN]])
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True,
            "text": wording.title(notification),
            "color": "Attention" if notification.firing else "Good",
        }
    ]  # fmt: skip
    body += [*_picture(notification.chart), *shown]
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


def _fitting(containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first ones, as many as a message may have; one fits always."""
    sizes = accumulate(len(orjson.dumps(one)) for one in containers)
    return containers[: max(1, sum(size <= _MOST_BYTES for size in sizes))]


def _picture(chart: bytes | None) -> list[dict[str, Any]]:
    """A picture within the card; none when it is too large for that."""
    text = base64.b64encode(chart or b"").decode()
    if not text or len(text) > _MOST_PICTURE:
        return []
    told = {"altText": "the events of the last hour", "size": "Stretch"}
    return [{"type": "Image", "url": f"data:image/png;base64,{text}", **told}]


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
