"""How are browsers told?

Source: RFC 8030 (web push), 8291 (encryption), 8292 (who sends).
"""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson

from logboom.config.receiving import PushSubscriptionSection, WebpushSection
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_VALID_FOR_S = 12 * 3600
_KEPT_FOR_S = 24 * 3600
_MOST_BODY = 600
_GONE = frozenset({404, 410})


async def deliver(section: WebpushSection, notification: Notification, client: Client) -> Outcome:
    """Sends a short message to each browser; those that do not want any more are passed over.

    Raises:
        ReceiverError: No answer.
    """
    content = orjson.dumps(message(notification))
    last = Outcome(delivered=True, detail="no browser wants to be told any more")
    gone = 0
    for subscription in section.subscriptions:
        headers = _headers(section, subscription, notification, client.now_s())
        answer = await client.send(
            "POST", subscription.endpoint.get_secret_value(),
            content=_encrypted(subscription, content), headers=headers,
        )  # fmt: skip
        if answer.status in _GONE:
            gone += 1
            continue
        last = answer.outcome()
        if not last.delivered:
            return last
    return Outcome(delivered=True, detail=f"{gone} browsers are gone") if gone else last


def message(notification: Notification) -> dict[str, str]:
    """What the browser's worker shows; the same tag replaces what it shows of the group."""
    first = notification.alerts[0]
    return {
        "title": wording.title(notification),
        "body": wording.cut(f"{wording.headline(first)}\n{wording.measured(first)}", _MOST_BODY),
        "url": notification.links.search(first),
        "tag": notification.group,
    }


def _encrypted(subscription: PushSubscriptionSection, content: bytes) -> bytes:
    from pywebpush import WebPusher  # noqa: PLC0415 - large, and seldom configured

    keys = {
        "p256dh": subscription.p256dh.get_secret_value(),
        "auth": subscription.auth.get_secret_value(),
    }
    endpoint = subscription.endpoint.get_secret_value()
    body: bytes = WebPusher({"endpoint": endpoint, "keys": keys}).encode(content)["body"]
    return body


def _headers(
    section: WebpushSection, subscription: PushSubscriptionSection, notification: Notification,
    now_s: int,
) -> dict[str, str]:  # fmt: skip
    from py_vapid import Vapid02  # noqa: PLC0415 - as above

    parts = urlsplit(subscription.endpoint.get_secret_value())
    claims = {
        "sub": section.subject, "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": now_s + _VALID_FOR_S,
    }  # fmt: skip
    key = section.private_key.get_secret_value()
    vapid = Vapid02.from_pem(key.encode()) if "-----BEGIN" in key else Vapid02.from_string(key)
    signed: dict[str, str] = vapid.sign(claims)
    return {
        **signed,
        "TTL": str(_KEPT_FOR_S),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Topic": notification.group[:32],
        "Urgency": "high" if notification.severity in {"critical", "high"} else "normal",
    }
