"""Letters of the shipper and of the processor are one list, and both come back under their old ids."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner

from logboom.broker import ConsumedBatch, Message
from logboom.broker.local import LocalBroker
from logboom.cli.app import make_app
from logboom.clock import ManualClock, SystemClock
from logboom.config import LocalBrokerSection
from logboom.dead import DeadLetters, Letter, LetterHead
from logboom.dead.replaying import replay
from logboom.event import IndexDays, event_id, source_run
from logboom.store import Document, Rejected
from processor.burying import Burial
from processor.preparing import Preparer

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN = source_run("one-list", 0)


def event(offset: int) -> bytes:
    made: dict[str, Any] = {
        "@timestamp": "2026-11-21T11:00:00.000Z",
        "event": {"id": event_id(RUN, offset), "created": "2026-11-21T11:00:01.000Z"},
        "log": {"source": RUN, "offset": offset, "level": "error", "file": {"path": "/a.log"}},
        "message": f"line {offset}",
    }
    return orjson.dumps(made)


def prepared(values: list[bytes]) -> list[Document]:
    batch = ConsumedBatch(0, range(len(values)), [Message(b"k", value) for value in values])
    return Preparer(IndexDays(timedelta(days=90)), ManualClock(NOW)).prepare([batch]).documents


def of_the_shipper(offset: int) -> Letter:
    head = LetterHead(
        event=event_id(RUN, offset), part="shipper", reason="too large", run=RUN, source="s",
        path="/a.log", start=offset, end=offset + 1, lines=1, day="2026-11-21", at_ns=0, size=9,
    )  # fmt: skip
    return Letter(head, event(offset))


async def test_both_are_listed_and_both_are_replayed(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead", max_bytes=2**20)
    letters.bury([of_the_shipper(1)])
    (refused,) = prepared([event(2)])
    await Burial(letters, ManualClock(NOW)).bury([(refused, Rejected("the mapping refuses it"))])

    command = ["dead", "list", "--json", "--data", str(tmp_path)]
    listed = CliRunner().invoke(make_app(), command)
    rows = [json.loads(line) for line in listed.output.splitlines()]
    assert [(row["part"], row["reason"], row["path"]) for row in rows] == [
        ("shipper", "too large", "/a.log"),
        ("processor", "the mapping refuses it", "/a.log"),
    ]
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    done = await replay(letters, broker, SystemClock(), None)
    assert (done.sent, done.refused, letters.heads()) == (2, 0, [])
    subscription = await broker.subscription(group="g")
    batches = await subscription.receive(max_messages=10, timeout_s=0.2)
    again = prepared([message.value for batch in batches for message in batch.messages])
    assert [document.id for document in again] == [event_id(RUN, 1), event_id(RUN, 2)]
    first, second = (document.event for document in again)
    assert second["tags"] == first["tags"] == ["error"]
    assert second["event"] == {**first["event"], "id": event_id(RUN, 2)}
    await subscription.close()
    await broker.close()
