"""What does the JSON look like that webhooks and actions get?"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

from search_api.notifying import wording
from search_api.notifying.notification import Notification

VERSION: Final = 1
"""Of the document; fields may be added within a version, never changed or removed."""


def document(notification: Notification) -> dict[str, Any]:
    """A message as a JSON object; docs/notifications.md describes it."""
    return {
        "version": VERSION,
        "key": notification.key,
        "receiver": notification.receiver,
        "kind": notification.kind,
        "level": notification.level,
        "status": "firing" if notification.firing else "resolved",
        "severity": notification.severity,
        "title": wording.title(notification),
        "at": notification.at.isoformat().replace("+00:00", "Z"),
        "group": {"id": notification.group, "labels": dict(notification.labels)},
        "alerts": [
            {**one.to_json(), "links": dict(wording.links(notification, one))}
            for one in notification.alerts
        ],
    }


def signature(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Headers that prove who sent a body, and when.

    Args:
        secret: Known to both sides.
        timestamp: Seconds since the epoch, when it is sent.
        body: Exactly as sent.

    Returns:
        `X-Logboom-Timestamp`, and `X-Logboom-Signature`: `v1=` and the HMAC-SHA256 over the
        timestamp, a dot, and the body, in hexadecimal digits.
    """
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Logboom-Timestamp": str(timestamp), "X-Logboom-Signature": f"v1={signed}"}
