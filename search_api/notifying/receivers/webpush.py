"""How are browsers told?

Source: RFC 8030 (web push), 8291 (encryption), 8292 (who sends).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import orjson

from logboom.config.receiving import PushSubscriptionSection, WebpushSection
from logboom.errors import ReceiverError
from search_api.notifying import wording
from search_api.notifying.client import Client
from search_api.notifying.group import digest_of
from search_api.notifying.notification import Notification, Outcome

_VALID_FOR_S = 12 * 3600
_KEPT_FOR_S = 24 * 3600
_MOST_BODY = 600
_GONE = frozenset({404, 410})


async def deliver(section: WebpushSection, notification: Notification, client: Client) -> Outcome:
    """Sends a short message to each browser; those that do not want any more are passed over.

    Returns:
        Delivered when any browser was told and none is to be tried again: those that were told are
        not told again meanwhile. When all are gone, nobody was told.
    """
    content = orjson.dumps(message(notification))
    told: dict[str, Outcome] = {}
    failed: list[Outcome] = []
    gone = 0
    for subscription in section.subscriptions:
        name = digest_of([subscription.endpoint.get_secret_value()])
        if name in notification.told:
            continue
        outcome = await _pushed(section, subscription, notification, client, content)
        if outcome is None:
            gone += 1
        elif outcome.delivered:
            told[name] = outcome
        else:
            failed.append(outcome)
    for outcome in failed:
        if outcome.retryable:
            return replace(outcome, told=frozenset(told) | notification.told)
    if failed and not (told or notification.told):
        return failed[0]
    detail = "; ".join(_whom_not(len(failed), gone)) or "taken for each browser"
    return Outcome(delivered=bool(told or notification.told), detail=detail)


def _whom_not(refused: int, gone: int) -> Iterator[str]:
    """Which browsers were not told, in words for the configuration's author."""
    if refused:
        yield f"{refused} browser{'s have' if refused > 1 else ' has'} refused it"
    if gone == 1:
        yield "1 browser is gone: take its subscription out"
    elif gone:
        yield f"{gone} browsers are gone: take their subscriptions out"


async def _pushed(
    section: WebpushSection, subscription: PushSubscriptionSection, notification: Notification,
    client: Client, content: bytes,
) -> Outcome | None:  # fmt: skip
    """What has become of it for one browser; None: it does not want to be told any more."""
    try:
        headers = _headers(section, subscription, notification, client.now_s())
        answer = await client.send(
            "POST", subscription.endpoint.get_secret_value(),
            content=_encrypted(subscription, content), headers=headers,
        )  # fmt: skip
    except ReceiverError as error:
        return Outcome(delivered=False, detail=str(error), retryable=error.retryable)
    except ValueError as error:  # its keys are none
        return Outcome(delivered=False, detail=f"cannot be encrypted: {type(error).__name__}")
    return None if answer.status in _GONE else answer.outcome()


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
