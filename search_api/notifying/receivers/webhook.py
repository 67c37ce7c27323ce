"""How is an HTTP address told?"""

from __future__ import annotations

import orjson

from logboom.config.receiving import WebhookSection
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.receivers.document import document, signature


async def deliver(section: WebhookSection, notification: Notification, client: Client) -> Outcome:
    """Posts the document of a message, signed when there is a secret.

    Raises:
        ReceiverError: No answer.
    """
    body = orjson.dumps(document(notification))
    headers = {name: value.get_secret_value() for name, value in section.headers.items()}
    headers |= {"Content-Type": "application/json", "Idempotency-Key": notification.key}
    if section.secret is not None:
        headers |= signature(section.secret.get_secret_value(), client.now_s(), body)
    answer = await client.send(
        "POST", section.url.get_secret_value(), content=body, headers=headers
    )
    return answer.outcome()
