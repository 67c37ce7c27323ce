"""How is a channel of Discord told?

Source: https://discord.com/developers/docs/resources/webhook#execute-webhook (its limits, too).
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import orjson

from logboom.config.receiving import DiscordSection
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.multipart import File, multipart
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.plan import severity_of

_COLOURS: Final = {"critical": 0xB71C1C, "high": 0xE65100, "medium": 0xF9A825, "low": 0x1565C0}
_GREEN: Final = 0x2E7D32
_MOST_EMBEDS: Final = 5
_MOST_DESCRIPTION: Final = 900
_MOST_OF_ALL: Final = 6000
"""Characters of all embeds of a message; with more it is refused."""


async def deliver(section: DiscordSection, notification: Notification, client: Client) -> Outcome:
    """Posts a message of embeds, with a picture when there is one.

    Raises:
        ReceiverError: No answer.
    """
    url, content = section.url.get_secret_value(), message(notification)
    if notification.chart is None:
        return (await client.send_json(url, content)).outcome()
    content["embeds"][0]["image"] = {"url": "attachment://chart.png"}
    body, kind = multipart(
        {"payload_json": orjson.dumps(content)},
        [File("files[0]", "chart.png", "image/png", notification.chart)],
        boundary=notification.key,
    )
    return (await client.send("POST", url, content=body, headers={"Content-Type": kind})).outcome()


def message(notification: Notification) -> dict[str, Any]:
    """The message as Discord wants it; nobody is mentioned, whatever a log line says."""
    embeds = _fitting(
        [_embed(notification, one) for one in wording.shown(notification)[:_MOST_EMBEDS]]
    )
    more = len(notification.alerts) - len(embeds)
    content = wording.title(notification) + (f"\n… and {more} more alerts" if more else "")
    return {
        "username": "logboom",
        "content": content,
        "allowed_mentions": {"parse": []},
        "embeds": embeds,
    }


def _fitting(embeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first ones, as many as a message may have; one fits always."""
    lengths = list(accumulate(_length(one) for one in embeds))
    return embeds[: max(1, sum(length < _MOST_OF_ALL for length in lengths))]


def _length(embed: dict[str, Any]) -> int:
    fields = sum(len(one["name"]) + len(one["value"]) for one in embed["fields"])
    return len(embed["title"]) + len(embed["description"]) + fields


def _embed(notification: Notification, alert: Alert) -> dict[str, Any]:
    lines = [wording.measured(alert), wording.lasted(alert), wording.labels_text(alert)]
    samples = wording.sample_lines(alert)
    if samples:
        lines.append("```\n" + "\n".join(samples)[:500].replace("```", "'''") + "\n```")
    links = [
        f"[{word}]({address})"
        for word, address in wording.links(notification, alert)
        if len(address) <= 500
    ]
    title = wording.cut(f"{wording.state_word(alert)}: {wording.headline(alert)}", 250)
    return {
        "title": title,
        "description": wording.cut("\n".join(line for line in lines if line), _MOST_DESCRIPTION),
        "color": _GREEN if alert.ends_at else _COLOURS[severity_of(alert.labels)],
        "fields": [{"name": "open", "value": wording.cut(" · ".join(links), 1000)}]
        if links and len(" · ".join(links)) <= 1000
        else [],
    }
