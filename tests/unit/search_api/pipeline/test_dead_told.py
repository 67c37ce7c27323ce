"""Dead letters that wait are a warning in the health, until they are sent again or discarded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.dead import DeadLetters
from logboom.dead.telling import DeadTelling
from logboom.reporting import Reporter
from logboom.status import DeadStatus
from logboom.store import Document, Rejected, open_store
from processor.burying import Burial
from search_api.pipeline.dead_part import dead_part
from search_api.pipeline.state import PipelineState

RUN = "0123456789abc"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def refused(offset: int, reason: str) -> tuple[Document, Rejected]:
    name = f"{RUN}{offset:09}"
    event = {"message": "m", "event": {"id": name}, "log": {"offset": offset}}
    return Document(name, date(2026, 11, 20), orjson.dumps(event), None), Rejected(reason)


async def test_letters_that_wait_are_a_warning_and_go_with_their_replay(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    letters = DeadLetters(tmp_path / "dead", max_bytes=2**20)
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    store = await open_store(Config(data=tmp_path), clock=clock)
    pipeline = PipelineState(broker, store, "g", tmp_path, clock)
    for service in ("shipper", "processor"):
        reporter = Reporter(broker, service, "a", clock)
        reporter.state = "running"
        await reporter.post({}, {})
    assert (await pipeline.health(with_reasons=True))["status"] == "ok"
    await Burial(letters, clock).bury([refused(1, "too old"), refused(2, "too old")])
    clock.advance(1.5)
    await Burial(letters, clock).bury([refused(3, "no such field")])
    health = await pipeline.health(with_reasons=True)
    (part,) = [part for part in health["parts"] if part["name"] == "dead letters"]
    assert part["state"] == "not empty"
    assert part["detail"] == (
        "3 events wait, the latest since 2026-11-21 12:00:01Z: no such field;"
        " mend the cause (`logboom dead list`), then `logboom dead replay --all`, or `discard`"
    )
    assert health["status"] == "degraded"
    assert "dead letters is not empty: 3 events wait" in health["verdict"]
    shown_to_anybody = await pipeline.health(with_reasons=False)
    assert "no such field" not in str(shown_to_anybody)
    assert "3 events wait; mend the cause" in shown_to_anybody["verdict"]
    replay = letters.plan(None, most=10)
    assert replay is not None
    assert (await pipeline.health(with_reasons=True))["status"] == "ok"
    letters.finish(replay, refused={}, at_ns=clock.now_ns())
    assert (await pipeline.health(with_reasons=True))["status"] == "ok"
    await store.close()
    await broker.close()


async def test_letters_of_other_machines_are_told_by_their_services(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    elsewhere = DeadLetters(tmp_path / "elsewhere", max_bytes=2**20)
    await Burial(elsewhere, clock).bury([refused(1, "x" * 500)])
    (entry,) = (await DeadTelling(elsewhere, clock).news()).values()
    status = DeadStatus.model_validate_json(entry)
    assert status.latest_ns == clock.now_ns()
    (part,) = dead_part([status], with_reason=True)
    assert part["detail"].startswith("1 event waits, the latest since 2026-11-21 12:00:00Z: xxx")
    assert len(part["detail"]) < 350
    older = status.model_copy(update={"latest_ns": 0, "latest_reason": "older", "store": "b"})
    (part,) = dead_part([older, status], with_reason=True)
    assert "2 events wait" in part["detail"]
    assert "older" not in part["detail"]


def test_what_an_older_service_tells_has_no_reason() -> None:
    (part,) = dead_part([DeadStatus(store="a", at_ns=1, letters=3, replaying=1)], with_reason=True)
    assert (
        part["detail"]
        == "2 events wait; mend the cause (`logboom dead list`), then `logboom dead replay --all`, or `discard`"
    )
    assert (
        dead_part([DeadStatus(store="a", at_ns=1, letters=3, replaying=3)], with_reason=True) == []
    )
    assert dead_part([], with_reason=True) == []
