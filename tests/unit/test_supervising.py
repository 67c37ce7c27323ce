"""A process of our own is started again when it ends, and knows whose it is."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from logboom.clock import SystemClock
from logboom.lifecycle import ENDED
from logboom.supervising import (
    CONFIG_DESCRIPTOR,
    LOG_TO_STDERR,
    WORKER,
    Child,
    Ended,
    Pauses,
    worker_environment,
)
from logboom.supervisor import Supervisor
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
    assert ends[0].how == "ended with status 2"
    assert ends[0].restarts_in_s > 0


async def test_why_it_ended_is_told_to_the_one_that_is_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[Ended] = []
    told: list[str] = []
    started = asyncio.create_subprocess_exec

    async def noted(*arguments: Any, **settings: Any) -> asyncio.subprocess.Process:
        told.append(settings["env"][ENDED])
        return await started(*arguments, **settings)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    child = Child("shipper", ("ship",), {"data": "/dev/null/none"}, SystemClock(), ends.append)

    async def ran_again() -> bool:
        return len(told) >= 2

    async with asyncio.TaskGroup() as tasks:
        child.keep(tasks)
        await soon(ran_again, timeout_s=60, what="it is started again")
        await child.stop()
    assert told[0] == ""
    assert "/dev/null/none" in told[1]


async def test_what_lies_in_the_folder_it_was_started_in_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typer.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    ends: list[Ended] = []
    child = Child("teller", ("no-such-command",), {}, SystemClock(), ends.append)

    async def has_run() -> bool:
        return len(ends) >= 1

    async with asyncio.TaskGroup() as tasks:
        child.keep(tasks)
        await soon(has_run, timeout_s=60, what="it has run")
        await child.stop()
    assert ends[0].how == "ended with status 2"


async def test_what_cannot_be_started_for_want_of_a_process_is_started_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[Ended] = []
    child = Child("teller", ("no-such-command",), {}, SystemClock(), ends.append)
    make, refusals = os.memfd_create, iter([errno.EMFILE])

    def make_unless_refused(name: str) -> int:
        number = next(refusals, None)
        if number is not None:
            raise OSError(number, os.strerror(number))
        return make(name)

    async def has_run() -> bool:
        return len(ends) >= 2

    monkeypatch.setattr(os, "memfd_create", make_unless_refused)
    async with asyncio.TaskGroup() as tasks:
        child.keep(tasks)
        await soon(has_run, timeout_s=60, what="it has run")
        await child.stop()
    assert ends[0].how == "cannot be started (Too many open files)"
    assert ends[1].how == "ended with status 2"


async def test_a_failure_leaves_no_service_running(tmp_path: Path) -> None:
    before = set(psutil.Process().children())

    def begun() -> list[psutil.Process]:
        return [process for process in psutil.Process().children() if process not in before]

    def fail(ended: Ended) -> None:
        raise RuntimeError(ended.service)

    async def both_run() -> bool:
        return len(begun()) == 2

    supervisor = Supervisor({"data": str(tmp_path)}, SystemClock(), fail)
    running = asyncio.create_task(supervisor.run(asyncio.Event(), ["process", "api"]))
    await soon(both_run, timeout_s=60, what="both were started")
    begun()[0].kill()
    with pytest.raises(ExceptionGroup) as failure:
        await running
    assert failure.group_contains(RuntimeError)
    assert begun() == []


def test_workers_log_where_their_parent_does() -> None:
    assert worker_environment(2, {}) == {WORKER: "2", LOG_TO_STDERR: "1"}
    assert worker_environment(1, {CONFIG_DESCRIPTOR: "7"}) == {WORKER: "1"}
    in_turn = {CONFIG_DESCRIPTOR: "7", LOG_TO_STDERR: "1"}
    assert worker_environment(1, in_turn) == {WORKER: "1", LOG_TO_STDERR: "1"}


def test_pauses_grow_to_a_bound_and_begin_anew_after_a_long_life() -> None:
    pauses = Pauses(longest_s=4.0)
    grown = [pauses.after(1.0) for _ in range(8)]
    assert all(later <= 4.0 for later in grown)
    assert all(2.0 <= late <= 4.0 for late in grown[3:]), "it doubles up to the bound"
    assert pauses.after(10.0) <= 0.5
    assert 0.5 <= pauses.after(9.0) <= 1.0
