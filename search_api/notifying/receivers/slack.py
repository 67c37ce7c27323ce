"""How is a channel of Slack told?

Source: https://api.slack.com/reference/block-kit/blocks (their limits, too).
"""

from __future__ import annotations

from typing import Any

from logboom.config.receiving import SlackSection
from search_api.alerts.alert import Alert
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_MOST_HEADER = 150
_MOST_SECTION = 2900


async def deliver(section: SlackSection, notification: Notification, client: Client) -> Outcome:
    """Posts a message of blocks.

    Raises:
        ReceiverError: No answer.
    """
    answer = await client.send_json(section.url.get_secret_value(), message(notification))
    return answer.outcome()


def message(notification: Notification) -> dict[str, Any]:
    """The message as Slack wants it."""
    title = wording.title(notification)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(wording.cut(title, _MOST_HEADER))}
    ]
    for alert in wording.shown(notification):
        blocks += _blocks(notification, alert)
    if rest := wording.left_out(notification):
        blocks.append({"type": "context", "elements": [_marked(rest)]})
    return {"text": _escaped(title), "blocks": blocks}


def _blocks(notification: Notification, alert: Alert) -> list[dict[str, Any]]:
    lines = [
        f"*{_escaped(wording.state_word(alert))}*: {_escaped(wording.headline(alert))}",
        _escaped(wording.measured(alert)),
        _escaped(f"{wording.lasted(alert)}  {wording.labels_text(alert)}"),
    ]
    samples = wording.sample_lines(alert)
    if samples:
        lines.append("```" + _escaped("\n".join(samples)).replace("```", "'''") + "```")
    text = "\n".join(lines)
    if len(text) > _MOST_SECTION:
        text = "\n".join(lines[:3])[:_MOST_SECTION]
    buttons = [
        {"type": "button", "text": _plain(word), "url": address}
        for word, address in wording.links(notification, alert)
        if len(address) <= 3000
    ]
    section = {"type": "section", "text": _marked(text)}
    return [section, *([{"type": "actions", "elements": buttons}] if buttons else [])]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
