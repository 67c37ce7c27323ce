"""How is a chat of Telegram told?

Source: https://core.telegram.org/bots/api#sendmessage
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from logboom.config.receiving import TelegramSection
from logboom.errors import ReceiverError
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.multipart import File, multipart
from search_api.notifying.notification import Notification, Outcome

_MOST_TEXT = 4000


async def deliver(section: TelegramSection, notification: Notification, client: Client) -> Outcome:
    """Sends a text, and behind it a picture when there is one.

    Raises:
        ReceiverError: No answer.
    """
    base = f"{section.url.get_secret_value().rstrip('/')}/bot{section.token.get_secret_value()}"
    text = wording.cut(
        f"{wording.title(notification)}\n\n{wording.plain(notification)}", _MOST_TEXT
    )
    content = {
        "chat_id": section.chat, "text": text, "link_preview_options": {"is_disabled": True},
    }  # fmt: skip
    answer = await client.send_json(f"{base}/sendMessage", content)
    outcome = answer.outcome()
    if answer.status == 429:
        asked = (answer.json() or {}).get("parameters", {}).get("retry_after")
        return replace(outcome, retry_after_s=asked if isinstance(asked, int) else None)
    if outcome.delivered and notification.chart is not None:
        await _send_picture(base, section.chat, notification.chart, notification.key, client)
    return outcome


async def _send_picture(base: str, chat: str, chart: bytes, key: str, client: Client) -> None:
    """A nicety: the text has arrived, whatever becomes of the picture."""
    file = File("photo", "chart.png", "image/png", chart)
    fields = {"chat_id": chat.encode(), "disable_notification": b"true"}
    body, kind = multipart(fields, [file], boundary=key)
    with suppress(ReceiverError):
        await client.send("POST", f"{base}/sendPhoto", content=body, headers={"Content-Type": kind})
