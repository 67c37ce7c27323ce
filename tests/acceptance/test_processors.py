"""Several processors in one group: one joins, one is killed, one is stopped, all of it under load."""

from __future__ import annotations

import asyncio
import signal

import pytest

from logboom.status import ServiceStatus
from tests.polling import soon
from tests.processors import PATIENCE_S, Load, Processors, stored_once

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PHASE = 12
"""Batches of events around an incident."""


async def test_processors_join_die_and_leave_under_load_and_every_event_is_stored_once(
    processors: Processors, load: Load, elasticsearch: str, unique: str
) -> None:
    await load.publish(1)
    first, second = processors.start("first"), processors.start("second")
    await load.until(
        lambda told: all(_has_stored(told, pid) for pid in (first, second)),
        "two processors share the work",
    )
    third = processors.start("third")
    await load.until(lambda told: _has_stored(told, third), "the third takes its part")
    publishing = asyncio.create_task(load.publish(PHASE))
    processors.end("first", signal.SIGKILL)
    await publishing
    before = (await load.processors())[third].counters["events_stored"]
    publishing = asyncio.create_task(load.publish(PHASE))
    assert await asyncio.to_thread(processors.end, "second", signal.SIGTERM) == 0
    await publishing
    await stored_once(processors, load, elasticsearch, unique)
    assert await _all_that_was_counted(load, third, before) <= load.published
    assert processors.end("third", signal.SIGTERM) == 0
    assert "Traceback" not in processors.said()
    assert sum(lag.messages for lag in await load.broker.lag(group=unique)) == 0


def _has_stored(told: dict[int, ServiceStatus], pid: int) -> bool:
    return pid in told and told[pid].counters["events_stored"] > 0


async def _all_that_was_counted(load: Load, last: int, before: float) -> float:
    """`events_stored` of all processors, once the last one has told all of its own.

    What the killed one stored in its last second it could not tell: so there may be less than all.
    """

    async def all_told() -> dict[int, ServiceStatus] | None:
        told = await load.processors()
        counters = told[last].counters
        answered = counters["events_stored"] + counters["events_duplicate"]
        is_settled = counters["events_consumed"] == answered
        return told if is_settled and counters["events_stored"] > before else None

    told = await soon(all_told, timeout_s=PATIENCE_S, what="the last one tells what it stored")
    assert told is not None
    return sum(status.counters["events_stored"] for status in told.values())
