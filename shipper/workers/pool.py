"""Which worker makes which source's events, and which batches come of it?

A source stays with one worker, which knows its format and the columns of its head. A worker has a few
pieces at once; a source has one: what is pending of it is known only when that is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from logboom.clock import Clock
from logboom.errors import LogboomError
from shipper.batches import Batch, Segment
from shipper.delivery.collecting import Collector
from shipper.events.assembly import Assembled
from shipper.events.preceding import Preceding
from shipper.reading.sources import Source
from shipper.troubles import Troubles
from shipper.workers.frames import (
    Channel,
    Forget,
    Made,
    Make,
    Open,
    Publish,
    Published,
    Waits,
)

_PIECES = 3
"""So many are given to a worker at once: it never waits for the next one."""


class WorkerLost(LogboomError):
    """A worker process has ended unasked: the shipper begins anew where its registry is."""

    retryable = True


@dataclass(slots=True)
class _Job:
    """A piece that is in the making.

    Attributes:
        next_look: When the source was to be looked at next.
    """

    source: Source
    ended: bool
    next_look: float
    done: asyncio.Future[None]


@dataclass(slots=True)
class _Desk:
    """One worker as the shipper sees it.

    Attributes:
        jobs: Pieces that it was given, in order.
        known: The epoch of each source of its own.
        waiting: Sources that are looked at when it has room.
        acks: Batches that it publishes, by number.
    """

    number: int
    channel: Channel
    collector: Collector
    jobs: deque[_Job] = field(default_factory=deque)
    known: dict[str, int] = field(default_factory=dict)
    waiting: dict[Source, None] = field(default_factory=dict)
    acks: dict[int, asyncio.Future[Sequence[Segment] | None]] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """Pieces that it can take now."""
        return 0 if self.collector.full else _PIECES - len(self.jobs)


class WorkerPool:
    """Worker processes at work: a `Maker` and a `Gatherer`, and publishes what they made.

    Args:
        channels: To the workers, which have begun.
        make_collector: Called for each worker.
        offer: Takes batches.
        path_of: The path of a source as its events name it.
        made: Told of what came back: events, the redactions in them by rule, and faults by kind.
        troubles: Told of what workers wait for.
        clock: For how long events have waited.
    """

    def __init__(
        self, channels: Sequence[Channel], make_collector: Callable[[], Collector],
        offer: Callable[[Batch], Awaitable[None]], path_of: Callable[[Source], str],
        made: Callable[[int, Mapping[str, int], Mapping[str, int]], None], troubles: Troubles,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._desks = [
            _Desk(number, channel, make_collector()) for number, channel in enumerate(channels, 1)
        ]
        self._offer = offer
        self._path_of = path_of
        self._made = made
        self._troubles = troubles
        self._clock = clock
        self._desk_of: dict[str, _Desk] = {}
        self._busy: dict[str, _Job] = {}
        self._desk_of_batch: dict[int, _Desk] = {}
        self._wake: Callable[[], None] = _nobody

    def on_news(self, wake: Callable[[], None]) -> None:
        """Has somebody woken when something came back."""
        self._wake = wake

    async def listen(self) -> None:
        """Takes what the workers say.

        Raises:
            WorkerLost: One of them has ended.
        """
        async with asyncio.TaskGroup() as tasks:
            for desk in self._desks:
                tasks.create_task(self._listen_to(desk))

    def has_room(self, source: Source) -> bool:
        """See `Maker.has_room`."""
        if source.id in self._busy:
            source.hold()
            return False
        desk = self._desk_of.get(source.id) or self._idlest()
        if desk.room > 0:
            self._call_in(desk, most=1)  # this one may have nothing to give
            return True
        desk.waiting[source] = None
        source.hold()
        return False

    async def take(self, source: Source, data: bytes, *, read_ns: int) -> None:
        """See `Maker.take`."""
        self._give(source, source.begin(data), read_ns, ended=False)

    async def flush(self, source: Source, *, read_ns: int) -> None:
        """See `Maker.flush`."""
        self._give(source, source.pending, read_ns, ended=True)

    async def quiet(self, source: Source) -> None:
        """See `Maker.quiet`."""
        job = self._busy.get(source.id)
        if job is not None:
            await job.done

    def forget(self, source: Source) -> None:
        """See `Maker.forget`."""
        desk = self._desk_of.pop(source.id, None)
        if desk is not None:
            del desk.known[source.id]
            desk.channel.send(Forget(source.id))

    def wait_s(self, now: float) -> float | None:
        """See `Gatherer.wait_s`."""
        waits = [wait for desk in self._desks if (wait := _wait_s(desk, now)) is not None]
        return min(waits, default=None)

    async def hand_over(self, *, everything: bool) -> None:
        """See `Gatherer.hand_over`."""
        now = self._clock.monotonic()
        for desk in self._desks:
            if everything or _wait_s(desk, now) == 0.0:
                batch = desk.collector.take()
                if batch is not None:
                    self._desk_of_batch[batch.sequence] = desk
                    await self._offer(batch)
                    self._call_in(desk)

    async def finish(self) -> None:
        """See `Gatherer.finish`."""
        for job in list(self._busy.values()):
            await job.done
        await self.hand_over(everything=True)

    async def publish(self, batch: Batch) -> Batch:
        """Has the worker that made a batch publish it; gives it as it is to be settled."""
        desk = self._desk_of_batch.pop(batch.sequence)
        ack = desk.acks[batch.sequence] = asyncio.get_running_loop().create_future()
        desk.channel.send(Publish(batch.sequence, len(batch.segments)))
        segments = await ack
        return batch if segments is None else replace(batch, segments=segments)

    def _idlest(self) -> _Desk:
        return min(self._desks, key=lambda desk: (len(desk.jobs), len(desk.known)))

    def _give(self, source: Source, buffer: bytes, read_ns: int, *, ended: bool) -> None:
        desk = self._desk_of.get(source.id) or self._idlest()
        self._desk_of[source.id] = desk
        if desk.known.get(source.id) != source.epoch:
            desk.known[source.id] = source.epoch
            desk.channel.send(self._introduction(source))
        job = _Job(source, ended, source.next_look, asyncio.get_running_loop().create_future())
        desk.jobs.append(job)
        self._busy[source.id] = job
        source.hold()
        desk.channel.send(Make(source.id, source.pending_offset, read_ns, ended), buffer)

    def _introduction(self, source: Source) -> Open:
        preceding = source.preceding() if source.pending_offset else Preceding()
        return Open(
            source.id, source.epoch, source.section, self._path_of(source), source.run, preceding
        )

    async def _listen_to(self, desk: _Desk) -> None:
        while (said := await desk.channel.receive()) is not None:
            match said[0]:
                case Made() as made:
                    self._finished(desk, desk.jobs.popleft(), made)
                case Published() as published:
                    desk.acks.pop(published.sequence).set_result(published.segments)
                case Waits(sentence):
                    self._note(desk, sentence)
                case frame:
                    raise ValueError(f"no word for a shipper: {frame}")
        raise WorkerLost("a worker process has ended unasked", where=f"worker {desk.number}")

    def _note(self, desk: _Desk, sentence: str | None) -> None:
        part = f"broker for worker {desk.number}"
        if sentence is None:
            self._troubles.over(part)
        else:
            self._troubles.note(part, sentence)

    def _finished(self, desk: _Desk, job: _Job, made: Made) -> None:
        source, segment = job.source, made.segment
        del self._busy[source.id]
        source.end(segment, made.consumed, ended=job.ended)
        if segment is not None:
            collected = Assembled(segment, (), made.consumed, made.size_bytes)
            desk.collector.add(collected, now=self._clock.monotonic())
        self._made(0 if segment is None else len(segment.starts), made.redacted, made.faults)
        source.next_look = job.next_look
        job.done.set_result(None)
        self._call_in(desk)
        self._wake()

    def _call_in(self, desk: _Desk, *, most: int = _PIECES) -> None:
        """Those who wait for room are looked at, as many as there is room for."""
        now = self._clock.monotonic()
        for _ in range(min(most, desk.room, len(desk.waiting))):
            source = next(iter(desk.waiting))
            del desk.waiting[source]
            source.next_look = now


def _wait_s(desk: _Desk, now: float) -> float | None:
    return 0.0 if desk.collector.full else desk.collector.wait_s(now)


def _nobody() -> None:
    """Before the reader listens."""
