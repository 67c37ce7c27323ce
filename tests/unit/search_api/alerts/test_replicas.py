"""Of several replicas one works, and leads only as long as the state says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from logboom.clock import ManualClock
from logboom.errors import StateUnavailable
from logboom.state import Record
from logboom.state.local import LocalState
from search_api.alerts.leading import lead
from search_api.alerts.seat import seated
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START


async def test_one_of_two_replicas_works_and_the_other_takes_over(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    working: list[str] = []

    def replica(name: str) -> asyncio.Task[None]:
        async def work() -> None:
            working.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                working.remove(name)

        return asyncio.create_task(lead(state, clock, name, work, each_s=0.01))

    async def leads(name: str) -> bool:
        return working == [name]

    one = replica("one")
    await soon(lambda: leads("one"), timeout_s=30, what="one leads")
    other = replica("other")

    # A replica that ends in order hands over at once.
    one.cancel()
    await asyncio.wait([one])
    await soon(lambda: leads("other"), timeout_s=30, what="the other takes over")

    # Of one that is silent the lease ends by itself.
    await state.put("leases", "alerts", {"holder": "gone", "until_ns": clock.now_ns() + 15 * 10**9})
    third = replica("third")
    clock.advance(20)

    async def somebody() -> bool:
        return len(working) == 1

    await soon(somebody, timeout_s=30, what="somebody takes over")
    for task in (other, third):
        task.cancel()
    await asyncio.wait([other, third])
    assert working == []
    await state.close()


async def test_a_leader_stops_in_time_while_the_state_is_away(tmp_path: Path) -> None:
    clock = ManualClock(START)
    away, working = asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    class Sometimes(LocalState):
        """A state that can be away."""

        async def get(self, kind: str, key: str) -> Record | None:
            if away.is_set():
                asked.append(key)
                raise StateUnavailable("does not answer")
            return await super().get(kind, key)

    state = Sometimes(tmp_path, clock)

    async def work() -> None:
        working.set()
        try:
            await asyncio.Event().wait()
        finally:
            working.clear()

    async def has_asked() -> bool:
        return len(asked) > 2

    async def is_over() -> bool:
        return not working.is_set()

    leading = asyncio.create_task(lead(state, clock, "one", work, each_s=0.01))
    await working.wait()
    away.set()
    clock.advance(14)
    await soon(has_asked, timeout_s=30, what="it looks at the lease")
    assert working.is_set()
    clock.advance(2)
    await soon(is_over, timeout_s=30, what="it stops")
    leading.cancel()
    await asyncio.wait([leading])
    await state.close()


async def test_one_process_at_a_time_has_the_seat(tmp_path: Path) -> None:
    path, tries = tmp_path / "state" / "alerts.lock", 0

    async def looks_again() -> bool:
        nonlocal tries
        tries += 1
        return tries > 3

    async def sit(seat: Path) -> None:
        async with seated(seat, each_s=0.001):
            pass

    async with seated(path):
        second = asyncio.create_task(sit(path))
        await soon(looks_again, timeout_s=10, what="the second one has looked")
        assert not second.done()
    await second
