"""What was stored since the start, by service and level? For `/metrics`, while it happens.

An event is counted when the store has taken it, once; what the store had already is not counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from logboom.fields import LEVELS
from logboom.status import DURATION_ENDS_S, DurationCounts, LevelCounts, RatesStatus, RequestCounts
from logboom.store import Document, Outcome, Rejected
from processor.tagging import ERROR_TAG

MOST_SERVICES = 100
"""Services with numbers of their own: the first ones seen; all others together are `other`."""

OTHER = "other"
NONE = "none"
_LONGEST_NAME = 200
_LEVELS = frozenset(LEVELS)
_NUMBERS = frozenset({int, float})
_ENDS_NS = tuple(end * 1e9 for end in DURATION_ENDS_S)
_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


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
_Key = tuple[str | None, str | None, bool, int]


@dataclass(slots=True)
class _Durations:
    """Durations of one service.

    Attributes:
        counts: By the ends of the buckets; the last one has no end.
        sum_ns: Of all of them.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(DURATION_ENDS_S) + 1))
    sum_ns: float = 0.0


class Rates:
    """Counts stored events since the start."""

    def __init__(self) -> None:
        self._services: set[str] = set()
        self._events: Counter[tuple[str, str]] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self._requests: dict[str, Counter[str]] = {}
        self._durations: defaultdict[str, _Durations] = defaultdict(_Durations)

    def add(self, documents: Sequence[Document], outcomes: Sequence[Outcome | Rejected]) -> None:
        """Counts those documents that were stored."""
        if outcomes.count(Outcome.STORED) == len(documents):
            values = [document.value for document in documents]
        else:
            rows = zip(documents, outcomes, strict=True)
            values = [document.value for document, answer in rows if answer is Outcome.STORED]
        glances = _glances(values)
        for key, count in Counter(map(_key, glances)).items():
            self._count(key, count)
        for one in glances:
            if one.event is not None and type(one.event.duration) in _NUMBERS:
                self._add_duration(self._label(_key(one)[0]), one.event.duration)

    def status(self, instance: str, at_ns: int) -> RatesStatus:
        """The numbers so far."""
        return RatesStatus(
            instance=instance,
            at_ns=at_ns,
            levels=tuple(
                LevelCounts(service=name, level=level, events=n, errors=self._errors[name, level])
                for (name, level), n in sorted(self._events.items())
            ),
            requests=tuple(
                RequestCounts(service=name, status=status, requests=n)
                for name, counts in sorted(self._requests.items())
                for status, n in counts.items()
            ),
            durations=tuple(
                DurationCounts(service=name, counts=tuple(one.counts), sum_s=one.sum_ns / 1e9)
                for name, one in sorted(self._durations.items())
            ),
        )

    def _count(self, key: _Key, count: int) -> None:
        service, level, is_error, status = key
        name = self._label(service)
        shown = NONE if level is None else level if level in _LEVELS else OTHER
        self._events[name, shown] += count
        self._errors[name, shown] += count if is_error else 0
        if 100 <= status <= 599:
            # All classes at once: a counter that begins at 0 misses no first failure.
            counts = self._requests.setdefault(name, Counter(dict.fromkeys(_CLASSES, 0)))
            counts[_CLASSES[status // 100 - 1]] += count

    def _label(self, service: str | None) -> str:
        """How a service is called on `/metrics`; the first ones keep their names."""
        if not service:
            return NONE
        name = service[:_LONGEST_NAME]
        if name not in self._services:
            if len(self._services) >= MOST_SERVICES:
                return OTHER
            self._services.add(name)
        return name

    def _add_duration(self, service: str, duration: float) -> None:
        durations = self._durations[service]
        durations.counts[bisect_left(_ENDS_NS, duration)] += 1
        durations.sum_ns += max(duration, 0)


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


def _key(glance: _Glance) -> _Key:
    service, log, http, tags = glance.service, glance.log, glance.http, glance.tags
    name = None if service is None else service.name
    level = None if log is None else log.level
    status = 0 if http is None or http.response is None else http.response.status_code
    return (
        name if name is None or type(name) is str else OTHER,
        level if level is None or type(level) is str else OTHER,
        tags is not None and type(tags) is list and ERROR_TAG in tags,
        status if type(status) is int else 0,
    )
