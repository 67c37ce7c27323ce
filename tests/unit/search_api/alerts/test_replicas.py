"""Of several replicas one works, and leads only as long as the state says so."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from logboom.clock import ManualClock
from logboom.errors import StateUnavailable
from logboom.state import Record
from logboom.state.local import LocalState
from search_api.alerts.leading import lead
from search_api.alerts.seat import Seat
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


def test_one_at_a_time_has_the_seat(tmp_path: Path) -> None:
    path = tmp_path / "state" / "alerts.lock"
    one, other = Seat(path), Seat(path)
    assert one.take()
    assert one.take()
    assert not other.take()
    one.leave()
    assert other.take()
    assert not one.take()


async def test_who_gets_the_seat_waits_for_no_lease(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    path, working = tmp_path / "alerts.lock", asyncio.Event()
    await state.put("leases", "alerts", {"holder": "died", "until_ns": clock.now_ns() + 15 * 10**9})
    leading = asyncio.create_task(
        lead(state, clock, "one", partial(works, working), seat=Seat(path), each_s=0.01)
    )
    await soon(partial(is_set, working), timeout_s=30, what="it takes over")
    leading.cancel()
    await asyncio.wait([leading])
    assert Seat(path).take()
    await state.close()


async def test_one_that_hangs_keeps_its_seat_and_loses_the_lease(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    hangs = Seat(tmp_path / "alerts.lock")
    assert hangs.take()
    until_ns = clock.now_ns() + 15 * 10**9
    await state.put("leases", "alerts", {"holder": "hangs", "until_ns": until_ns})
    working, looks = asyncio.Event(), 0

    class Looked(Seat):
        """A seat that counts."""

        def take(self) -> bool:
            nonlocal looks
            looks += 1
            return super().take()

    async def has_looked() -> bool:
        return looks > 3

    seat = Looked(tmp_path / "alerts.lock")
    leading = asyncio.create_task(
        lead(state, clock, "other", partial(works, working), seat=seat, each_s=0.01)
    )
    await soon(has_looked, timeout_s=30, what="it looks")
    assert not working.is_set()
    clock.advance(16)
    await soon(partial(is_set, working), timeout_s=30, what="it takes over")

    hangs.leave()  # which it does as soon as it goes on, and sees that it leads no longer

    async def is_taken() -> bool:
        return not Seat(tmp_path / "alerts.lock").take()

    await soon(is_taken, timeout_s=30, what="the one that leads has the seat")
    leading.cancel()
    await asyncio.wait([leading])
    await state.close()


async def test_who_has_lost_the_lease_leaves_its_seat(tmp_path: Path) -> None:
    clock = ManualClock(START)
    state = LocalState(tmp_path, clock)
    working, other = asyncio.Event(), Seat(tmp_path / "alerts.lock")
    leading = asyncio.create_task(
        lead(
            state, clock, "one", partial(works, working), seat=Seat(tmp_path / "alerts.lock"),
            each_s=0.05,
        )
    )  # fmt: skip
    await soon(partial(is_set, working), timeout_s=30, what="it leads")
    assert not other.take()
    until_ns = clock.now_ns() + 25 * 10**9
    await state.put("leases", "alerts", {"holder": "two", "until_ns": until_ns})
    clock.advance(10)

    async def is_left() -> bool:
        return not working.is_set() and other.take()

    await soon(is_left, timeout_s=30, what="it leaves the seat")
    leading.cancel()
    await asyncio.wait([leading])
    await state.close()


async def works(working: asyncio.Event) -> None:
    working.set()
    try:
        await asyncio.Event().wait()
    finally:
        working.clear()


async def is_set(event: asyncio.Event) -> bool:
    return event.is_set()
