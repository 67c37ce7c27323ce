"""What becomes of messages that wait for a receiver which is not configured any more?"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from typing import Final

from search_api.notifying import wording
from search_api.notifying.group import Delivery, Group
from search_api.notifying.lane import Health
from search_api.notifying.notification import Links, notification_of
from search_api.notifying.outcomes import FAILED, DeliveryRecord, Outcomes

log = logging.getLogger("logboom.notifying")

NOT_CONFIGURED: Final = "the receiver is no longer configured"
_NOT_KNOWN: Final = "its alerts are not known any more"


class Gone:
    """Receivers that are not there any more, and what was given up for that.

    Args:
        outcomes: Where fates are noted.
        links: For addresses in messages.

    Attributes:
        healths: Of each of these receivers, by name.
        failed: How many messages were given up since the start, by receiver.
    """

    def __init__(self, outcomes: Outcomes, links: Links) -> None:
        self._outcomes = outcomes
        self._links = links
        self.healths: dict[str, Health] = {}
        self.failed: Counter[str] = Counter()

    async def give_up(
        self, delivery: Delivery, group: Group, now: datetime, *, is_configured: bool
    ) -> None:
        """Notes that a message will never be delivered, unless its fate is known.

        Args:
            delivery: The message.
            group: Has its alerts.
            now: The time.
            is_configured: Its receiver is there, but nothing that could be told.

        Raises:
            StateError: It may or may not be noted.
        """
        known = self._outcomes.get(delivery.key)
        if known is not None and known.is_settled:
            return
        detail = _NOT_KNOWN if is_configured else NOT_CONFIGURED
        log.warning("%s is not told: %s", delivery.receiver, detail)
        notification = notification_of(group, delivery, self._links)
        title = "" if notification is None else wording.title(notification)
        await self._outcomes.put(
            DeliveryRecord(
                delivery.key, delivery.receiver, delivery.kind, title or (known.title if known else ""),
                [episode for episode, _ in delivery.alerts], FAILED, detail,
                known.attempts if known else 0, delivery.decided_at, now,
                known.requests if known else (),
            )
        )  # fmt: skip
        if not is_configured:
            self.failed[delivery.receiver] += 1
            self.healths[delivery.receiver] = Health(
                now, delivery.decided_at, now, NOT_CONFIGURED, lost=True
            )
