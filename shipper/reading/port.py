"""What do reading and sending ask of those who make events, wherever they do it?"""

from __future__ import annotations

from typing import Protocol

from shipper.reading.sources import Source


class Maker(Protocol):
    """Makes events of what was read."""

    def has_room(self, source: Source) -> bool:
        """False when something read of a source now would have to wait.

        Then the source is not looked at before there is room.
        """
        ...

    async def take(self, source: Source, data: bytes, *, read_ns: int) -> None:
        """Takes bytes that were read of a source. There must be room."""
        ...

    async def flush(self, source: Source, *, read_ns: int) -> None:
        """What is pending of a source does not go on. There must be room."""
        ...

    async def quiet(self, source: Source) -> None:
        """Returns when nothing of a source is in the making."""
        ...

    def forget(self, source: Source) -> None:
        """A source is not read any more."""
        ...


class Gatherer(Protocol):
    """Makes batches of events."""

    def wait_s(self, now: float) -> float | None:
        """Seconds until something is to be handed over; None when nothing is there."""
        ...

    async def hand_over(self, *, everything: bool) -> None:
        """Offers batches to the sender: those that are due, or all that is there."""
        ...

    async def finish(self) -> None:
        """Waits for what is in the making, and offers all of it. Nothing more will be taken."""
        ...
