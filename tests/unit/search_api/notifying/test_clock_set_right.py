"""A clock that was ahead and is set right again."""

from __future__ import annotations

from datetime import timedelta

from logboom.clock import ManualClock
from logboom.state.local import LocalState
from tests.polling import soon
from tests.unit.search_api.notifying.stage import SOON_S, TWO, Listener, dispatching, ended, stage
from tests.unit.search_api.notifying.timeline import START, alert


async def test_a_clock_that_was_ahead_puts_an_end_off_by_no_more_than_the_search_needs(
    state: LocalState,
) -> None:
    listeners = {"team": Listener(), "other": Listener()}
    clock, one = ManualClock(START + timedelta(hours=2)), alert("Errors1")
    found_after = timedelta(seconds=30)

    async def begun() -> bool:
        return len(listeners["team"].done) == 1 == len(listeners["other"].done)

    async def over() -> bool:
        return len(listeners["other"].done) == 2

    await stage(state, [one])
    async with dispatching(state, TWO, listeners, clock, found_after=found_after):
        await soon(begun, timeout_s=SOON_S, what="told")
    clock = ManualClock(START + timedelta(minutes=5))  # set right
    await stage(state, [ended(one, START + timedelta(minutes=5))])
    async with dispatching(state, TWO, listeners, clock, found_after=found_after) as dispatcher:
        await soon(over, timeout_s=SOON_S, what="the other one is told of the end")
        (lane,) = [one for name, one in dispatcher._lanes.items() if name == "team"]
        waits = [chain[0].due_s - clock.monotonic() for chain in lane._chains.values()]
        assert waits
        assert max(waits) <= 60
