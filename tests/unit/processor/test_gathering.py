"""How much is written at once?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from logboom.broker import ConsumedBatch
from logboom.broker.runs import Taken
from logboom.clock import ManualClock
from logboom.config import ProcessorSection
from processor.consuming import Consumer

MIB = 2**20


class _Endless:
    """A subscription that always has as many messages as it is asked for, up to some at once."""

    partitions = frozenset({0})

    def __init__(self, value: bytes, at_once: int) -> None:
        self._value = value
        self._at_once = at_once

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        count = min(max_messages, self._at_once)
        return [ConsumedBatch(0, range(count), Taken([b""] * count, [self._value] * count))]


@pytest.mark.parametrize(
    ("event_bytes", "at_once"), [(300, 20_000), (20_000, 20_000), (20_000, 100), (900_000, 7)]
)
async def test_a_write_is_bounded_by_events_and_by_bytes(event_bytes: int, at_once: int) -> None:
    unused: Any = None
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    consumer = Consumer(unused, unused, ProcessorSection(), unused, unused, unused, unused, clock)
    subscription: Any = _Endless(b"x" * event_bytes, at_once)
    await consumer._gather(subscription, asyncio.Event())  # now it knows how large they are
    for _ in range(2):
        batches = await consumer._gather(subscription, asyncio.Event())
        count = sum(len(batch.messages) for batch in batches)
        size = count * event_bytes
        assert count <= 20_000
        assert size < 64 * MIB + event_bytes
        assert count == 20_000 or size >= 64 * MIB
        assert consumer.has_backlog


async def test_there_is_no_backlog_when_a_write_has_waited_for_more() -> None:
    class Few(_Endless):
        async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
            clock.advance(1)
            return await super().receive(max_messages=3, timeout_s=timeout_s)

    unused: Any = None
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    consumer = Consumer(unused, unused, ProcessorSection(), unused, unused, unused, unused, clock)
    consumer.has_backlog = True
    subscription: Any = Few(b"x", 3)
    assert await consumer._gather(subscription, asyncio.Event())
    assert not consumer.has_backlog


async def test_the_first_write_is_bounded_too() -> None:
    unused: Any = None
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    consumer = Consumer(unused, unused, ProcessorSection(), unused, unused, unused, unused, clock)
    subscription: Any = _Endless(b"x" * 20_000, 20_000)
    batches = await consumer._gather(subscription, asyncio.Event())
    assert sum(len(batch.messages) for batch in batches) < 5_000


class _Noisy:
    """A subscription to four partitions in turn: three always have all that is wanted, one has little."""

    partitions = frozenset(range(4))

    def __init__(self) -> None:
        self._turn = 0

    async def receive(self, *, max_messages: int, timeout_s: float) -> Sequence[ConsumedBatch]:
        partition = self._turn % 4
        self._turn += 1
        count = 3 if partition == 3 else max_messages
        return [ConsumedBatch(partition, range(count), Taken([b""] * count, [b"x" * 300] * count))]


async def test_a_partition_with_little_is_in_every_write_beside_those_with_much() -> None:
    unused: Any = None
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    consumer = Consumer(unused, unused, ProcessorSection(), unused, unused, unused, unused, clock)
    subscription: Any = _Noisy()
    for _ in range(5):
        batches = await consumer._gather(subscription, asyncio.Event())
        assert {batch.partition for batch in batches} == {0, 1, 2, 3}
        assert sum(len(batch.messages) for batch in batches) == 20_000
