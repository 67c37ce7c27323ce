"""How is a receiver told that takes alerts one by one?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from logboom.errors import ReceiverError
from search_api.alerts.alert import Alert
from search_api.notifying.notification import Notification, Outcome


async def tell_each(
    notification: Notification, tell: Callable[[Alert], Awaitable[Outcome]]
) -> Outcome:
    """Tells of each alert in turn; the receiver must bear to be told of one twice.

    Args:
        notification: The message; alerts that earlier tries have told are passed over.
        tell: Tells of one.

    Returns:
        The last outcome; or the first one that may be better when tried again, and then nothing
        behind it was told; or else the first that was refused.
    """
    refused: Outcome | None = None
    last = Outcome(delivered=True, detail="nothing to tell")
    told = set(notification.told)
    for alert in notification.alerts:
        if alert.episode in told:
            continue
        try:
            last = await tell(alert)
        except ReceiverError as error:
            last = Outcome(delivered=False, detail=str(error), retryable=error.retryable)
        if not last.delivered and last.retryable:
            return replace(last, told=frozenset(told))
        if last.delivered:
            told.add(alert.episode)
        else:
            refused = refused or last
    return refused or last
