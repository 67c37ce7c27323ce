"""How is another system asked to do something?"""

from __future__ import annotations

import orjson

from logboom.config.receiving import ActionSection
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.receivers.document import document, signature


def acts(notification: Notification) -> bool:
    """Whether a message asks for something to be done."""
    return bool(notification.firing) and notification.kind not in {"repeat", "digest"}


async def deliver(section: ActionSection, notification: Notification, client: Client) -> Outcome:
    """Posts the signed document of a message that says what fires; how often is limited elsewhere.

    Raises:
        ReceiverError: No answer.
    """
    if not acts(notification):
        return Outcome(delivered=True, detail="nothing to do")
    body = orjson.dumps({**document(notification), "action": True})
    headers = {"Content-Type": "application/json", "Idempotency-Key": notification.key}
    headers |= signature(section.secret.get_secret_value(), client.now_s(), body)
    answer = await client.send(
        "POST", section.url.get_secret_value(), content=body, headers=headers
    )
    return answer.outcome()
