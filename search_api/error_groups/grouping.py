"""Which groups of errors are there, and what did the user merge or split?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logboom.errors import QueryError
from logboom.event import Event, epoch_us, value_at
from logboom.grouping import GROUPS, MERGES, FirstSight, first_sight, is_fingerprint
from logboom.query.model import And, Exists, Or, Query, Term
from logboom.state import State, Write
from logboom.store import Group, SearchRequest, Store, TimeRange

FINGERPRINT = "error.fingerprint"
MOST_MERGED = 100
"""Fingerprints of one request."""

_MOST_MERGES = 10_000
_MOST_GROUPS = 1_000


@dataclass(slots=True)
class ErrorGroup:
    """Errors that are the same, or that the user takes for the same.

    Attributes:
        fingerprint: Names the group.
        members: All fingerprints of it, its own first.
        count: Events in the range of times asked for.
        first_us: First of them, µs since the epoch, or the group's first ever; None when unknown.
        last_us: Last of them; None without any.
        services: Count per service.
        record: What is durably known of it, or made of a sample; None when neither is there.
        seen: Those of its fingerprints whose errors whoever asks may know of, as far as they were come upon.
    """

    fingerprint: str
    members: list[str]
    count: int = 0
    first_us: int | None = None
    last_us: int | None = None
    services: Counter[str] = field(default_factory=Counter)
    record: FirstSight | None = None
    seen: set[str] = field(default_factory=set)

    def add(self, row: Group) -> None:
        """Counts the events of one fingerprint in."""
        self.count += row.count
        self.first_us = _least(self.first_us, row.first_us)
        self.last_us = row.last_us if self.last_us is None else max(self.last_us, row.last_us)
        self.services.update(row.by)
        self.seen.add(row.value)

    @property
    def told(self) -> list[str]:
        """Its fingerprints that may be told; each of them finds the group."""
        return [name for name in self.members if name in self.seen]


@dataclass(frozen=True, slots=True)
class Listed:
    """Groups, how many there are in all, and whether rare ones may be missing."""

    groups: Sequence[ErrorGroup]
    total: int
    complete: bool


class ErrorGroups:
    """The groups of errors: counted in the store, merged and first seen by the state.

    Args:
        store: Has the events.
        state: Has the records and the merges.
        sees: Whether whoever asks may know of errors of a service.
    """

    def __init__(
        self, store: Store, state: State, sees: Callable[[str], bool] = lambda _service: True
    ) -> None:
        self._store = store
        self._state = state
        self._sees = sees

    async def list(self, query: Query, times: TimeRange, *, sort: str, limit: int) -> Listed:
        """The groups that have errors among the matches.

        Args:
            query: Which events.
            times: Of which times.
            sort: `count`, `last_seen` or `first_seen`, the largest first.
            limit: So many at most.

        Raises:
            QueryError: The query cannot be used.
            StoreUnavailable: Ask again later.
            StateUnavailable: Ask again later.
        """
        errors = And((query, Exists(FINGERPRINT)))
        found = await self._store.groups(
            errors, times, field=FINGERPRINT, by="service.name", size=_MOST_GROUPS
        )
        merges = await self._merges()
        groups: dict[str, ErrorGroup] = {}
        for row in found.rows:
            name = merges.target(row.value)
            if name not in groups:
                groups[name] = ErrorGroup(name, merges.members(name))
            groups[name].add(row)
        if sort == "first_seen":  # which the events alone do not know
            await self._complete(groups.values())
        ranked = sorted(groups.values(), key=lambda group: _rank(group, sort))[:limit]
        await self._complete(ranked)
        return Listed(ranked, len(groups), found.complete)

    async def get(self, fingerprint: str, query: Query, times: TimeRange) -> ErrorGroup | None:
        """One group, by any of its fingerprints; None when nothing is known of it.

        Raises:
            StoreUnavailable: Ask again later.
            StateUnavailable: Ask again later.
        """
        if not is_fingerprint(fingerprint):
            return None
        merges = await self._merges()
        name = merges.target(fingerprint)
        group = ErrorGroup(name, merges.members(name))
        for first in range(0, len(group.members), _MOST_GROUPS):
            errors = And((query, _any_of(group.members[first : first + _MOST_GROUPS])))
            found = await self._store.groups(
                errors, times, field=FINGERPRINT, by="service.name", size=_MOST_GROUPS
            )
            for row in found.rows:
                group.add(row)
        await self._complete([group])
        return group if group.count or group.record is not None else None

    async def sampled(
        self, fingerprint: str, query: Query, times: TimeRange
    ) -> tuple[ErrorGroup | None, Event | None]:
        """One group as of `get`, with its newest event."""
        group = await self.get(fingerprint, query, times)
        return group, None if group is None else await self.sample(group)

    async def sample(self, group: ErrorGroup) -> Event | None:
        """The newest event of a group that the store still has."""
        request = SearchRequest(_any_of(group.members), limit=1, count_limit=1)
        events = (await self._store.search(request)).events
        return events[0] if events else None

    async def merge(self, fingerprints: Sequence[str], into: str) -> ErrorGroup | None:
        """Takes groups for one from now on; what was merged into them comes along.

        Args:
            fingerprints: Of the groups.
            into: The fingerprint that names the group then.

        Returns:
            The group; None when one of them is not known.

        Raises:
            QueryError: There is nothing to merge, or too much.
            StoreUnavailable: Nothing was changed.
            StateUnavailable: Try again.
        """
        names = list(dict.fromkeys([into, *fingerprints]))
        if not 2 <= len(names) <= MOST_MERGED:
            raise QueryError(
                f"a merge takes 2 to {MOST_MERGED} different groups, and {len(names)} are named",
                suggestion="name another group besides `into`"
                if len(names) < 2
                else "merge some of them first, then the others into the same group",
            )
        for name in names:
            if await self.get(name, _any_of([name]), TimeRange()) is None:
                return None
        merges = await self._merges()
        moved = {one for name in names for one in merges.members(merges.target(name))}
        if merges.count + len(moved) > _MOST_MERGES:
            raise QueryError(f"there are {merges.count} merged groups: split some of them first")
        await self._state.delete(MERGES, into)
        await self._state.put_many(
            [Write(MERGES, name, {"into": into}) for name in sorted(moved - {into})]
        )
        return await self.get(into, Exists(FINGERPRINT), TimeRange())

    async def split(self, fingerprint: str, members: Sequence[str]) -> Sequence[str]:
        """Undoes merges into a group.

        Args:
            fingerprint: Names the group.
            members: Which fingerprints become groups again; none: all of them.

        Returns:
            Those that did.

        Raises:
            StateUnavailable: Try again.
        """
        merges = await self._merges()
        into = merges.target(fingerprint)
        merged = merges.members(into)[1:]
        chosen = [name for name in merged if not members or name in members]
        if chosen:
            await self._straighten(merges, into, [name for name in merged if name not in chosen])
        for name in chosen:
            await self._state.delete(MERGES, name)
        return chosen

    async def _straighten(self, merges: _Merges, into: str, members: Sequence[str]) -> None:
        """Merges members right into their group that are so by way of others, or all around.

        Those who merge at once make such ways, as none sees what the others do.
        """
        writes = [
            Write(MERGES, name, {"into": into}) for name in members if merges.into(name) != into
        ]
        if writes:
            await self._state.put_many(writes)
        if merges.into(into) is not None:
            await self._state.delete(MERGES, into)

    async def _merges(self) -> _Merges:
        records = await self._state.list(MERGES, limit=_MOST_MERGES)
        return _Merges({record.key: str(record.value["into"]) for record in records})

    async def _complete(self, groups: Iterable[ErrorGroup]) -> None:
        await asyncio.gather(*(self._fill(group) for group in groups if group.record is None))

    async def _fill(self, group: ErrorGroup) -> None:
        """Adds what outlives the events."""
        if self._sees(""):
            group.seen.update(group.members)
        for name in group.members:
            kept = await self._state.get(GROUPS, name)
            if kept is None:
                continue
            record = FirstSight.of(kept.value)
            if not self._sees(record.service):
                continue
            group.record = group.record or record
            group.seen.add(name)
            group.first_us = _least(group.first_us, _time(record.first_seen))
        if group.record is None and (event := await self.sample(group)) is not None:
            group.record = first_sight(event)
            group.seen.add(str(value_at(event, FINGERPRINT)))


def _any_of(fingerprints: Sequence[str]) -> Query:
    terms = tuple(Term(FINGERPRINT, name) for name in fingerprints)
    return terms[0] if len(terms) == 1 else Or(terms)


class _Merges:
    """What belongs to what, worked out once for many questions."""

    def __init__(self, into: Mapping[str, str]) -> None:
        self._into = into
        self.count = len(into)
        self._members: dict[str, list[str]] = {}
        for name in sorted(into):
            target = self.target(name)
            if name != target:
                self._members.setdefault(target, []).append(name)

    def into(self, name: str) -> str | None:
        """What a fingerprint was merged into itself."""
        return self._into.get(name)

    def target(self, name: str) -> str:
        """The group that a fingerprint belongs to."""
        way = [name]
        while (following := self._into.get(way[-1])) is not None:
            if following in way:  # two users at once have made a ring
                return min(way[way.index(following) :])
            way.append(following)
        return way[-1]

    def members(self, name: str) -> list[str]:
        """All fingerprints of a group, its own first."""
        return [name, *self._members.get(name, ())]


def _rank(group: ErrorGroup, sort: str) -> tuple[Any, ...]:
    times = {"last_seen": group.last_us, "first_seen": group.first_us}
    return (-(times.get(sort) or 0), -group.count, group.fingerprint)


def _least(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return min(known) if known else None


def _time(text: str) -> int | None:
    try:
        return epoch_us(text)
    except (ValueError, OverflowError):
        return None
