"""How are events made where there are no workers? In the shipper's own process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from logboom.clock import Clock
from shipper.batches import Batch
from shipper.delivery.collecting import Collector
from shipper.events.assembly import Assembled
from shipper.reading.sources import Source


class OwnMaker:
    """Makes events at once; see `Maker`.

    Args:
        deliver: Takes what was assembled; waiting in it is what holds back reading.
    """

    def __init__(self, deliver: Callable[[Assembled], Awaitable[None]]) -> None:
        self._deliver = deliver

    def has_room(self, _source: Source) -> bool:
        """There always is."""
        return True

    async def take(self, source: Source, data: bytes, *, read_ns: int) -> None:
        """See `Maker.take`."""
        await self._deliver(source.take(data, read_ns=read_ns))

    async def flush(self, source: Source, *, read_ns: int) -> None:
        """See `Maker.flush`."""
        await self._deliver(source.flush(read_ns=read_ns))

    async def quiet(self, _source: Source) -> None:
        """It always is."""

    def forget(self, _source: Source) -> None:
        """A source forgets by itself."""


class OwnGatherer:
    """One batch at a time; see `Gatherer`.

    Args:
        collector: Gathers.
        offer: Takes batches.
        made: Told of what was made: events, and redactions and faults that nobody else counts.
        clock: For how long events have waited.
    """

    def __init__(
        self, collector: Collector, offer: Callable[[Batch], Awaitable[None]],
        made: Callable[[int, Mapping[str, int], Mapping[str, int]], None], clock: Clock,
    ) -> None:  # fmt: skip
        self._collector = collector
        self._offer = offer
        self._made = made
        self._clock = clock

    async def deliver(self, assembled: Assembled) -> None:
        """Takes what was assembled."""
        self._made(len(assembled.messages), {}, {})
        self._collector.add(assembled, now=self._clock.monotonic())
        if self._collector.full:
            await self.hand_over(everything=True)

    def wait_s(self, now: float) -> float | None:
        """See `Gatherer.wait_s`."""
        return self._collector.wait_s(now)

    async def hand_over(self, *, everything: bool) -> None:
        """See `Gatherer.hand_over`. Who calls because something is due means the one batch."""
        del everything
        batch = self._collector.take()
        if batch is not None:
            await self._offer(batch)

    async def finish(self) -> None:
        """See `Gatherer.finish`."""
        await self.hand_over(everything=True)
