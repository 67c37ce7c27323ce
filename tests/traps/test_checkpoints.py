"""What is remembered, and when: nothing before the ack, in order, and safe from damage."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from logboom.broker import OutgoingBatch
from logboom.config import Config
from logboom.dead import DeadLetters
from logboom.event import IndexDays
from shipper.delivery.burying import Burial
from shipper.delivery.publishing import Publishing
from shipper.delivery.sending import Sender
from shipper.registry.registry import Registry
from shipper.troubles import Troubles
from tests.polling import soon
from tests.traps.conftest import Make
from tests.traps.shipping import Shipping, append

TRACE = "2026-11-21T06:24:28Z ERROR shop - it broke\njava.lang.IllegalStateException: no\n"


def checkpoint(shipping: Shipping) -> int:
    (record,) = shipping.registry.sources()
    return record.offset


def test_nothing_moves_before_the_ack(make: Make, log: Path) -> None:
    append(log, 0, 20)
    shipping = make(acknowledge=False)
    shipping.look()
    assert len(shipping.events) == 20
    assert checkpoint(shipping) == 0
    again = shipping.restart()
    assert sum(len(batch.messages) for batch in again) == 20
    shipping.planned = list(again)
    shipping.acknowledge(again)
    assert checkpoint(shipping) == log.stat().st_size
    shipping.look()
    assert len(shipping.events) == 20


def test_what_is_sent_again_after_a_rotation_is_the_same_text(make: Make, log: Path) -> None:
    append(log, 0, 20)
    shipping = make("app*", acknowledge=False)
    shipping.look()
    sent = [message.value for batch in shipping.planned for message in batch.messages]
    log.rename(log.with_name("app-20261121.log"))
    again = shipping.restart()
    assert [message.value for batch in again for message in batch.messages] == sent
    shipping.planned = list(again)
    shipping.acknowledge(again)
    append(log.with_name("app-20261121.log"), 20, 21)
    shipping.look()
    paths = {orjson.loads(m.value)["log"]["file"]["path"] for b in again for m in b.messages}
    assert paths == {str(log)}
    assert shipping.events[-1]["service"] == {"name": "app"}


class LateBroker:
    """Acknowledges each batch when it is told to."""

    def __init__(self) -> None:
        self.acks: dict[int, asyncio.Event] = {}

    waiting_for = None

    async def publisher(self) -> LateBroker:
        return self

    async def publish(self, batch: OutgoingBatch) -> None:
        await self.acks.setdefault(batch.sequence, asyncio.Event()).wait()

    async def close(self) -> None:
        """Nothing is open."""


def test_acks_out_of_order_move_nothing_past_a_gap(make: Make, log: Path, tmp_path: Path) -> None:
    append(log, 0, 5_000)
    shipping = make(acknowledge=False)
    shipping.look()
    first, second, *_ = shipping.planned
    shipping.registry.advance(planned=[], acked=[])
    settled: list[int] = []
    letters = DeadLetters(tmp_path / "dead", max_bytes=2**20)
    burial = Burial(letters, IndexDays(Config().retention.keep), lambda _: "/a.log", shipping.clock)
    broker = LateBroker()
    publishing = Publishing(broker.publisher, burial, Troubles())
    sender = Sender(
        publishing.publish, shipping.registry, Troubles(), in_flight=4,
        settled=lambda batch: settled.append(batch.sequence),
    )  # fmt: skip

    async def send() -> None:
        running = asyncio.create_task(sender.run())
        for batch in (first, second):
            await sender.offer(batch, planned_before=True)
        await soon(_is(lambda: len(broker.acks) == 2), timeout_s=5, what="both are under way")
        broker.acks[second.sequence].set()
        for _ in range(50):
            await asyncio.sleep(0)
        assert settled == []
        assert checkpoint(shipping) == 0
        broker.acks[first.sequence].set()
        await soon(_is(lambda: len(settled) == 2), timeout_s=5, what="both are settled")
        sender.finish()
        await running

    asyncio.run(send())
    assert settled == [first.sequence, second.sequence]
    assert checkpoint(shipping) == second.segments[-1].end


def _is(check: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def answer() -> bool:
        return check()

    return answer


def test_what_is_long_gone_is_forgotten_and_nothing_else(make: Make, log: Path) -> None:
    other = log.with_name("other.log")
    append(log, 0, 5)
    append(other, 10, 15)
    shipping = make()
    shipping.look()
    log.unlink()
    shipping.look(passing_s=30)
    shipping.clock.advance(89 * 86_400)
    shipping.look()
    assert len(shipping.registry.sources()) == 2
    shipping.clock.advance(2 * 86_400)
    shipping.look()
    (record,) = shipping.registry.sources()
    assert record.path == str(other)


def test_an_open_multiline_event_holds_the_checkpoint(make: Make, log: Path) -> None:
    append(log, 0, 3)
    begun = log.stat().st_size
    with log.open("a") as file:
        file.write(TRACE)
    shipping = make(multiline={"pattern": r"^\d{4}-", "negate": True, "match": "after"})
    shipping.look(passing_s=1)
    assert checkpoint(shipping) == begun
    with log.open("a") as file:
        file.write("\tat a.B.c(B.java:1)\n")
    shipping.restart()
    append(log, 3, 4)
    shipping.look(passing_s=30)
    assert len(shipping.events) == 5
    texts = [str(event) for event in shipping.events]
    assert any("B.java:1" in text and "it broke" in text for text in texts)


def test_a_damaged_registry_is_set_aside_and_all_is_read_again(make: Make, log: Path) -> None:
    append(log, 0, 20)
    shipping = make()
    shipping.look()
    shipping.stop()
    content = bytearray(shipping.registry_path.read_bytes())
    content[4096 : len(content)] = b"\xa5" * (len(content) - 4096)
    shipping.registry_path.write_bytes(content)
    for ending in ("-wal", "-shm"):
        shipping.registry_path.with_name(f"registry.db{ending}").unlink(missing_ok=True)
    shipping.start()
    assert shipping.registry.set_aside is not None
    assert shipping.registry.set_aside.exists()
    shipping.look()
    assert len(shipping.events) == 40


def test_a_killed_write_leaves_the_state_before_it(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    registry = Registry(path)
    registry.put([], started=True)
    registry.close()
    torn = sqlite3.connect(path, isolation_level=None)
    torn.execute("BEGIN IMMEDIATE")
    torn.execute("DELETE FROM meta")
    log_of_writes = path.with_name("registry.db-wal")
    kept = log_of_writes.read_bytes() if log_of_writes.exists() else b""
    torn.close()
    log_of_writes.write_bytes(kept + b"half a page")
    again = Registry(path)
    assert again.set_aside is None
    assert not again.first_start
    again.close()


def test_files_that_rest_are_looked_at_ever_less_often(make: Make, log: Path) -> None:
    for number in range(210):
        append(log.with_name(f"x{number}y.log"), number, number + 1)
    shipping = make()
    shipping.look()
    assert len(shipping.events) == 210
    for _ in range(8):
        shipping.look(passing_s=60)
    now = shipping.clock.monotonic()
    waits = [source.next_look - now for source in shipping.watcher.sources.values()]
    assert min(waits) > 0
    assert sum(waits) / len(waits) > 1
    append(log.with_name("x7y.log"), 1000, 1001)
    shipping.look(passing_s=20)
    assert len(shipping.events) == 211
