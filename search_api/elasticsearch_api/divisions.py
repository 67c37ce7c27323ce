"""How are buckets asked of a store, and answered as Elasticsearch answers them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from logboom.store.aggregations import (
    Aggregation,
    Bucketed,
    Buckets,
    Division,
    Steps,
    Stretches,
    Values,
)
from search_api.elasticsearch_api.calendars import Cut, too_many_buckets
from search_api.elasticsearch_api.metrics import Metric
from search_api.elasticsearch_api.moments import formatted
from search_api.elasticsearch_api.refusals import Refused

MOST_BUCKETS = 65_536
"""Of one answer."""

_MOST_VALUES = 3_000
_OF_EACH_DAY = 50


@dataclass(slots=True)
class Frame:
    """What the questions and answers of one search have in common.

    Attributes:
        ends: By field: what lies before and behind all of its times, as far as buckets depend on it.
    """

    ends: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    _count: int = field(default=0)

    def spend(self, buckets: int) -> None:
        """Counts buckets of the answer.

        Raises:
            Refused: There are too many.
        """
        self._count += buckets
        if self._count > MOST_BUCKETS:
            raise too_many_buckets(MOST_BUCKETS)


@dataclass(frozen=True, slots=True)
class Terms:
    """A bucket per value.

    Attributes:
        order: What buckets are sorted by, and whether ascending: `_count`, `_key` or a metric's name,
            with a part of it behind a dot or in brackets.
        least: Events that a bucket must have.
        inside: By name.
    """

    name: str
    field: str
    size: int
    order: tuple[tuple[str, bool], ...]
    missing: str | None
    least: int
    inside: Mapping[str, Node]

    def division(self, frame: Frame) -> Division:
        """What the store is asked: of each day more values than are wanted, so that sums are right."""
        by_count = self.order[0] == ("_count", False)
        size = self.size * 3 + _OF_EACH_DAY if by_count and self.inside else _MOST_VALUES
        return Values(
            self.name, self.field, size, self.missing, compiled(self.inside.values(), frame)
        )

    def answer(self, bucket: Bucketed, frame: Frame) -> dict[str, Any]:
        """What is answered."""
        found = bucket.inside.get(self.name, Buckets(()))
        rows = [row for row in found.rows if row.count >= self.least]
        for by, ascending in reversed(self.order):
            rows.sort(key=self._key(by), reverse=not ascending)
        kept = rows[: self.size]
        frame.spend(len(kept))
        others = found.others + sum(row.count for row in rows[self.size :])
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": others,
            "buckets": [_keyed(row) | answers(self.inside, row, frame) for row in kept],
        }

    def _key(self, by: str) -> Callable[[Bucketed], Any]:
        if by == "_count":
            return lambda row: row.count
        if by in {"_key", "_term"}:
            return lambda row: (isinstance(row.key, str), row.key)
        name, _, part = by.replace("[", ".").rstrip("]").partition(".")
        metric = self.inside[name]
        if not isinstance(metric, Metric):
            raise Refused(f"order by {by!r}: buckets have no order")
        return lambda row: metric.sorted_by(row, part)


def _keyed(row: Bucketed) -> dict[str, Any]:
    if isinstance(row.key, bool):
        text = "true" if row.key else "false"
        return {"key": int(row.key), "key_as_string": text, "doc_count": row.count}
    return {"key": row.key, "doc_count": row.count}


@dataclass(frozen=True, slots=True)
class Dates:
    """A bucket per stretch of time.

    Attributes:
        bounds: Show empty buckets from one time to another, µs; None: between those with events.
        least: Events that a bucket must have; 0 shows empty ones.
        style: Of keys as text.
    """

    name: str
    field: str
    cut: Cut
    bounds: tuple[int, int] | None
    least: int
    style: str | None
    zone: tzinfo
    is_keyed: bool
    inside: Mapping[str, Node]

    def division(self, frame: Frame) -> Division:
        """What the store is asked."""
        inside = compiled(self.inside.values(), frame)
        ends = frame.ends.get(self.field)
        offset_us = self.cut.evenly(ends)
        if self.cut.width_us is not None and offset_us is not None:
            return Steps(self.name, self.field, self.cut.width_us, offset_us, inside)
        edges = self.cut.edges(*(ends or (0, 0)))
        return Stretches(self.name, self.field, tuple(edges), inside)

    def answer(self, bucket: Bucketed, frame: Frame) -> dict[str, Any]:
        """What is answered."""
        rows = {int(row.key or 0): row for row in bucket.inside.get(self.name, Buckets(())).rows}
        keys = self._keys(rows) if self.least == 0 else sorted(rows)
        frame.spend(len(keys))
        shown: list[dict[str, Any]] = []
        for key in keys:
            row = rows.get(key, Bucketed(key, 0, {}, {}))
            if row.count < self.least:
                continue
            head = {"key_as_string": self._text(key), "key": key // 1000, "doc_count": row.count}
            shown.append(head | answers(self.inside, row, frame))
        if self.is_keyed:
            return {"buckets": {one["key_as_string"]: one for one in shown}}
        return {"buckets": shown}

    def _keys(self, rows: Mapping[int, Bucketed]) -> Sequence[int]:
        """All keys from the first to the last that is shown, empty ones included."""
        ends = [*rows, *map(self.cut.shown_from, self.bounds or ())]
        return self.cut.edges(min(ends), max(ends))[:-1] if ends else []

    def _text(self, key_us: int) -> str:
        return formatted(key_us, self.style, self.zone)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A bucket per step of a number."""

    name: str
    field: str
    width: float
    offset: float
    least: int
    is_keyed: bool
    inside: Mapping[str, Node]

    def division(self, frame: Frame) -> Division:
        """What the store is asked."""
        inside = compiled(self.inside.values(), frame)
        return Steps(self.name, self.field, self.width, self.offset, inside)

    def answer(self, bucket: Bucketed, frame: Frame) -> dict[str, Any]:
        """What is answered."""
        rows = bucket.inside.get(self.name, Buckets(())).rows
        known = {self._place(row): row for row in rows}
        places = sorted(known)
        if self.least == 0 and places:
            frame.spend(places[-1] - places[0] + 1)
            places = list(range(places[0], places[-1] + 1))
        shown = []
        for place in places:
            key = place * self.width + self.offset
            row = known.get(place, Bucketed(key, 0, {}, {}))
            if row.count >= self.least:
                head = {"key": key, "doc_count": row.count}
                shown.append(head | answers(self.inside, row, frame))
        if self.is_keyed:
            return {"buckets": {str(one["key"]): one for one in shown}}
        return {"buckets": shown}

    def _place(self, row: Bucketed) -> int:
        return round((float(row.key or 0) - self.offset) / self.width)


Node = Metric | Terms | Dates | Numbers


def compiled(nodes: Iterable[Node], frame: Frame) -> tuple[Aggregation, ...]:
    """What the store is asked for some nodes."""
    return tuple(
        node.measure() if isinstance(node, Metric) else node.division(frame) for node in nodes
    )


def answers(nodes: Mapping[str, Node], bucket: Bucketed, frame: Frame) -> dict[str, Any]:
    """The answers of all nodes inside of a bucket, by their names."""
    return {
        name: node.answer(bucket) if isinstance(node, Metric) else node.answer(bucket, frame)
        for name, node in nodes.items()
    }
