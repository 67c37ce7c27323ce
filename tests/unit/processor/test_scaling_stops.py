"""A machine's processors stop at once when they are told to, whatever is being waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from logboom.broker import Broker
from logboom.clock import SystemClock
from logboom.config import ScaleSection
from processor.scaling import workers as module
from processor.scaling.scaler import Scaler
from processor.scaling.workers import Workers


class SilentBroker:
    """Never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def lag(self, *, group: str) -> Any:
        self.asked.set()
        await asyncio.Event().wait()


class SlowChild:
    """A processor that stops when it is allowed to."""

    all: list[SlowChild]
    may_stop: asyncio.Event
    pid = None

    def __init__(self, name: str, *_: Any, **__: Any) -> None:
        self.name = name
        self.asked = asyncio.Event()
        self.has_stopped = False
        SlowChild.all.append(self)

    def keep(self, _: asyncio.TaskGroup) -> None:
        """Nothing runs."""

    async def stop(self) -> None:
        self.asked.set()
        await SlowChild.may_stop.wait()
        self.has_stopped = True


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[asyncio.TaskGroup], Workers]:
    SlowChild.all, SlowChild.may_stop = [], asyncio.Event()
    monkeypatch.setattr(module, "Child", SlowChild)
    return lambda tasks: Workers({}, {}, SystemClock(), tasks, lambda _: None)


def scaler_of(broker: Any, workers: Workers) -> Scaler:
    section = ScaleSection(min=2, max=3, cooldown=timedelta(seconds=1))
    asked: Broker = broker
    return Scaler(asked, "group", section, workers, SystemClock(), 1)


@pytest.mark.timeout(60)
async def test_a_broker_that_does_not_answer_holds_up_no_stop(
    workers: Callable[[asyncio.TaskGroup], Workers],
) -> None:
    SlowChild.may_stop.set()
    broker, stop = SilentBroker(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scaler_of(broker, workers(tasks)).run(stop))
        await broker.asked.wait()
        stop.set()
        await running
    assert [child.has_stopped for child in SlowChild.all] == [True, True]


@pytest.mark.timeout(60)
async def test_processors_that_are_being_stopped_are_not_forgotten(
    workers: Callable[[asyncio.TaskGroup], Workers],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        made = workers(tasks)
        await made.resize(3)
        shrinking = asyncio.create_task(made.resize(1))
        await SlowChild.all[2].asked.wait()
        shrinking.cancel()
        await asyncio.wait([shrinking])
        ending = asyncio.create_task(made.resize(0))
        await SlowChild.all[0].asked.wait()
        SlowChild.may_stop.set()
        await ending
    assert all(child.has_stopped for child in SlowChild.all)
    assert len(SlowChild.all) == 3


async def test_what_fails_while_scaling_is_raised_after_all_have_stopped(
    workers: Callable[[asyncio.TaskGroup], Workers],
) -> None:
    class Broken:
        async def lag(self, *, group: str) -> Any:
            raise ZeroDivisionError

    SlowChild.may_stop.set()
    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as tasks:
            await scaler_of(Broken(), workers(tasks)).run(asyncio.Event())
    assert raised.group_contains(ZeroDivisionError)
    assert [child.has_stopped for child in SlowChild.all] == [True, True]
