"""A process of our own is started again when it ends, and knows whose it is."""

from __future__ import annotations

import asyncio

from logboom.clock import SystemClock
from logboom.supervising import (
    CONFIG_DESCRIPTOR,
    LOG_TO_STDERR,
    WORKER,
    Child,
    Ended,
    worker_environment,
)
from tests.polling import soon


async def test_what_ends_by_itself_is_told_and_started_again_until_it_is_stopped() -> None:
    ends: list[Ended] = []
    pids: set[int] = set()
    child = Child("teller", ("no-such-command",), {}, SystemClock(), ends.append)
    assert child.pid is None

    async def ran_twice() -> bool:
        if child.pid is not None:
            pids.add(child.pid)
        return len(pids) >= 2

    async with asyncio.TaskGroup() as tasks:
        child.keep(tasks)
        await soon(ran_twice, timeout_s=60, what="it runs a second time")
        await child.stop()
        await child.stop()
    assert child.pid is None
    assert (ends[0].service, ends[0].status) == ("teller", 2)
    assert ends[0].restarts_in_s > 0


def test_workers_log_where_their_parent_does() -> None:
    assert worker_environment(2, {}) == {WORKER: "2", LOG_TO_STDERR: "1"}
    assert worker_environment(1, {CONFIG_DESCRIPTOR: "7"}) == {WORKER: "1"}
    in_turn = {CONFIG_DESCRIPTOR: "7", LOG_TO_STDERR: "1"}
    assert worker_environment(1, in_turn) == {WORKER: "1", LOG_TO_STDERR: "1"}
