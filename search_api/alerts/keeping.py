"""How is a rule's state kept together with the transitions that wait to be told?

One record per rule holds both, and is written only over the version that was read: whoever leads no
longer cannot write (docs/adr/0024). What is told of an episode in full is a record of its own, written
before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from logboom.state import Record, State, Write
from search_api.alerts.alert import Alert, AlertState, episode_of
from search_api.alerts.outbox import KIND
from search_api.alerts.states import Key, RuleState, SeriesState

log = logging.getLogger("logboom.alerts")

DETAILS: Final = "alert-detail"
"""Kind of the records with the alerts of episodes; their keys are `group/name#episode`."""

CURSORS: Final = "alert-cursor"
"""Kind of the records that say up to where a group was evaluated."""

ALERT_BYTES: Final = 3_000
"""A transition that waits takes about so much, but for its samples."""

_LARGEST: Final = 230 * 2**10
_PAGE: Final = 1_000
_MOST: Final = 20_000
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a rule.

    Attributes:
        state: Of its series.
        outbox: Transitions that wait to be told, as `search_api.alerts.outbox` reads them.
        sequence: Number of the last transition.
        version: Of the record; None when there is none yet.
    """

    state: RuleState
    outbox: tuple[Mapping[str, Any], ...] = ()
    sequence: int = 0
    version: str | None = None

    def value(self) -> dict[str, Any]:
        """As the state keeps it."""
        return {**self.state.to_json(), "sequence": self.sequence, "outbox": list(self.outbox)}

    @classmethod
    def of(cls, record: Record) -> Kept:
        """Reads a record; of one that cannot be read nothing is known, but it is written over."""
        value = record.value
        try:
            state = RuleState.from_json(value)
            return cls(state, tuple(value["outbox"]), value["sequence"], record.version)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("what was remembered of %s cannot be read: %r", record.key, error)
            return cls(RuleState(""), version=record.version)

    def with_alerts(self, state: RuleState, alerts: Iterable[Alert]) -> Kept:
        """With another state, and more transitions to be told."""
        outbox, sequence = list(self.outbox), self.sequence
        for alert in alerts:
            sequence += 1
            outbox.append({"sequence": sequence, "alert": alert.to_json()})
        return Kept(state, tuple(outbox), sequence, self.version)

    @property
    def fits(self) -> bool:
        """True when the state takes it as one record."""
        return len(orjson.dumps(self.value())) <= _LARGEST

    def room(self, bytes_each: int) -> int:
        """How many more transitions the record takes."""
        used = len(orjson.dumps(self.value()))
        return max(0, (_LARGEST - used) // bytes_each)


@dataclass(slots=True)
class Book:
    """The records of all rules, as this process knows them.

    Args:
        state: Has them.
        is_told: False when nobody takes transitions over: none of them waits.
    """

    state: State
    is_told: bool = True
    kept: dict[str, Kept] = field(default_factory=dict)

    async def read(self) -> None:
        """Reads all of them.

        Raises:
            StateError: They cannot be read.
        """
        records = await _all(self.state, KIND)
        self.kept = {record.key: self._of(record) for record in records}

    async def read_one(self, rule: str) -> None:
        """Reads that of one rule again: somebody else has written it.

        Raises:
            StateError: It cannot be read.
        """
        record = await self.state.get(KIND, rule)
        if record is None:
            self.kept.pop(rule, None)
        else:
            self.kept[rule] = self._of(record)

    def _of(self, record: Record) -> Kept:
        kept = Kept.of(record)
        return kept if self.is_told else replace(kept, outbox=())

    def decided(self, kept: Kept, state: RuleState, alerts: Iterable[Alert]) -> Kept:
        """A record with another state, and more transitions where somebody is to be told of them."""
        return kept.with_alerts(state, alerts if self.is_told else ())

    async def write(self, changed: Mapping[str, Kept]) -> set[str]:
        """Writes records over the versions that were read.

        Args:
            changed: By `group/name`.

        Returns:
            Those that somebody else has written meanwhile; they were read again.

        Raises:
            StateError: Any of them may or may not be written: read all of them again.
        """
        writes = [Write(KIND, rule, one.value(), one.version) for rule, one in changed.items()]
        lost: set[str] = set()
        for record, (rule, one) in zip(
            await _put(self.state, writes), changed.items(), strict=True
        ):
            if record is None:
                lost.add(rule)
                await self.read_one(rule)
            else:
                self.kept[rule] = Kept(one.state, one.outbox, one.sequence, record.version)
        return lost

    def firing(self, rule: str) -> dict[str, tuple[Key, SeriesState]]:
        """What fires of a rule, by episode."""
        kept = self.kept.get(rule)
        series = {} if kept is None else kept.state.series
        return {
            episode_of(rule, key.text, one.fired_us): (key, one)
            for key, one in series.items()
            if one.fired_us is not None
        }

    async def forget(self, rule: str) -> None:
        """Drops the record of a rule that is gone, unless somebody else has written it.

        Raises:
            StateConflict: Somebody has.
            StateError: It may or may not be dropped.
        """
        kept = self.kept.pop(rule, None)
        if kept is not None and kept.version is not None:
            await self.state.delete(KIND, rule, expected=kept.version)


async def write_details(state: State, alerts: Iterable[Alert]) -> None:
    """Keeps alerts in full, for those who look them up; of one episode the last.

    Raises:
        StateError: Some may not be kept.
    """
    last = {detail_key(alert): alert for alert in alerts}
    writes = []
    for key, alert in last.items():
        value = {"alert": alert.to_json()}
        if alert.state is AlertState.RESOLVED:
            before = await state.get(DETAILS, key)
            if before is not None:  # the lines that it fired for say more than those that end it
                value["alert"]["samples"] = before.value["alert"]["samples"]
        writes.append(Write(DETAILS, key, value))
    await _put(state, writes)


def detail_key(alert: Alert) -> str:
    """The key of an alert's record."""
    return f"{alert.rule}#{alert.episode}"


async def details(state: State, *, prefix: str = "") -> list[Alert]:
    """The alerts that are kept in full: those that fire, and those that resolved lately.

    Raises:
        StateError: They cannot be read.
    """
    records = await _all(state, DETAILS, prefix=prefix)
    return [Alert.from_json(record.value["alert"]) for record in records]


async def prune_details(state: State, before_us: int) -> None:
    """Forgets alerts that resolved before a time, and those that were decided before it and never kept.

    Raises:
        StateError: Some may be left.
    """
    book = Book(state)
    await book.read()
    firing = {episode for rule in book.kept for episode in book.firing(rule)}
    for record in await _all(state, DETAILS):
        alert = Alert.from_json(record.value["alert"])
        last = alert.ends_at or alert.starts_at
        if last.timestamp() * 1e6 < before_us and alert.episode not in firing:
            await state.delete(DETAILS, record.key)


async def _all(state: State, kind: str, *, prefix: str = "") -> list[Record]:
    found: list[Record] = []
    while len(found) < _MOST:
        after = found[-1].key if found else ""
        page = await state.list(kind, prefix=prefix, after=after, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            break
    return found


async def _put(state: State, writes: Sequence[Write]) -> list[Record | None]:
    answers: list[Record | None] = []
    for start in range(0, len(writes), _AT_ONCE):
        answers += await state.put_many(writes[start : start + _AT_ONCE])
    return answers
