"""Which events have left the store on purpose? The ledger counts them as stored.

A record is written before anything is deleted, and says so until it is done; after a crash it tells
what is to be finished. Many runs are spread over several records of a bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Literal

from logboom.ledger import Removed
from logboom.state import State, Write

KIND = "days-removed"
_RUNS_AT_ONCE = 4_000
_PAGE = 1_000

Phase = Literal["removing", "removed", "restoring"]


@dataclass(frozen=True, slots=True)
class Removal:
    """A day, or what came of it since, that was dropped or archived.

    Attributes:
        day: The UTC day.
        name: Unique.
        phase: `removing` and `restoring`: the store may hold the events, or not.
        events: How many they are.
        runs: Events by `log.source`.
        at_ns: When it was begun, ns since the epoch.
    """

    day: date
    name: str
    phase: Phase
    events: int
    runs: Mapping[str, int]
    at_ns: int

    @property
    def key(self) -> str:
        """Begin of the keys of its records."""
        return f"{self.day.isoformat()}/{self.name}/"


async def save(state: State, removal: Removal) -> None:
    """Remembers a removal durably.

    Raises:
        StateError: It cannot be remembered.
    """
    writes = [
        Write(KIND, f"{removal.key}{number:06}", _value(removal, runs))
        for number, runs in enumerate(_pieces(removal.runs))
    ]
    await state.put_many(writes)


async def forget(state: State, removal: Removal) -> None:
    """Forgets a removal: its events are in the store again.

    Raises:
        StateError: It cannot be forgotten.
    """
    while records := await state.list(KIND, prefix=removal.key, limit=_PAGE):
        for record in records:
            await state.delete(KIND, record.key)


async def all_removals(state: State, day: date | None = None) -> list[Removal]:
    """What is remembered, by day.

    Args:
        state: Where.
        day: Only of this one.

    Raises:
        StateError: It cannot be read.
    """
    prefix = "" if day is None else f"{day.isoformat()}/"
    found: dict[tuple[str, str], Removal] = {}
    after = ""
    while records := await state.list(KIND, prefix=prefix, after=after, limit=_PAGE):
        for record in records:
            text, name, _ = record.key.split("/")
            _merge(found, text, name, record.value)
        after = records[-1].key
    return list(found.values())


def removed_of(removals: Sequence[Removal]) -> list[Removed]:
    """The same for the ledger."""
    return [
        Removed(run, one.day, events, moving=one.phase != "removed")
        for one in removals
        for run, events in one.runs.items()
    ]


def _merge(
    found: dict[tuple[str, str], Removal], day: str, name: str, value: Mapping[str, Any]
) -> None:
    known = found.get((day, name))
    runs = value["runs"] if known is None else {**known.runs, **value["runs"]}
    found[day, name] = Removal(
        date.fromisoformat(day), name, value["phase"], value["events"], runs, value["at_ns"]
    )


def _pieces(runs: Mapping[str, int]) -> Iterator[dict[str, int]]:
    rows = iter(runs.items())
    yield dict(islice(rows, _RUNS_AT_ONCE))
    while piece := dict(islice(rows, _RUNS_AT_ONCE)):
        yield piece


def _value(removal: Removal, runs: Mapping[str, int]) -> dict[str, Any]:
    return {
        "phase": removal.phase, "events": removal.events, "at_ns": removal.at_ns,
        "runs": dict(runs),
    }  # fmt: skip
