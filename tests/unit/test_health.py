"""The health says that a service crashes, also while it happens to run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import ManualClock
from logboom.config import Config, LocalBrokerSection
from logboom.lifecycle import ENDED, SUPERVISED, restarts_in, why_ended_in
from logboom.reporting import Reporter
from logboom.status import ServiceStatus
from logboom.store import open_store
from search_api.pipeline.service_parts import service_parts
from search_api.pipeline.state import PipelineState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def health_of(folder: Path, *, restarts: int, age_s: float) -> dict[str, Any]:
    clock = ManualClock(NOW)
    broker = LocalBroker(folder / "broker", LocalBrokerSection())
    store = await open_store(Config(data=folder), clock=clock)
    try:
        shipper = Reporter(broker, "shipper", "a", clock, restarts=restarts)
        processor = Reporter(broker, "processor", "b", clock)
        shipper.state = processor.state = "running"
        clock.advance(age_s)
        await shipper.post({}, {})
        await processor.post({}, {})
        return await PipelineState(broker, store, "g", folder, clock).health(with_reasons=True)
    finally:
        await store.close()
        await broker.close()


async def test_a_service_that_was_started_again_and_again_is_crashing(tmp_path: Path) -> None:
    health = await health_of(tmp_path, restarts=3, age_s=20)
    assert health["status"] == "degraded"
    assert "shipper a is crashing: started again 3 times within 5 minutes" in health["verdict"]


def told_by(instance: str, at_s: int, **changes: Any) -> ServiceStatus:
    facts: dict[str, Any] = {
        "service": "processor", "instance": instance, "pid": 1, "host": "h", "version": "1",
        "started_ns": at_s * 10**9, "at_ns": at_s * 10**9, "state": "running",
    }  # fmt: skip
    return ServiceStatus(**{**facts, **changes})


def part_of(*services: ServiceStatus, now_s: int) -> tuple[str, str]:
    (part,) = service_parts("processor", services, now_s * 10**9, is_known=True)
    return part["state"], part["detail"]


def test_what_a_service_says_itself_is_not_hidden_by_its_restarts() -> None:
    reason = "the batch at offset 0 is damaged"
    waiting = told_by("h-2", 100, state="waiting", waiting_for=reason, restarts=3)
    state, detail = part_of(waiting, now_s=101)
    assert state == "waiting"
    assert detail.startswith(f"{reason}; started again 3 times")


def test_of_a_service_that_crashes_the_last_words_are_told() -> None:
    died = told_by("h-1", 90, state="waiting", waiting_for="no room")
    elsewhere = told_by("g-1", 99, state="waiting", waiting_for="it is cold", host="g")
    again = told_by("h-2", 100, restarts=3)
    assert part_of(again, now_s=101)[1].endswith("its log says why")
    told = service_parts("processor", [died, elsewhere, again], 101 * 10**9, is_known=True)
    assert told[-1]["state"] == "crashing"
    assert told[-1]["detail"].endswith("last 1 s ago: no room")
    ended = told_by("h-3", 100, restarts=3, ended="its file is damaged", errors=("a line was cut",))
    assert part_of(ended, now_s=101)[1].endswith("last 1 s ago: its file is damaged")
    unknown = told_by("h-4", 100, restarts=3, errors=("a line was cut",))
    assert part_of(unknown, now_s=101)[1].endswith("its log says why")
    assert part_of(died, now_s=120) == ("silent", "silent for 30 s, after: no room")


def test_a_crashing_shipper_says_whether_it_has_looked_at_its_files() -> None:
    def unread(**changes: Any) -> str | None:
        shipper = told_by("h", 100, service="shipper", **changes)
        (part,) = service_parts("shipper", [shipper], 101 * 10**9, is_known=True)
        return part.get("unread")

    assert "lines in them may be unread" in str(unread(restarts=3, looked_ns=0))
    assert "lines in them may be unread" in str(unread(restarts=3, looked_ns=99 * 10**9))
    assert unread(restarts=3, looked_ns=100 * 10**9) is None
    assert unread(restarts=1, looked_ns=0) is None
    assert unread(restarts=3) is None


def test_faults_of_our_own_are_told() -> None:
    counters = {"event_faults:KeyError in a.b:1": 1.0, "event_faults:TypeError in a.b:7": 2000.0}
    state, detail = part_of(told_by("h", 100, counters=counters), now_s=101)
    assert state == "faulty"
    assert detail == (
        "2,001 texts met a fault of logboom's own (TypeError in a.b:7, KeyError in a.b:1) and became"
        " plain events, tagged fault: its log has the trace"
    )
    waiting = told_by("h", 100, counters=counters, state="waiting", waiting_for="no room")
    assert part_of(waiting, now_s=101) == ("waiting", f"{detail}; no room")


@pytest.mark.parametrize(("restarts", "age_s"), [(0, 20), (1, 20), (3, 301)])
async def test_one_restart_or_old_ones_are_forgiven(
    tmp_path: Path, restarts: int, age_s: float
) -> None:
    health = await health_of(tmp_path, restarts=restarts, age_s=age_s)
    assert (health["status"], health["verdict"]) == ("ok", "everything works")


def test_a_service_knows_its_restarts_from_its_supervisor() -> None:
    assert [restarts_in({}), restarts_in({SUPERVISED: "4"})] == [0, 4]
    assert [why_ended_in({}), why_ended_in({ENDED: ""}), why_ended_in({ENDED: "a"})] == [
        None,
        None,
        "a",
    ]
