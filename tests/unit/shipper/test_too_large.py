"""An event that the broker refuses for its size is cut, or becomes a dead letter; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom.broker import Message, OutgoingBatch
from logboom.clock import SystemClock
from logboom.config import FileInput
from logboom.dead import DeadLetters
from logboom.errors import EventsTooLarge
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.fitting import fit
from shipper.delivery.publishing import Publishing
from shipper.delivery.sending import Sender
from shipper.events.assembly import Assembler
from shipper.events.shrinking import shrink
from shipper.registry.registry import Registry, SourceRecord
from shipper.troubles import Troubles
from tests.polling import soon

DAYS = IndexDays(timedelta(days=9000))
RUN = source_run("s", 0)
READ_NS = 1_792_566_000_000_000_000


class Narrow:
    """A broker that takes messages up to a size only, and tells what it took."""

    def __init__(self, limit_bytes: int, *, tells: bool = True) -> None:
        self._limit_bytes = limit_bytes
        self._tells = tells
        self.taken: list[bytes] = []

    waiting_for = None

    async def publisher(self) -> Narrow:
        return self

    async def publish(self, batch: OutgoingBatch) -> None:
        values = [message.value for message in batch.messages]
        large = [n for n, value in enumerate(values) if len(value) > self._limit_bytes]
        self.taken += [value for n, value in enumerate(values) if n not in large]
        if large:
            limit = self._limit_bytes if self._tells else None
            raise EventsTooLarge("too large", positions=large, limit_bytes=limit, where="kafka")

    async def close(self) -> None:
        return


def event(size: int, **more: Any) -> Message:
    content = {
        "@timestamp": "2026-11-21T06:00:00.000Z", "message": "x" * size,
        "log": {"file": {"path": "/a.log"}, "offset": 0}, "attributes": {"a": 1}, **more,
        "event": {"id": "i", "created": "2026-11-21T06:00:00.000Z"},
    }  # fmt: skip
    return Message(b"k", orjson.dumps(content))


def test_a_known_limit_is_met_at_once() -> None:
    fitted = fit({3: event(50_000)}, 10_000)
    assert not fitted.hopeless
    assert 4000 < len(fitted.smaller[3].value) < 10_000
    small = orjson.loads(fitted.smaller[3].value)
    assert (small["event"]["id"], small["tags"]) == ("i", ["truncated"])


def test_without_a_known_limit_it_is_halved_until_nothing_is_left_to_cut() -> None:
    message, sizes = event(50_000), []
    while True:
        fitted = fit({0: message}, None)
        if fitted.hopeless:
            break
        message = fitted.smaller[0]
        sizes.append(len(message.value))
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) < 12
    assert sizes[-1] <= 1024


def test_what_must_stay_may_be_more_than_the_limit_and_ends_the_cutting() -> None:
    value = event(100, labels="y" * 5000).value
    assert len(shrink(value, 10)) > 5000


class Bench:
    """A sender between a registry and a broker, with one source of some lines."""

    def __init__(self, folder: Path, broker: Narrow, *, max_bytes: int = 2**20) -> None:
        self.registry = Registry(folder / "shipper" / "registry.db")
        self.letters = DeadLetters(folder / "dead", max_bytes=max_bytes)
        self.settled: list[Batch] = []
        burial = Burial(self.letters, DAYS, lambda _: "/a.log", SystemClock())
        self.troubles = Troubles()
        publishing = Publishing(broker.publisher, burial, self.troubles)
        self.sender = Sender(
            publishing.publish,
            self.registry,
            self.troubles,
            in_flight=4,
            settled=self.settled.append,
        )
        known = {record.id for record in self.registry.sources()}
        if "s" not in known:
            self.registry.put([SourceRecord("s", "/a.log", "/a.log", 1, 1, 0, 0, b"", b"", 0)])

    def batch(self, text: bytes) -> Batch:
        section = FileInput(path=["/a.log"], format="plain")
        assembler = Assembler(
            section, source="s", run=RUN, epoch=0, path="/a.log", max_event_bytes=900_000, days=DAYS
        )
        made = assembler.assemble(text, offset=0, read_ns=READ_NS, ended=True)
        assert made.segment is not None
        return Batch(1, [made.segment], made.messages, made.size_bytes)

    async def send(self, batch: Batch, *, planned_before: bool = False) -> None:
        await self.sender.offer(batch, planned_before=planned_before)
        self.sender.finish()
        await self.sender.run()

    def record(self) -> SourceRecord:
        (record,) = self.registry.sources()
        return record


TRACE = b"ERROR boom\n  at a.b.C.d(C.java:1)\n  at a.b.C.e(C.java:2)\n" + b"  at x\n" * 500
TEXT = b"INFO one\n" + TRACE + b"INFO two\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    opened: list[Bench] = []

    def make(broker: Narrow, **options: Any) -> Bench:
        for earlier in opened:
            earlier.registry.close()
        opened[:] = [Bench(tmp_path, broker, **options)]
        return opened[0]

    yield make
    opened[0].registry.close()


async def test_what_can_be_cut_arrives_cut_and_counts_as_acknowledged(bench: Any) -> None:
    broker = Narrow(2500)
    used = bench(broker)
    await used.send(used.batch(TEXT))
    assert len(broker.taken) == 3
    assert [b"truncated" in value for value in broker.taken] == [False, False, True]
    record = used.record()
    assert (record.lines_acked, record.lines_dead) == (505, 0)
    assert used.letters.heads() == []


async def test_what_cannot_be_cut_is_buried_whole_with_its_span_and_its_lines(bench: Any) -> None:
    broker = Narrow(0)
    used = bench(broker)
    batch = used.batch(TEXT)
    await used.send(batch)
    assert broker.taken == []
    record = used.record()
    assert (record.lines_acked, record.lines_dead, record.offset) == (0, 505, len(TEXT))
    assert set(record.acked.values()) == {0}
    heads = used.letters.heads()
    assert [(head.start, head.end - head.start, head.lines) for head in heads] == [
        (0, 9, 1), (9, len(TRACE), 503), (9 + len(TRACE), 9, 1),
    ]  # fmt: skip
    (kept,) = used.letters.get(heads[1].event)
    assert kept.value == batch.messages[1].value
    assert (kept.head.path, kept.head.part) == ("/a.log", "shipper")


async def test_a_secret_is_in_no_dead_letter(bench: Any, tmp_path: Path) -> None:
    used = bench(Narrow(0))
    await used.send(used.batch(b"INFO login password=correct-horse-battery\n"))
    assert len(used.letters.heads()) == 1
    for path in (tmp_path / "dead").iterdir():
        assert b"correct-horse" not in path.read_bytes()


async def test_full_dead_letters_hold_back_the_sender_and_say_so(bench: Any) -> None:
    used = bench(Narrow(0), max_bytes=10)
    sending = asyncio.create_task(used.send(used.batch(TEXT)))

    async def waits() -> bool:
        return "dead_letters.max_bytes" in (used.troubles.first or "")

    await soon(waits, timeout_s=10, what="the sender waits")
    assert used.record().offset == 0
    sending.cancel()
    await asyncio.wait([sending])


async def test_a_crash_between_letter_and_checkpoint_counts_nothing_twice(bench: Any) -> None:
    used = bench(Narrow(0))
    batch = used.batch(TEXT)
    used.registry.advance(planned=[batch], acked=[])
    reasons = dict.fromkeys(range(3), "too large")
    await Burial(used.letters, DAYS, lambda _: "/a.log", SystemClock()).bury(batch, reasons)
    again = bench(broker := Narrow(900_000))  # the limit was raised meanwhile
    await again.send(batch, planned_before=True)
    assert len(broker.taken) == 3
    assert again.letters.heads() == []
    assert (again.record().lines_acked, again.record().lines_dead) == (505, 0)
