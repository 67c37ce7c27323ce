"""Which worker makes which events, who waits for whom, and what when one is lost?"""

from __future__ import annotations

import asyncio
import math
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, FileInput, LocalBrokerSection
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.delivery.collecting import Collector, numbers_after
from shipper.events.assembly import Assembler
from shipper.events.normalise import Normaliser
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord
from shipper.troubles import Troubles
from shipper.workers.frames import Begin, Channel
from shipper.workers.pool import WorkerLost, WorkerPool
from shipper.workers.worker import Worker

READ_NS = 1_795_000_000_000_000_000


@dataclass
class Staff:
    """A pool whose workers are real, but no processes of their own.

    Attributes:
        offered: The batches that came of it.
        redacted: Redactions by rule.
        faults: Texts that met a fault of logboom's own, by its kind.
    """

    pool: WorkerPool
    listening: asyncio.Task[None]
    ends: list[Channel]
    offered: list[Batch]
    redacted: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    async def give(self, source: Source, text: str) -> None:
        assert self.pool.has_room(source)
        await self.pool.take(source, text.encode(), read_ns=READ_NS)

    async def publish(self) -> None:
        await self.pool.finish()
        for batch in self.offered:
            await self.pool.publish(batch)


def with_staff(folder: Path, count: int, act: Callable[[Staff], Awaitable[None]]) -> None:
    """Calls `act` with a pool of so many workers."""

    async def run() -> None:
        config, clock = Config(data=folder), ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
        pairs = [socket.socketpair() for _ in range(count)]
        ours = [await Channel.over(one) for one, _ in pairs]
        theirs = [await Channel.over(other) for _, other in pairs]
        workers = [
            asyncio.create_task(Worker(Begin(number, config, "p", None), channel, clock).run())
            for number, channel in enumerate(theirs, 1)
        ]
        numbers, offered = numbers_after(0), []
        redacted, faults = Counter[str](), Counter[str]()

        async def offer(batch: Batch) -> None:
            offered.append(batch)

        def made(_events: int, rules: Mapping[str, int], kinds: Mapping[str, int]) -> None:
            redacted.update(rules)
            faults.update(kinds)

        pool = WorkerPool(
            ours,
            lambda: Collector(numbers=numbers, max_events=4096, max_bytes=2**22, linger_s=0.1),
            offer, lambda source: source.path, made, Troubles(), clock,
        )  # fmt: skip
        listening = asyncio.create_task(pool.listen())
        try:
            async with asyncio.timeout(10):
                await act(Staff(pool, listening, theirs, offered, redacted, faults))
        finally:
            listening.cancel()
            for channel in (*ours, *theirs):
                channel.close()
            await asyncio.gather(listening, *workers, return_exceptions=True)

    asyncio.run(run())


def make_source(name: str) -> Source:
    record = SourceRecord(name, f"/{name}.log", f"/{name}.log", 1, 1, 0, 0, b"", b"", 0)
    return Source(record, FileInput(path=[record.path]), make_assembler)


def make_assembler(source: Source, epoch: int) -> Assembler:
    return Assembler(
        source.section, source=source.id, run=source.run, epoch=epoch, path=source.path,
        max_event_bytes=900_000, days=IndexDays(Config().retention.keep),
    )  # fmt: skip


def lines(first: int, last: int) -> str:
    return "".join(f"2026-11-21T06:24:28Z INFO shop - number {n}\n" for n in range(first, last))


def in_the_broker(folder: Path) -> Iterator[tuple[bytes, bytes]]:
    async def read() -> list[tuple[bytes, bytes]]:
        broker = LocalBroker(folder / "broker", LocalBrokerSection())
        subscription = await broker.subscription(group="g")
        found: list[tuple[bytes, bytes]] = []
        while batches := await subscription.receive(max_messages=1000, timeout_s=0):
            found += [(m.key, m.value) for batch in batches for m in batch.messages]
        await subscription.close()
        await broker.close()
        return found

    yield from asyncio.run(read())


def test_workers_make_what_one_process_makes(tmp_path: Path) -> None:
    texts = {name: (lines(0, 30), lines(30, 40) + "\tat a.B.c(D.java:1)\n") for name in "abcde"}

    async def act(staff: Staff) -> None:
        sources = [make_source(name) for name in texts]
        for piece in (0, 1):
            for source in sources:
                await staff.pool.quiet(source)
                await staff.give(source, texts[source.id][piece])
        for source in sources:
            await staff.pool.quiet(source)
            assert staff.pool.has_room(source)
            await staff.pool.flush(source, read_ns=READ_NS)
        await staff.publish()
        assert all(source.pending == b"" for source in sources)
        assert all(source.tally.lines_read == source.tally.lines_in_flight for source in sources)
        assert [batch.sequence for batch in staff.offered] == [1, 2]

    with_staff(tmp_path, 2, act)
    expected = []
    for name, pieces in texts.items():
        source = make_source(name)
        parts = [source.take(piece.encode(), read_ns=READ_NS) for piece in pieces]
        parts.append(source.flush(read_ns=READ_NS))
        expected += [(m.key, m.value) for part in parts for m in part.messages]
    assert len(expected) == 5 * 40
    assert sorted(in_the_broker(tmp_path)) == sorted(expected)


@pytest.mark.usefixtures("faults_are_expected")
def test_a_fault_that_a_worker_meets_is_told_and_the_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Normaliser, *_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr(Normaliser, "normalise", fail)

    async def act(staff: Staff) -> None:
        for name in "ab":
            source = make_source(name)
            await staff.give(source, lines(0, 3))
            await staff.pool.quiet(source)
            await staff.pool.flush(source, read_ns=READ_NS)
        await staff.publish()
        (kind,) = staff.faults
        assert kind.startswith("KeyError in ")
        assert staff.faults[kind] == 6

    with_staff(tmp_path, 2, act)
    assert len({orjson.loads(value)["event"]["id"] for _, value in in_the_broker(tmp_path)}) == 6


def test_sources_are_divided_and_stay_where_they_are(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        sources = [make_source(name) for name in "abcd"]
        for source in sources:
            await staff.give(source, lines(0, 2))
        first = [set(desk.known) for desk in staff.pool._desks]
        assert [len(known) for known in first] == [2, 2]
        for source in reversed(sources):
            await staff.pool.quiet(source)
            await staff.give(source, lines(2, 4))
        assert [set(desk.known) for desk in staff.pool._desks] == first
        await staff.publish()
        staff.pool.forget(sources[0])
        assert sum(len(desk.known) for desk in staff.pool._desks) == 3

    with_staff(tmp_path, 2, act)


def test_a_source_waits_while_it_is_in_the_making(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        source = make_source("a")
        source.next_look = 7.0
        await staff.give(source, lines(0, 2))
        assert source.read_offset == len(lines(0, 2))
        assert not staff.pool.has_room(source)
        assert source.next_look == math.inf
        await staff.pool.quiet(source)
        assert source.next_look == 7.0
        assert staff.pool.has_room(source)

    with_staff(tmp_path, 2, act)


def test_sources_wait_for_room_and_are_called_in(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        sources = [make_source(name) for name in "abcdef"]
        for source in sources[:3]:
            await staff.give(source, lines(0, 2))
        assert [staff.pool.has_room(source) for source in sources[3:]] == [False] * 3
        assert [source.next_look for source in sources[3:]] == [math.inf] * 3
        for source in sources[:3]:
            await staff.pool.quiet(source)
        assert [source.next_look < math.inf for source in sources[3:]] == [True] * 3

    with_staff(tmp_path, 1, act)


def test_who_has_nothing_to_give_lets_the_next_one_in(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        busy = [make_source(f"busy{n}") for n in range(3)]
        silent = [make_source(f"silent{n}") for n in range(12)]
        for source in busy:
            await staff.give(source, lines(0, 2))
        for source in silent:
            assert not staff.pool.has_room(source)
        for source in busy:
            await staff.pool.quiet(source)
        looked: list[Source] = []
        while called := [s for s in silent if s.next_look < math.inf and s not in looked]:
            assert staff.pool.has_room(called[0])  # is looked at, and gives nothing
            looked.append(called[0])
        assert len(looked) == 12

    with_staff(tmp_path, 1, act)


def test_a_new_epoch_begins_anew_with_its_worker(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        source = make_source("a")
        await staff.give(source, lines(0, 2))
        await staff.pool.quiet(source)
        assert staff.pool.has_room(source)
        await staff.pool.flush(source, read_ns=READ_NS)
        await staff.pool.quiet(source)
        source.start_anew()
        await staff.give(source, lines(5, 7))
        await staff.publish()
        runs = [segment.run for batch in staff.offered for segment in batch.segments]
        assert runs == [source_run("a", 0), source_run("a", 0), source_run("a", 1)]

    with_staff(tmp_path, 1, act)


def test_what_workers_redact_is_counted(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        source = make_source("a")
        await staff.give(source, lines(0, 2).replace("number", "password=hunter2"))
        await staff.publish()
        assert staff.redacted["password"] >= 1

    with_staff(tmp_path, 1, act)


def test_nothing_is_said_to_a_worker_that_is_gone(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        staff.ends[0].close()
        with pytest.raises(ExceptionGroup):
            await staff.listening
        for name in "abc":
            await staff.give(make_source(name), lines(0, 2))

    with_staff(tmp_path, 1, act)


def test_a_lost_worker_is_told(tmp_path: Path) -> None:
    async def act(staff: Staff) -> None:
        staff.ends[1].close()
        with pytest.raises(ExceptionGroup) as caught:
            await staff.listening
        (lost,) = caught.value.exceptions
        assert isinstance(lost, WorkerLost)
        assert str(lost).startswith("worker 2: ")

    with_staff(tmp_path, 2, act)
