"""A state with staged alerts, receivers that remember, and a dispatcher that can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from logboom.clock import Clock, SystemClock
from logboom.errors import ReceiverUnreachable
from logboom.state.local import LocalState
from search_api.alerts import outbox
from search_api.alerts.alert import Alert, AlertState, moment_of
from search_api.notifying.client import Client
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.notification import Links, Notification, Outcome
from search_api.notifying.outlets import Outlet
from search_api.notifying.plan import Plan
from tests.polling import soon
from tests.unit.search_api.notifying.timeline import alert, plan

LINKS = Links("http://127.0.0.1:7700")
CLOCK = SystemClock()
SOON_S = 30.0


@dataclass
class Listener:
    """A receiver that honours idempotency keys: what it has done, and how often it was asked."""

    done: dict[str, Notification] = field(default_factory=dict)
    asked: int = 0
    failing: Callable[[int], Outcome | None] = lambda _number: None
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None

    async def deliver(self, notification: Notification, _client: Client) -> Outcome:
        self.asked += 1
        if self.before is not None:
            await self.before()
        outcome = self.failing(self.asked)
        if outcome is not None:
            return outcome
        self.done.setdefault(notification.key, notification)
        if self.after is not None:
            await self.after()
        return Outcome(delivered=True, detail="fine")

    def told(self) -> list[tuple[str, str]]:
        """Episodes with the states that were told, once for each message, sorted."""
        return sorted(
            (alert.episode, alert.state.value) for one in self.done.values() for alert in one.alerts
        )


class Unreachable(Listener):
    """Nobody answers there."""

    async def deliver(self, notification: Notification, client: Client) -> Outcome:
        self.asked += 1
        raise ReceiverUnreachable("does not answer")


@asynccontextmanager
async def dispatching(
    state: Any, plan: Plan, listeners: Mapping[str, Listener], clock: Clock = CLOCK, *,
    give_up_after: timedelta = timedelta(hours=4), limit: tuple[int, timedelta] | None = None,
    counts: Callable[[Notification], bool] = lambda _: True, found_after: timedelta = timedelta(0),
    first_wait_s: float = 0.001, most_wait_s: float = 0.01,
) -> AsyncIterator[Dispatcher]:  # fmt: skip
    """Runs a dispatcher; leaving kills it. `found_after` is that of the receiver `team`."""
    clients = {name: Client(clock) for name in listeners}
    outlets = {
        name: Outlet(
            name, "webhook", one.deliver, clients[name], 5.0, give_up_after, limit, counts,
            found_after=found_after if name == "team" else timedelta(0),
        )
        for name, one in listeners.items()
    }  # fmt: skip
    dispatcher = Dispatcher(
        state, plan, outlets, clock, LINKS,
        poll_s=0.02, first_wait_s=first_wait_s, most_wait_s=most_wait_s,
    )  # fmt: skip
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        for client in clients.values():
            await client.close()


async def stage(state: LocalState, alerts: Sequence[Alert], *, rule: str = "shop/errors") -> None:
    """Puts transitions where deciding leaves them."""
    found = await state.get(outbox.KIND, rule)
    value: dict[str, Any] = {"outbox": [], "next": 0} if found is None else dict(found.value)
    entries = [
        {"sequence": value["next"] + number, "alert": one.to_json()}
        for number, one in enumerate(alerts)
    ]
    value = {"outbox": [*value["outbox"], *entries], "next": value["next"] + len(alerts)}
    expected = None if found is None else found.version
    await state.put(outbox.KIND, rule, value, expected=expected)


async def is_quiet(state: LocalState) -> bool:
    """Nothing is staged, and nothing waits to be delivered."""
    rules = await state.list(outbox.KIND)
    groups = await state.list("alert-group")
    return not any(one.value["outbox"] for one in rules) and not any(
        one.value["pending"] for one in groups
    )


async def until_quiet(state: LocalState) -> None:
    await soon(lambda: is_quiet(state), timeout_s=SOON_S, what="everything is delivered")


def ended(alert: Alert, at: datetime) -> Alert:
    """The same, resolved."""
    return replace(alert, state=AlertState.RESOLVED, ends_at=at)


class Killing:
    """A state that stops for ever behind its n-th call, as a killed process does.

    Args:
        state: The real one.
        calls: So many are carried out.
    """

    def __init__(self, state: LocalState, calls: int) -> None:
        self._state = state
        self._left = calls
        self.killed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._state, name)

        async def counted(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left >= 0:
                return await call(*arguments, **named)
            self.killed.set()
            return await asyncio.get_running_loop().create_future()

        return counted


EACH = {"receiver": "team", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
HOOK = {"webhook": "https://ops.example/hook"}


def at_once(names: Sequence[str], routes: Sequence[Mapping[str, Any]] = ()) -> Plan:
    """A plan under which nothing waits."""
    receivers = [{"name": name} | HOOK for name in names]
    made = plan(receivers=receivers, route=EACH | {"routes": list(routes)})
    none = timedelta(0)
    below = tuple(replace(route, interval=none) for route in made.root.routes)
    return replace(made, root=replace(made.root, interval=none, routes=below))


ONE = at_once(["team"])
TWO = at_once(["team", "other"], [{"continue": True}, {"receiver": "other"}])


def firing(episode: str) -> Alert:
    """An alert of a series of its own."""
    return alert(episode, at=now(), series=episode)


def now() -> datetime:
    return moment_of(CLOCK.now_ns() // 1000)
