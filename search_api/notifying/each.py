"""How is a receiver told that takes alerts one by one?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from search_api.alerts.alert import Alert
from search_api.notifying.notification import Outcome


async def tell_each(
    alerts: Iterable[Alert], tell: Callable[[Alert], Awaitable[Outcome]]
) -> Outcome:
    """Tells of each alert in turn; the receiver must bear to be told of one twice.

    Returns:
        The last outcome; or the first one that may be better when tried again, and then nothing
        behind it was told; or else the first that was refused.
    """
    refused: Outcome | None = None
    last = Outcome(delivered=True, detail="nothing to tell")
    for alert in alerts:
        last = await tell(alert)
        if not last.delivered and last.retryable:
            return last
        if not last.delivered:
            refused = refused or last
    return refused or last
