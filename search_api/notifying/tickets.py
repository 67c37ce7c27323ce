"""How does each alert have a ticket of its own, from its begin to its end?"""

from __future__ import annotations

from typing import Final, Protocol

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying import wording
from search_api.notifying.each import tell_each
from search_api.notifying.notification import Notification, Outcome

_COMMENTED: Final = frozenset({"repeat", "escalation"})


class Tickets(Protocol):
    """A system that keeps tickets. Whatever is asked of it may raise `ReceiverError`."""

    async def find(self, alert: Alert) -> str | Outcome | None:
        """The ticket of an alert's episode; an outcome when it cannot be found out."""
        ...

    async def create(self, notification: Notification, alert: Alert) -> Outcome:
        """Makes one, with the mark by which it is found."""
        ...

    async def comment(self, found: str, text: str) -> Outcome:
        """Adds words to one."""
        ...

    async def close(self, found: str, alert: Alert) -> Outcome:
        """Says that the alert has resolved."""
        ...


async def keep_tickets(notification: Notification, tickets: Tickets) -> Outcome:
    """One ticket for each episode: created once, commented, and closed when the alert resolves."""

    async def tell(alert: Alert) -> Outcome:
        found = await tickets.find(alert)
        if isinstance(found, Outcome):
            return found
        if alert.state is AlertState.RESOLVED:
            return await tickets.close(found, alert) if found else Outcome(delivered=True)
        if found is None:
            return await tickets.create(notification, alert)
        if notification.kind in _COMMENTED:
            text = f"{wording.title(notification)}\n{wording.measured(alert)}"
            return await tickets.comment(found, text)
        return Outcome(delivered=True, detail=f"{found} is there")

    return await tell_each(notification, tell)


def mark_of(alert: Alert) -> str:
    """What an alert's ticket is found by."""
    return f"logboom-{alert.episode}"
