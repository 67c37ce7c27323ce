"""How does each alert have a ticket of its own, from its begin to its end?"""

from __future__ import annotations

from typing import Final, Protocol

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying import wording
from search_api.notifying.each import tell_each
from search_api.notifying.multipart import File
from search_api.notifying.notification import Notification, Outcome

_COMMENTED: Final = frozenset({"repeat", "escalation"})


class Tickets(Protocol):
    """A system that keeps tickets. Whatever is asked of it may raise `ReceiverError`."""

    async def find(self, alert: Alert) -> str | Outcome | None:
        """The ticket of an alert's episode; an outcome when it cannot be found out."""
        ...

    async def create(self, notification: Notification, alert: Alert) -> str | Outcome:
        """Makes one, with the mark by which it is found; an outcome when that did not work."""
        ...

    async def attached(self, found: str) -> set[str] | Outcome:
        """Names of the files that one has; an outcome when they cannot be found out."""
        ...

    async def attach(self, found: str, file: File) -> Outcome:
        """Adds a file to one."""
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
            made = await tickets.create(notification, alert)
            if isinstance(made, Outcome):
                return made
            return await _equip(tickets, made, f"{made} was created", notification, alert)
        if notification.kind in _COMMENTED:
            text = f"{wording.title(notification)}\n{wording.measured(alert)}"
            return await tickets.comment(found, text)
        return await _equip(tickets, found, f"{found} is there", notification, alert)

    return await tell_each(notification, tell)


async def _equip(
    tickets: Tickets, found: str, said: str, notification: Notification, alert: Alert
) -> Outcome:
    """Adds the lines and the picture to a ticket that has not got them yet.

    Whoever made it may have died before, or have been refused. The ticket itself is there: files that
    are refused for good are told, and no reason to try again.
    """
    attached = await tickets.attached(found)
    if isinstance(attached, Outcome):
        return _told(said, attached)
    for file in files_of(notification, alert):
        if file.name not in attached:
            outcome = await tickets.attach(found, file)
            if not outcome.delivered:
                return _told(said, outcome)
    return Outcome(delivered=True, detail=said)


def _told(said: str, outcome: Outcome) -> Outcome:
    if outcome.retryable:
        return outcome
    return Outcome(delivered=True, detail=f"{said}, its files were refused: {outcome.detail}")


def files_of(notification: Notification, alert: Alert) -> list[File]:
    """What is attached to a ticket."""
    lines = "\n".join(wording.sample_lines(alert)).encode()
    files = [File("file", "lines.txt", "text/plain", lines)]
    if notification.chart is not None:
        files.append(File("file", "chart.png", "image/png", notification.chart))
    return files


def mark_of(alert: Alert) -> str:
    """What an alert's ticket is found by."""
    return f"logboom-{alert.episode}"
