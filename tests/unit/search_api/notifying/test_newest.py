"""What has fired for a while is told with what was measured last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from logboom.clock import ManualClock
from logboom.state.local import LocalState
from search_api.alerts.alert import Alert
from search_api.notifying.client import Client
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.group import KIND, Group
from search_api.notifying.notification import notification_of
from search_api.notifying.outlets import Outlet
from tests.unit.search_api.notifying.stage import EACH, LINKS, Listener, at_once, stage
from tests.unit.search_api.notifying.timeline import START, alert, plan


class World:
    """A dispatcher by a clock that is moved, and what would be measured."""

    def __init__(self, state: LocalState, **settings: Any) -> None:
        self.clock = ManualClock(START)
        self.listener, self.client = Listener(), Client(self.clock)
        self.value, self.asked = 5.0, 0
        self.state = state
        self.plan = plan(route={**EACH, "group_wait": "30s", "repeat_interval": "1h"}, **settings)
        self.dispatcher = self.restarted()

    def restarted(self) -> Dispatcher:
        outlets = {
            name: Outlet(
                name, "webhook", self.listener.deliver, self.client, 5.0, timedelta(hours=4), None,
                lambda _: True,
            )
            for name in self.plan.receivers
        }  # fmt: skip
        return Dispatcher(self.state, self.plan, outlets, self.clock, LINKS, newest=self.newest)

    async def newest(self, told: Sequence[Alert]) -> Mapping[str, Alert]:
        self.asked += 1
        return {
            one.episode: replace(one, value=self.value, annotations={"summary": f"{self.value:g}"})
            for one in told
        }

    async def pass_by(self, seconds: float) -> None:
        """Time goes on, in one step; what is due is decided."""
        self.clock.advance(seconds)
        await self.dispatcher.step()

    async def waiting(self) -> list[tuple[str, float | None, str]]:
        """Kind, value and summary of the messages that wait, as whoever goes on finds them."""
        groups = [Group.from_json(one.key, one.value) for one in await self.state.list(KIND)]
        told = [
            notification_of(group, delivery, LINKS)
            for group in groups
            for delivery in group.pending
        ]
        return [
            (one.kind, one.alerts[0].value, one.alerts[0].annotations["summary"])
            for one in told
            if one is not None
        ]

    async def close(self) -> None:
        await self.client.close()


async def test_the_first_message_tells_what_was_measured_when_it_is_decided(
    state: LocalState,
) -> None:
    world = World(state)
    await stage(state, [alert("Errors1", at=START)])
    await world.pass_by(1)
    assert await world.waiting() == []
    world.value = 20.0
    await world.pass_by(40)
    assert await world.waiting() == [("firing", 20.0, "20")]
    await world.close()


async def test_escalations_and_repeats_tell_what_was_measured_last(state: LocalState) -> None:
    world = World(state, escalation={"steps": [{"after": "5m", "receiver": "head"}]})
    await stage(state, [alert("Errors1", at=START, severity="critical")])
    await world.pass_by(1)
    await world.pass_by(40)
    world.value = 30.0
    await world.pass_by(301)
    assert ("escalation", 30.0, "30") in await world.waiting()
    world.value = 40.0
    await world.pass_by(3_601)
    assert ("repeat", 40.0, "40") in await world.waiting()

    asked = world.asked
    await world.pass_by(1)
    assert world.asked == asked  # nothing is told
    await world.close()


async def test_what_was_taken_over_just_now_is_told_as_it_is(state: LocalState) -> None:
    world = World(state)
    world.plan = at_once(["team"])
    world.dispatcher = world.restarted()
    await stage(state, [alert("Errors1", at=START)])
    await world.pass_by(1)
    assert await world.waiting() == [("firing", 0.2, "Errors1 is bad")]
    assert world.asked == 0
    await world.close()
