"""How is each configured receiver told?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from search_api.alerts.alert import Alert
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

Deliver = Callable[[Notification, Client], Awaitable[Outcome]]
"""Tells one receiver; raises `ReceiverError` where no answer came."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A receiver, ready to be told.

    Attributes:
        name: Of the receiver.
        kind: `webhook`, `slack`, …
        deliver: Tells it.
        client: Sends its requests.
        timeout_s: One try takes so long at most.
        give_up_after: A message is tried again for so long.
        limit: So many requests within a time; None: as many as there are.
        counts: Whether a message is a request that the limit is for.
        shows_pictures: It can do something with a picture.
        found_after: What it has made of an alert may be found only so long after; 0: at once.
    """

    name: str
    kind: str
    deliver: Deliver
    client: Client
    timeout_s: float
    give_up_after: timedelta
    limit: tuple[int, timedelta] | None = None
    counts: Callable[[Notification], bool] = lambda _: True
    shows_pictures: bool = False
    found_after: timedelta = timedelta(0)


Draw = Callable[[Alert], Awaitable[bytes | None]]
"""Makes a picture for an alert, as PNG; None when there is nothing to draw."""

Outlets = Mapping[str, Outlet]
