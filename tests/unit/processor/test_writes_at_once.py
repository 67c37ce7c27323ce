"""Several writes are under way at once, and positions never pass one that is not settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from logboom.broker import Broker, ConsumedBatch, Message, Unreadable
from logboom.clock import ManualClock
from logboom.config import ProcessorSection
from logboom.errors import (
    AlreadyRunning,
    BrokerUnavailable,
    StateUnavailable,
    StoreUnavailable,
)
from logboom.event import IndexDays
from logboom.retrying import Backoff
from logboom.store import Document, Outcome, Rejected, Store
from processor.consuming import Consumer
from processor.preparing import Preparer
from processor.tallying import Tally
from tests.rollups import happening

TIME = "2026-03-14T09:00:00.000Z"
EVENTS = 10
"""In each write."""

Answer = Outcome | Rejected | Exception


class Surroundings:
    """All that a consumer works with: messages without end, and a store that answers when a test says so.

    Args:
        at_once: Writes that the store takes at once.
    """

    partitions = frozenset({0})

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.asked: list[asyncio.Future[Answer]] = []
        self.under_way = 0
        self.done: list[str] = []
        self.has_state = True
        self.has_broker = True
        self.closed = 0
        self._next = 0
        self.unreadable_at: int | None = None
        preparer = Preparer(
            IndexDays(timedelta(days=90)), ManualClock(datetime(2026, 3, 14, 9, 1, tzinfo=UTC))
        )
        self.consumer = Consumer(
            cast("Broker", self), cast("Store", self), ProcessorSection(batch_events=EVENTS),
            preparer, self.bury, self.mark, self.count, ManualClock(datetime(2026, 3, 14, tzinfo=UTC)),
        )  # fmt: skip

    async def writer(self) -> Any:
        return self

    async def subscription(self, *, group: str) -> Any:
        if not self.has_broker:
            raise BrokerUnavailable("no broker", where="nowhere")
        return self

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        first, self._next = self._next, self._next + EVENTS
        if first == self.unreadable_at:
            return [ConsumedBatch(0, (), (), Unreadable("t", 0, first, self._next - 1, "no gzip"))]
        values = [happening(n, TIME, service="shop").value for n in range(first, self._next)]
        return [ConsumedBatch(0, range(first, self._next), [Message(b"", v) for v in values])]

    async def write(self, documents: Sequence[Document]) -> Sequence[Outcome | Rejected]:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        self.under_way += 1
        try:
            found = await answer
        finally:
            self.under_way -= 1
        if isinstance(found, Exception):
            raise found
        return [found] * len(documents)

    async def bury(
        self, refused: Sequence[tuple[Document, Rejected]], unreadable: Sequence[Unreadable]
    ) -> None:
        if refused:
            self.done.append(f"buried {len(refused)}")
        self.done += [f"buried unreadable {found.first}" for found in unreadable]

    async def mark(self, _tally: Tally) -> None:
        if not self.has_state:
            raise StateUnavailable("no state", where="nowhere")
        self.done.append("marked")

    def count(self, _tally: Tally) -> None:
        self.done.append("counted")

    async def commit(self, positions: Mapping[int, int]) -> None:
        self.done.append(f"committed {positions[0]}")

    async def close(self) -> None:
        self.closed += 1

    def health(self) -> tuple[bool, str | None]:
        return self.consumer.waits_in_vain, self.consumer.counts.waiting_for

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The consumer consumes, until it is cancelled."""
        running = asyncio.create_task(self.consumer.run(asyncio.Event()))
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def turns() -> None:
    """Lets everything happen that waits for nothing."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_no_more_writes_are_under_way_than_the_store_takes(at_once: int) -> None:
    around = Surroundings(at_once)
    async with around.at_work():
        for number in range(7):
            await turns()
            assert around.under_way == at_once
            assert len(around.asked) == number + at_once
            around.asked[number].set_result(Outcome.STORED)


async def test_positions_do_not_pass_a_write_that_is_not_answered() -> None:
    around = Surroundings(2)
    async with around.at_work():
        await turns()
        around.asked[1].set_result(Outcome.STORED)
        await turns()
        assert around.done == []
        around.asked[0].set_result(Outcome.STORED)
        await turns()
        assert around.done == [
            "marked", "counted", "committed 10", "marked", "counted", "committed 20",
        ]  # fmt: skip


@pytest.mark.parametrize("at", [0, EVENTS])
async def test_what_cannot_be_read_is_buried_before_the_position_passes_it(at: int) -> None:
    around = Surroundings(1)
    around.unreadable_at = at
    async with around.at_work():
        for number in range(4):
            await turns()
            around.asked[number].set_result(Outcome.STORED)
        await turns()
        buried = around.done.index(f"buried unreadable {at}")
        before = [one for one in around.done[:buried] if one.startswith("committed")]
        behind = [one for one in around.done[buried:] if one.startswith("committed")]
        assert before == ["committed 10"] * (at > 0)
        assert int(behind[0].removeprefix("committed ")) > at
        assert around.consumer.counts.rejected == EVENTS
        assert around.consumer.counts.stored > EVENTS


async def test_what_waits_to_be_settled_is_bounded() -> None:
    around = Surroundings(2)
    around.has_state = False
    async with around.at_work():
        for number in range(3):
            await turns()
            around.asked[number].set_result(Outcome.STORED)
        await turns()
        assert (len(around.asked), around.under_way) == (3, 0)
        assert around.done == []
        assert around.consumer.counts.waiting_for == "nowhere: no state"


async def test_a_write_that_fails_is_written_again_while_the_other_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backoff, "next_wait_s", lambda _: 0.0)
    around = Surroundings(2)
    async with around.at_work():
        await turns()
        around.asked[0].set_result(StoreUnavailable("no store", where="nowhere"))
        around.asked[1].set_result(Outcome.STORED)
        await turns()
        assert (len(around.asked), around.under_way) == (4, 2)
        assert around.done == []
        for answer in around.asked[2:]:
            answer.set_result(Outcome.STORED)
        await turns()
        commits = [one for one in around.done if one.startswith("committed")]
        assert commits == ["committed 10", "committed 20", "committed 30"]


async def test_the_health_says_what_one_write_waits_for_while_others_are_stored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Backoff, "next_wait_s", lambda _: 0.0)
    caplog.set_level("INFO", "logboom.processor")
    around = Surroundings(2)
    async with around.at_work():
        await turns()
        for number in range(2):
            around.asked[number].set_result(StoreUnavailable(f"no day {number}", where="nowhere"))
            await turns()
        around.asked[3].set_result(Outcome.STORED)
        await turns()
        assert around.health() == (True, "nowhere: no day 0")
        around.asked[2].set_result(Outcome.STORED)
        await turns()
        assert around.health() == (False, None)
    assert [record.message for record in caplog.records] == [
        "processing waits: nowhere: no day 0", "processing goes on: the store works again",
    ]  # fmt: skip


async def test_what_the_store_refuses_is_buried_before_its_position_is_committed() -> None:
    around = Surroundings(2)
    async with around.at_work():
        await turns()
        around.asked[0].set_result(Rejected("no date"))
        await turns()
        assert around.done == ["buried 10", "marked", "counted", "committed 10"]
        assert around.consumer.counts.rejected == EVENTS


async def test_what_cannot_be_mended_ends_it_although_another_write_is_under_way() -> None:
    around = Surroundings(2)
    running = asyncio.create_task(around.consumer.run(asyncio.Event()))
    await turns()
    around.asked[1].set_result(AlreadyRunning("another one writes", where="nowhere"))
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await running
    assert around.done == []
    assert around.under_way == 0


async def test_all_that_was_taken_is_settled_before_it_ends() -> None:
    around, stop = Surroundings(2), asyncio.Event()
    running = asyncio.create_task(around.consumer.run(stop))
    await turns()
    stop.set()
    for _ in range(4):
        await turns()
        for answer in around.asked:
            if not answer.done():
                answer.set_result(Outcome.STORED)
    await running
    commits = [one for one in around.done if one.startswith("committed")]
    assert commits == [f"committed {EVENTS * (n + 1)}" for n in range(len(around.asked))]


async def test_the_store_is_let_go_of_also_where_the_broker_was_never_there() -> None:
    around = Surroundings(2)
    around.has_broker = False
    async with around.at_work():
        await turns()
        assert around.health() == (True, "nowhere: no broker")
    assert around.closed == 1
