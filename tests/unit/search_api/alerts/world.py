"""Engines, a state and events that arrive, all on one clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from logboom.clock import ManualClock, utc_text
from logboom.config import AlertsSection
from logboom.errors import QueryError, StateUnavailable, StoreUnavailable
from logboom.event import Event, epoch_us
from logboom.query.model import Query
from logboom.state import Record, State, Write
from logboom.state.local import LocalState
from logboom.store import TimeRange
from logboom.store.cells import Cell, CellsRequest
from search_api.alerts.alert import Alert
from search_api.alerts.engine import Engine
from search_api.alerts.keeping import _all
from search_api.alerts.lateness import Late
from search_api.alerts.library import Library
from search_api.alerts.outbox import KIND, staged, taken
from search_api.alerts.rule_keeping import KeptRules
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from tests.unit.search_api.alerts.timeline import START, START_US, error

Told = tuple[int, str, str]
Make = Callable[..., "World"]

ERRORS = {"alert": "Errors", "when": "count >= 3", "over": "1m", "where": "tags:error"}
SILENCE = {"alert": "Silence", "when": "absent", "over": "1m", "by": ["service"]}
THREE = [error(31, service={"name": "cart"}), error(32), error(33)]


class ArrivingSource:
    """Events that can be seen from when they have arrived."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._events: list[tuple[int, Event]] = []
        self.is_down = False
        self.longest_us: int | None = None
        self.limits_only: Query | None = None
        self.away_for_us: int | None = None
        self.asked = 0
        self.slow: asyncio.Event | None = None
        self.slow_query: Query | None = None
        self.slow_for_us: int | None = None
        self.is_waiting = False

    def add(self, events: Sequence[Event], *, arrives: float | None = None) -> None:
        """Events that arrive a second after their time, or at a second of the timeline."""
        for event in events:
            at_us = epoch_us(event["@timestamp"]) + US
            if arrives is not None:
                at_us = START_US + round(arrives * US)
            stored = {
                **event,
                "event": {**event.get("event", {}), "ingested": utc_text(at_us * 1000)},
            }
            self._events.append((at_us, stored))

    def _now(self) -> MemorySource:
        if self.is_down:
            raise StoreUnavailable("the store does not answer")
        now_us = self._clock.now_ns() // 1000
        return MemorySource(event for at_us, event in self._events if at_us <= now_us)

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        self.asked += 1
        if self.slow is not None and request.query == self.slow_query:
            await self.slow.wait()
        width_us = request.end_us - request.start_us
        is_limited = self.limits_only in {None, request.query}
        if self.longest_us is not None and is_limited and width_us > self.longest_us:
            raise QueryError("that is too much at once")
        is_counted = request.interval_us == 60 * US  # of what came late
        is_long = self.slow_for_us is not None and width_us > self.slow_for_us
        if self.slow is not None and is_long and not is_counted:
            self.is_waiting = True
            await self.slow.wait()
        if self.away_for_us is not None and not is_counted and width_us > self.away_for_us:
            raise StoreUnavailable("that was too much for it now")
        return await self._now().cells(request)

    async def first_seen(self, fingerprints: Collection[str], since_us: int) -> Mapping[str, int]:
        return await self._now().first_seen(fingerprints, since_us)

    async def samples(self, query: Query, times: TimeRange, limit: int) -> Sequence[Event]:
        return await self._now().samples(query, times, limit)

    async def lacking(self, query: Query, times: TimeRange, fields: Sequence[str]) -> Sequence[str]:
        return await self._now().lacking(query, times, fields)


class FailingState:
    """A state that fails at its n-th write: before or after it was done, as when a process is killed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.fails_at: int | None = None
        self.is_done = False
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    async def _write(self, work: Any) -> Any:
        self.writes += 1
        fails = self.writes == self.fails_at
        if fails and not self.is_done:
            work.close()
            raise StateUnavailable("killed before the write")
        result = await work
        if fails:
            raise StateUnavailable("killed after the write")
        return result

    async def put(self, *args: Any, **more: Any) -> Record:
        result: Record = await self._write(self._state.put(*args, **more))
        return result

    async def put_many(self, writes: Sequence[Write]) -> Sequence[Record | None]:
        result: Sequence[Record | None] = await self._write(self._state.put_many(writes))
        return result


class World:
    """One timeline."""

    def __init__(self, folder: Path, content: Mapping[str, Any], **settings: Any) -> None:
        self.clock = ManualClock(START)
        self.memory = LocalState(folder, self.clock)
        self.state = FailingState(self.memory)
        self.source = ArrivingSource(self.clock)
        self.kept = KeptRules(self.memory, self.clock)
        self.content = dict(content)
        self.section = AlertsSection.model_validate({"settle": "3s", **settings})
        self.late_s = 0.0
        self.most_late_s = 0.0
        self.told: list[Alert] = []
        self.twice: list[Alert] = []
        self._taken: set[tuple[str, str]] = set()

    async def start(
        self, *, is_told: bool = True, late: Callable[[], Awaitable[Late]] | None = None
    ) -> Engine:
        """One engine more."""
        if await self.kept.content(self.content["name"]) is None:
            await self.kept.put(self.content, "")

        async def as_said() -> Late:
            return Late(self.late_s, max(self.late_s, self.most_late_s))

        library = Library(self.section.rules, self.kept)
        return Engine(
            self.state, self.source, library, self.section, self.clock, late=late or as_said,
            is_told=is_told,
        )  # fmt: skip

    async def until(self, second: float, *engines: Engine, takes: bool = True) -> None:
        """Moves on second by second; each engine works in each of them."""
        while self.now < second:
            self.clock.advance(1)
            for engine in engines:
                await engine.step()
            if takes:
                await self.take()

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return (self.clock.now_ns() // 1000 - START_US) / US

    async def take(self) -> None:
        """Takes over what waits, as those who send do."""
        records = [r for r in await _all(self.memory, KIND) if r.value["outbox"]]
        for record in records:
            waiting = staged([record])
            for one in waiting:
                name = (one.alert.episode, one.alert.state.value)
                if name not in self._taken:
                    self._taken.add(name)
                    self.told.append(one.alert)
                else:
                    self.twice.append(one.alert)
            value = taken(record, {one.sequence for one in waiting})
            await self.memory.put_many([Write(KIND, record.key, value, record.version)])

    @property
    def timeline(self) -> list[Told]:
        """What was told: second, state, name of the alert or its service."""
        found = []
        for alert in self.told:
            moment = alert.ends_at or alert.starts_at
            second = round(moment.timestamp()) - START_US // US
            name = alert.labels.get("service.name", alert.labels["alertname"])
            found.append((second, alert.state.value, name))
        return found

    async def close(self) -> None:
        await self.memory.close()


def group_of(*rules: Mapping[str, Any], every: str = "15s") -> dict[str, Any]:
    """A group of rules as YAML would say it."""
    return {"name": "group", "every": every, "rules": list(rules)}
