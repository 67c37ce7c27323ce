"""What is counted of documents, added up: by what, how many, how long, in which minutes?"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from logboom.event import epoch_us
from logboom.status import DURATION_ENDS_S
from logboom.store import Document
from processor.rolling.touching import touched_minutes
from processor.tagging import ERROR_TAG

DURATION_ENDS_NS = array("d", (end * 1e9 for end in DURATION_ENDS_S))
"""Ends of the buckets that durations are counted in; one more lies behind the last."""

UNUSUAL = "other"
"""Stands for a service or level that is no text."""

_NUMBERS = frozenset({int, float})


class Kind(NamedTuple):
    """What events are counted by.

    Attributes:
        service: Its name; None without one.
        level: As it is in the event; None without one.
        is_error: It has the tag.
        status_class: The first digit of its HTTP status, from 1 to 5; 0 for any other and for none.
    """

    service: str | None
    level: str | None
    is_error: bool
    status_class: int


@dataclass(slots=True)
class DurationTally:
    """Durations of one service.

    Attributes:
        counts: By `DURATION_ENDS_NS`.
        sum_ns: Of all of them; negative ones are taken for 0.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(DURATION_ENDS_NS) + 1))
    sum_ns: float = 0.0

    def add(self, other: DurationTally) -> None:
        """Adds others."""
        self.counts = [own + more for own, more in zip(self.counts, other.counts, strict=True)]
        self.sum_ns += other.sum_ns


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of documents.

    Attributes:
        events: How many there are of each kind.
        durations: By service.
        minutes: In which they count, perhaps a few more; µs since the epoch.
    """

    events: Mapping[Kind, int] = field(default_factory=Counter)
    durations: Mapping[str | None, DurationTally] = field(default_factory=dict)
    minutes: Collection[int] = frozenset()


def tally(documents: Sequence[Document]) -> Tally:
    """Counts documents by looking at each of them."""
    glances = _glances([document.value for document in documents])
    durations: dict[str | None, DurationTally] = {}
    for one in glances:
        if one.event is not None and type(one.event.duration) in _NUMBERS:
            of_service = durations.setdefault(_kind(one).service, DurationTally())
            of_service.counts[bisect_left(DURATION_ENDS_NS, one.event.duration)] += 1
            of_service.sum_ns += max(one.event.duration, 0)
    return Tally(Counter(map(_kind, glances)), durations, touched_minutes(documents))


def read_tally(text: str) -> Tally:
    """The counts that the compiled part has written (`native/src/tally.rs`)."""
    events: Counter[Kind] = Counter()
    durations: dict[str | None, DurationTally] = {}
    minutes: set[int] = set()
    for line in text.split("\n")[:-1]:  # names may hold other line breaks
        what, name, *rest = line.split("\t")
        if what == "event":
            level, is_error, status_class, count = rest
            kind = Kind(name or None, level or None, is_error == "1", int(status_class))
            events[kind] += int(count)
        elif what == "duration":
            durations[name or None] = DurationTally([int(one) for one in rest[1:]], float(rest[0]))
        else:
            minutes.add(epoch_us(f"{name}:00Z"))
    return Tally(events, durations, minutes)


def merged(tallies: Iterable[Tally]) -> Tally:
    """All counts together."""
    events: Counter[Kind] = Counter()
    durations: dict[str | None, DurationTally] = {}
    minutes: set[int] = set()
    for one in tallies:
        events.update(one.events)
        for service, some in one.durations.items():
            durations.setdefault(service, DurationTally()).add(some)
        minutes.update(one.minutes)
    return Tally(events, durations, minutes)


class _Service(Struct, gc=False):
    name: Any = None


class _Log(Struct, gc=False):
    level: Any = None


class _Event(Struct, gc=False):
    duration: Any = None


class _Response(Struct, gc=False):
    status_code: Any = None


class _Http(Struct, gc=False):
    response: _Response | None = None


class _Glance(Struct, gc=False):
    """What is counted by."""

    service: _Service | None = None
    log: _Log | None = None
    event: _Event | None = None
    http: _Http | None = None
    tags: Any = None


_DECODER = msgspec.json.Decoder(_Glance)


def _glances(values: Sequence[bytes]) -> Sequence[_Glance]:
    try:
        found: list[_Glance] = _DECODER.decode_lines(b"\n".join(values))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [_glance(value) for value in values]
    return found


def _glance(value: bytes) -> _Glance:
    """A look at one event; at nothing of it where a field is of an unusual type."""
    try:
        return _DECODER.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Glance()


def _kind(glance: _Glance) -> Kind:
    service, log, http, tags = glance.service, glance.log, glance.http, glance.tags
    name = None if service is None else service.name
    level = None if log is None else log.level
    status = None if http is None or http.response is None else http.response.status_code
    return Kind(
        (name or None) if name is None or type(name) is str else UNUSUAL,
        (level or None) if level is None or type(level) is str else UNUSUAL,
        tags is not None and type(tags) is list and ERROR_TAG in tags,
        status // 100 if type(status) is int and 100 <= status <= 599 else 0,
    )
