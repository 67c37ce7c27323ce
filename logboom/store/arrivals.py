"""What has been stored since a moment, in the order in which it was stored?

A store that keeps such an order tells it to those who follow what arrives, exactly: nothing twice,
nothing left out, whenever it happened and however late it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from logboom.event import Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event that was stored.

    Attributes:
        id: Its `event.id`.
        event: As stored; not to be changed.
        json: The same with `_id` in front, as it is shown.
        place: Where to go on behind it.
    """

    id: str
    event: Event
    json: bytes
    place: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A piece of what has arrived.

    Attributes:
        arrivals: In the order of the store.
        place: Where to go on behind all of them.
        passed_over: Events that stand before them and were not looked at: too many waited.
        is_all: True when nothing more waited.
    """

    arrivals: Sequence[Arrival]
    place: str
    passed_over: int = 0
    is_all: bool = True


class Arrivals(Protocol):
    """Everything that is stored, in the order in which it was stored.

    Places are texts that mean something to this store alone. They outlive its process.
    """

    async def end(self) -> str:
        """The place behind everything that is stored by now.

        Raises:
            StoreUnavailable: Ask again later.
        """
        ...

    async def after(self, place: str, *, most: int, most_waiting: int) -> Arrived:
        """What was stored behind a place.

        Args:
            place: Of `end`, or of what came before.
            most: Give at most so many.
            most_waiting: When more wait, the oldest of them are passed over.

        Raises:
            QueryError: This is no place of this store.
            StoreUnavailable: Ask again later.
        """
        ...
