"""What is remembered, and when: nothing before the ack, in order, and safe from damage."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from shipper.registry import Registry
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
    registry.started()
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
