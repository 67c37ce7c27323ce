"""How do decided alerts become delivered messages, whatever fails in between?

Each step is durable before the one that relies on it: transitions are in groups before the rules'
records forget them, messages are in groups before they are sent, and fates are noted before groups
forget the messages (docs/adr/0025). So a crash repeats steps, and loses none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from logboom.clock import Clock
from logboom.errors import StateConflict, StateError
from logboom.retrying import Backoff
from logboom.state import State
from logboom.telemetry_alerts import ReceiverFigures
from search_api.alerts.alert import Alert, moment_of
from search_api.notifying.counting import figures_of
from search_api.notifying.decide import Decision, decide
from search_api.notifying.gone import Gone
from search_api.notifying.joining import Groups, refreshed, rerouted
from search_api.notifying.keeping import KeptGroups, forget_staged, read_quiet, read_staged
from search_api.notifying.lane import MOST_WAITING, Health, Lane
from search_api.notifying.notification import Links, notification_of
from search_api.notifying.outcomes import Outcomes
from search_api.notifying.outlets import Draw, Outlets
from search_api.notifying.people import People
from search_api.notifying.plan import Plan
from search_api.notifying.trouble import receiver_alerts

log = logging.getLogger("logboom.notifying")

_SETTLED_AT_ONCE: Final = MOST_WAITING // 2
Newest = Callable[[Sequence[Alert]], Awaitable[Mapping[str, Alert]]]
"""What was measured last of alerts that fire still, by episode."""

_PRUNED_EVERY: Final = timedelta(hours=1)


class Dispatcher:
    """Takes alerts over, decides what is told, and has it delivered. One at a time should run.

    Args:
        state: Has the alerts, the groups and the fates.
        plan: What is configured.
        outlets: The receivers by name.
        clock: Asked for the time.
        links: For addresses in messages.
        draw: Makes pictures, for receivers that can show them.
        newest: Asked for what was measured last, for messages about what has fired for a while.
        poll_s: Looks for new alerts so often, at least.
        first_wait_s: Before a message is tried again, about; then twice as long each time.
        most_wait_s: Between two tries, at most.
    """

    def __init__(
        self, state: State, plan: Plan, outlets: Outlets, clock: Clock, links: Links, *,
        draw: Draw | None = None, newest: Newest | None = None, poll_s: float = 1.0, first_wait_s: float = 1.0, most_wait_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._state = state
        self._plan = plan
        self._clock = clock
        self._links = links
        self._newest = newest
        self._poll_s = poll_s
        self._outcomes = Outcomes(state)
        self._counted = {
            name: outlet.limit[1] for name, outlet in outlets.items() if outlet.limit is not None
        }
        self._gone = Gone(self._outcomes, links)
        self._people = People(state, clock)
        self._kept = KeptGroups(state)
        self._groups: Groups = {}
        self._settled: set[str] = set()
        self._lanes = {
            name: Lane(
                outlet, self._outcomes, clock, self._note_settled, draw=draw,
                first_wait_s=first_wait_s, most_wait_s=most_wait_s,
            )
            for name, outlet in outlets.items()
        }  # fmt: skip
        self._news = asyncio.Event()
        self._pruned_at = self._now() - _PRUNED_EVERY

    def wake(self) -> None:
        """Says that there may be something new."""
        self._news.set()

    @property
    def healths(self) -> Mapping[str, Health]:
        """How it goes with each receiver, and with those that are gone while messages waited."""
        return {**self._gone.healths, **{name: one.health for name, one in self._lanes.items()}}

    def figures(self) -> Mapping[str, ReceiverFigures]:
        """How it goes with telling each receiver, for the metrics."""
        return figures_of(
            self._lanes, self._groups.values(), self._settled, self._now(), self._gone.failed
        )

    async def run(self) -> None:
        """Works until it is cancelled; may be called again then: everything is read anew."""
        self._settled.clear()
        for lane in self._lanes.values():
            lane.clear()
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes.values():
                tasks.create_task(lane.run())
            await self._work()

    async def _work(self) -> None:
        backoff, is_read = Backoff(), False
        while True:
            self._news.clear()
            try:
                if not is_read:
                    await self._read()
                    is_read = True
                await self.step()
                backoff.reset()
            except StateError as error:  # what is in the state decides how it goes on
                is_read = False
                level = logging.INFO if isinstance(error, StateConflict) else logging.WARNING
                log.log(level, "alerts wait for the state: %s", error)
                await backoff.wait()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._news.wait()

    async def _read(self) -> None:
        await self._outcomes.read()
        self._groups = await self._kept.read()
        moved = rerouted(self._groups, self._plan, self._now())
        await self._kept.write(self._groups, moved)
        self._groups = moved

    async def step(self) -> None:
        """One round: takes over, decides, writes, forgets, hands on.

        Raises:
            StateError: Something could not be read or written; everything is to be read again.
        """
        now = self._now()
        settled = frozenset(self._settled)
        records, staged = await read_staged(self._state)
        quiet = await read_quiet(self._state)
        alerts = [one.alert for one in staged]
        alerts += receiver_alerts(self.healths, self._groups, now)
        before = _without(self._groups, settled)
        decision = decide(before, alerts, self._plan, quiet, now)
        groups = await self._as_now(decision, now)
        await self._kept.write(self._groups, groups)
        self._groups = groups
        self._settled -= settled
        if staged:
            await forget_staged(self._state, records, staged)
        await self._hand_on(now)
        if now - self._pruned_at >= _PRUNED_EVERY:
            self._pruned_at = now
            await self._outcomes.prune(now, self._counted)
            await self._people.prune()

    async def _as_now(self, decision: Decision, now: datetime) -> Groups:
        """All groups, those that are told of what fired before with what was measured last."""
        told = {episode for one in decision.notifications for episode, _ in one.alerts}
        firing = {
            episode: one.alert for group in decision.groups.values()
            for episode, one in group.members.items()
            if episode in told and one.fires and one.joined_at < now
        }  # fmt: skip
        if not firing or self._newest is None:
            return decision.groups
        return refreshed(decision.groups, await self._newest([*firing.values()]))

    async def _hand_on(self, now: datetime) -> None:
        """Gives waiting messages to the lanes, the oldest first; what has no room waits here."""
        waiting = [
            (delivery, group) for group in self._groups.values() for delivery in group.pending
            if delivery.key not in self._settled
        ]  # fmt: skip
        for delivery, group in sorted(waiting, key=lambda pair: pair[0].decided_at):
            lane = self._lanes.get(delivery.receiver)
            if lane is not None and not lane.wants(delivery.key):
                continue
            notification = notification_of(group, delivery, self._links)
            if lane is None or notification is None:  # the configuration has changed
                is_there = lane is not None
                await self._gone.give_up(delivery, group, now, is_configured=is_there)
                self._note_settled(delivery.key)
            else:
                lane.offer(notification)

    def _note_settled(self, key: str) -> None:
        self._settled.add(key)
        if len(self._settled) >= _SETTLED_AT_ONCE:  # a few can wait for the next round
            self._news.set()

    def _now(self) -> datetime:
        return moment_of(self._clock.now_ns() // 1000)


def _without(groups: Groups, settled: frozenset[str]) -> Groups:
    if not settled:
        return groups
    return {
        key: group.without_pending(settled)
        if any(one.key in settled for one in group.pending)
        else group
        for key, group in groups.items()
    }
