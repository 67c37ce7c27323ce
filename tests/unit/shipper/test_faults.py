"""A text that meets a fault of logboom's own is a plain event: nothing is lost, and all others go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from logboom.broker import Broker, open_broker
from logboom.clock import SystemClock
from logboom.config import Config, FileInput
from logboom.event import IndexDays, event_id, source_run
from logboom.telemetry import FAULTS
from shipper.events.assembly import Assembler
from shipper.events.faults import FAULT, WITHHELD
from shipper.events.normalise import Normaliser
from shipper.events.splicing import Splicer
from shipper.events.treatment import Treatment
from shipper.parsers.json import JsonParser
from shipper.redaction.redact import Redactor
from shipper.registry.registry import Registry
from shipper.run import Shipper
from tests.polling import soon
from tests.services.process import free_port

READ_NS = 1_795_246_020_116_000_000
READ_TEXT = "2026-11-21T07:27:00.116Z"
POISON = "poison"
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


def poison(patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    """Has a method raise when a word is in one of its texts."""
    real: Callable[..., Any] = getattr(owner, name)

    def poisoned(self: object, *given: Any, **more: Any) -> Any:
        if POISON in repr(given):
            raise KeyError(f"{given}")
        return real(self, *given, **more)

    patch.setattr(owner, name, poisoned)


PARTS = [(Normaliser, "normalise"), (JsonParser, "parse"), (Splicer, "_see"), (Normaliser, "_map")]


@pytest.fixture(params=PARTS, ids=lambda part: f"{part[0].__name__}.{part[1]}")
def poisoned(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    faults_are_expected: None,
) -> None:
    poison(monkeypatch, *request.param)


def assembler(treatment: Treatment, **settings: Any) -> Assembler:
    section = FileInput(path=["x"], **settings)
    return Assembler(
        section, source="s", run=source_run("s", 0), epoch=0, path="/var/log/app.log",
        max_event_bytes=20_000, days=IndexDays(timedelta(days=90)), treatment=treatment,
    )  # fmt: skip


def line(number: int, **more: object) -> str:
    """A line whose names no other has: no shape is learnt of it."""
    text = POISON if number % 10 == 3 else "well"
    fields = {
        "timestamp": "2026-11-21T06:24:28Z",
        "msg": f"{text} {number}",
        f"n{number}": 1,
        **more,
    }
    return orjson.dumps(fields).decode()


def events_of(maker: Assembler, text: str) -> list[dict[str, Any]]:
    made = maker.assemble(text.encode(), offset=0, read_ns=READ_NS, ended=True)
    return [orjson.loads(message.value) for message in made.messages]


@pytest.mark.usefixtures("poisoned")
def test_only_the_text_that_raises_is_a_plain_event() -> None:
    treatment = Treatment()
    text = "".join(f"{line(n)}\n" for n in range(40))
    events = events_of(assembler(treatment, format="json"), text)
    offset = 0
    for number, event in enumerate(events):
        assert event["event"]["id"] == event_id(source_run("s", 0), offset)
        if number % 10 == 3:
            assert event["message"] == line(number)
            assert event["tags"] == [FAULT]
            assert event["@timestamp"] == event["event"]["created"] == READ_TEXT
            assert event["attributes"][FAULT]["reason"].startswith("KeyError in ")
        else:
            assert event["message"] == f"well {number}"
            assert event["@timestamp"] == "2026-11-21T06:24:28.000Z"
            assert "tags" not in event
        offset += len(line(number)) + 1
    assert len(events) == 40
    assert treatment.faults.counts.total() == 4


@pytest.mark.usefixtures("poisoned")
def test_what_is_sent_again_is_the_same() -> None:
    buffer = "".join(f"{line(n)}\n" for n in range(40)).encode()
    first = assembler(Treatment(), format="json").assemble(
        buffer, offset=0, read_ns=READ_NS, ended=True
    )
    assert first.segment is not None
    again = assembler(Treatment(), format="json").assemble_again(first.segment, buffer)
    assert [bytes(m.value) for m in again] == [bytes(m.value) for m in first.messages]


@pytest.mark.usefixtures("faults_are_expected")
def test_the_log_has_each_kind_once_and_nothing_of_the_texts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    caplog.set_level(logging.WARNING)
    maker = assembler(Treatment(), format="json")
    events_of(maker, "".join(f"{line(n)}\n" for n in range(40)))
    events_of(maker, f"{line(3)}\n")
    (record,) = caplog.records
    said = record.getMessage()
    assert "a fault of logboom's own, KeyError in " in said
    assert "in _normalise" in said
    assert f"{POISON} 3" not in said


@pytest.mark.usefixtures("faults_are_expected")
def test_secrets_are_replaced_in_plain_events_too(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    written = line(3, password="hunter22", pin={"secret": "hunter23"})
    (event,) = events_of(assembler(Treatment(), format="json"), f"{written}\n")
    assert "hunter2" not in str(event)
    assert event["tags"] == [FAULT, "redacted:password"]
    assert f"{POISON} 3" in event["message"]


@pytest.mark.usefixtures("faults_are_expected")
def test_a_private_key_over_several_events_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    begin, end = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    texts = [begin, f"{POISON} {KEY}", f"well {KEY}", f"{POISON} {KEY}", end, "well after"]
    stamped = "".join(f"2026-11-21 06:24:28 INFO a - {text}\n" for text in texts)
    events = events_of(assembler(Treatment()), stamped)
    assert len(events) == len(texts)
    assert KEY not in str(events)
    assert [FAULT in event.get("tags", ()) for event in events] == [0, 1, 0, 1, 0, 0]


@pytest.mark.usefixtures("faults_are_expected")
def test_where_secrets_cannot_be_looked_for_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, Redactor, "suspects")
    treatment = Treatment()
    events = events_of(assembler(treatment, format="json"), f"{line(3)}\n{line(4)}\n")
    assert [event["message"] for event in events] == [WITHHELD, "well 4"]
    assert events[0]["log"]["offset"] == 0
    assert POISON not in str(events)


@pytest.mark.usefixtures("faults_are_expected")
def test_what_was_around_a_text_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    wrapped = {"log": f"{line(3)}\n", "stream": "stderr", "time": "2026-11-21T06:24:29.5Z"}
    (event,) = events_of(assembler(Treatment()), f"{orjson.dumps(wrapped).decode()}\n")
    assert event["message"] == line(3)
    around = orjson.loads(event["attributes"][FAULT]["around"])
    assert "stderr" in around.values()
    assert "2026-11-21T06:24:29.5Z" in around.values()


@pytest.mark.usefixtures("faults_are_expected")
def test_the_header_of_a_table_stays_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    rows = f"time,level,message\n2026-11-21 06:24:28,INFO,{POISON}\n2026-11-21 06:24:28,WARN,well\n"
    head, plain, well = events_of(assembler(Treatment(), format="csv"), rows)
    assert head["tags"] == ["header"]
    assert plain["tags"] == [FAULT]
    assert (well["message"], well["log"]["level"]) == ("well", "warn")


@pytest.mark.usefixtures("faults_are_expected")
def test_a_fault_that_texts_meet_only_together_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Splicer.splice

    def splice(self: Splicer, texts: Any, *given: Any, **more: Any) -> Any:
        if len(texts) > 1:
            raise KeyError
        return real(self, texts, *given, **more)

    monkeypatch.setattr(Splicer, "splice", splice)
    treatment = Treatment()
    events = events_of(assembler(treatment, format="json"), f"{line(1)}\n{line(2)}\n")
    assert [event["message"] for event in events] == ["well 1", "well 2"]
    assert treatment.faults.counts.total() == 1


def test_tests_see_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, Normaliser, "normalise")
    with pytest.raises(KeyError):
        events_of(assembler(Treatment(), format="json"), f"{line(3)}\n")


async def everything_in(broker: Broker) -> list[dict[str, Any]]:
    subscription = await broker.subscription(group="g")
    found: list[dict[str, Any]] = []
    while batches := await subscription.receive(max_messages=1000, timeout_s=0):
        found += [orjson.loads(m.value) for batch in batches for m in batch.messages]
    await subscription.close()
    return found


@pytest.mark.usefixtures("poisoned")
async def test_a_shipper_goes_on_and_tells(tmp_path: Path) -> None:
    logs, port = tmp_path / "logs", free_port()
    logs.mkdir()
    (logs / "a.log").write_text("".join(f"{line(n)}\n" for n in range(20)))
    listen = {"kind": "http", "http": f"127.0.0.1:{port}"}
    files = {"kind": "file", "path": str(logs / "*.log"), "format": "json"}
    config = Config.model_validate({"data": tmp_path / "data", "inputs": [files, listen]})
    registry = Registry(config.data / "shipper" / "registry.db")
    broker = await open_broker(config)
    shipper, stop = Shipper(config, registry, broker, SystemClock()), asyncio.Event()
    running = asyncio.create_task(shipper.run(stop))

    async def listens() -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{port}/")).is_success
        except httpx.TransportError:
            return False

    await soon(listens, timeout_s=30, what="it listens")
    body = "".join(f'{{"create":{{}}}}\n{line(number)}\n' for number in range(2, 5))
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/_bulk", content=body)
    assert answer.status_code == 200
    assert [item["create"]["status"] for item in answer.json()["items"]] == [201] * 3

    async def is_told() -> bool:
        told = [orjson.loads(one) for one in (await broker.read_status()).values()]
        counters = [counter for one in told for counter in one.get("counters", {}).items()]
        return sum(int(count) for name, count in counters if name.startswith(FAULTS)) == 3

    await soon(is_told, timeout_s=30, what="three faults are told")
    stop.set()
    await running
    events = await everything_in(broker)
    await broker.close()
    registry.close()
    assert len({event["event"]["id"] for event in events}) == len(events) == 23
    plain = [event for event in events if FAULT in event.get("tags", ())]
    assert sorted(orjson.loads(event["message"])["msg"] for event in plain) == [
        f"{POISON} 13", f"{POISON} 3", f"{POISON} 3",
    ]  # fmt: skip
