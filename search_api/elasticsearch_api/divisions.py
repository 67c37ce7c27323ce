"""How are buckets asked of a store, and answered as Elasticsearch answers them?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query.values import address_number
from logboom.store.aggregations import (
    Aggregation,
    Bucketed,
    Buckets,
    Division,
    Steps,
    Stretches,
    Values,
)
from search_api.elasticsearch_api.attribute_numbers import attribute_of
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
        named: Attributes of names that would mean the numbers of others.
    """

    ends: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    _count: int = field(default=0)

    def numbers_of(self, name: str) -> str | None:
        """The attribute whose numbers a field's stored name means; None: it means no others' numbers."""
        return None if name in self.named else attribute_of(name)

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
        inside, base = compiled(self.inside.values(), frame), frame.numbers_of(self.field)
        return Values(
            self.name, base or self.field, size, self.missing, inside, numbers=base is not None
        )

    def answer(self, bucket: Bucketed, frame: Frame) -> dict[str, Any]:
        """What is answered."""
        found = bucket.inside.get(self.name, Buckets(()))
        rows = [row for row in found.rows if row.count >= self.least]
        is_address = EVENT_FIELDS.get(self.field) is FieldType.IP
        rows = in_order(rows, self.order, self.inside, are_addresses=is_address)
        kept = rows[: self.size]
        frame.spend(len(kept))
        others = found.others + sum(row.count for row in rows[self.size :])
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": others,
            "buckets": [
                {"key": row.key, "doc_count": row.count} | answers(self.inside, row, frame)
                for row in kept
            ],
        }


@dataclass(frozen=True, slots=True)
class Dates:
    """A bucket per stretch of time.

    Attributes:
        bounds: Show empty buckets up to these times, too, µs, and not only between those with events.
        least: Events that a bucket must have; 0 shows empty ones.
        style: Of keys as text.
        order: As of `Terms`; without any, and in the end, by time.
    """

    name: str
    field: str
    cut: Cut
    bounds: tuple[int, ...]
    least: int
    style: str | None
    zone: tzinfo
    order: tuple[tuple[str, bool], ...]
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
        found = [rows.get(key, Bucketed(key, 0, {}, {})) for key in keys]
        for row in in_order(found, self.order, self.inside):
            if row.count < self.least:
                continue
            key = int(row.key or 0)
            head = {"key_as_string": self._text(key), "key": key // 1000, "doc_count": row.count}
            shown.append(head | answers(self.inside, row, frame))
        if self.is_keyed:
            return {"buckets": {one["key_as_string"]: one for one in shown}}
        return {"buckets": shown}

    def _keys(self, rows: Mapping[int, Bucketed]) -> Sequence[int]:
        """All keys from the first to the last that is shown, empty ones included."""
        ends = [*rows, *map(self.cut.shown_from, self.bounds)]
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
    order: tuple[tuple[str, bool], ...]
    is_keyed: bool
    inside: Mapping[str, Node]

    def division(self, frame: Frame) -> Division:
        """What the store is asked."""
        inside, name = compiled(self.inside.values(), frame), frame.numbers_of(self.field)
        return Steps(self.name, name or self.field, self.width, self.offset, inside)

    def answer(self, bucket: Bucketed, frame: Frame) -> dict[str, Any]:
        """What is answered."""
        rows = bucket.inside.get(self.name, Buckets(())).rows
        known = {self._place(row): row for row in rows}
        places = sorted(known)
        if self.least == 0 and places:
            frame.spend(places[-1] - places[0] + 1)
            places = list(range(places[0], places[-1] + 1))
        keyed = ((place, place * self.width + self.offset) for place in places)
        found = [replace(known.get(at, Bucketed(key, 0, {}, {})), key=key) for at, key in keyed]
        shown = [
            {"key": row.key, "doc_count": row.count} | answers(self.inside, row, frame)
            for row in in_order(found, self.order, self.inside)
            if row.count >= self.least
        ]
        if self.is_keyed:
            return {"buckets": {str(one["key"]): one for one in shown}}
        return {"buckets": shown}

    def _place(self, row: Bucketed) -> int:
        return round((float(row.key or 0) - self.offset) / self.width)


Node = Metric | Terms | Dates | Numbers


def in_order(
    rows: Sequence[Bucketed], order: Sequence[tuple[str, bool]], inside: Mapping[str, Node], *,
    are_addresses: bool = False,
) -> list[Bucketed]:  # fmt: skip
    """Buckets in an order; those that it does not tell apart stay as they are.

    Args:
        order: As of `Terms`.
        inside: What is in the buckets, by name.
        are_addresses: The keys are such, and no texts.

    Raises:
        Refused: What they are to be sorted by has no order.
    """
    found = list(rows)
    for by, ascending in reversed(order):
        key = _key(by, inside, ascending=ascending, are_addresses=are_addresses)
        found.sort(key=key, reverse=not ascending)
    return found


def _key(
    by: str, inside: Mapping[str, Node], *, ascending: bool, are_addresses: bool
) -> Callable[[Bucketed], Any]:
    if by == "_count":
        return lambda row: row.count
    if by in {"_key", "_term"} and are_addresses:
        return lambda row: _place(str(row.key))
    if by in {"_key", "_term"}:
        return lambda row: (isinstance(row.key, str), row.key)
    name, _, part = by.replace("[", ".").rstrip("]").partition(".")
    metric = inside[name]
    if not isinstance(metric, Metric):
        raise Refused(f"order by {by!r}: buckets have no order")

    def number(row: Bucketed) -> tuple[bool, float]:
        found = metric.sorted_by(row, part)
        is_none = math.isnan(found)
        return is_none is ascending, 0.0 if is_none else found

    return number


def _place(address: str) -> tuple[bool, int]:
    """Of an address among all; what stands for a missing one comes before them."""
    try:
        return True, address_number(address)
    except ValueError:
        return False, 0


def compiled(nodes: Iterable[Node], frame: Frame) -> tuple[Aggregation, ...]:
    """What the store is asked for some nodes."""
    return tuple(
        node.measure(frame.numbers_of(node.field))
        if isinstance(node, Metric)
        else node.division(frame)
        for node in nodes
    )


def answers(nodes: Mapping[str, Node], bucket: Bucketed, frame: Frame) -> dict[str, Any]:
    """The answers of all nodes inside of a bucket, by their names."""
    return {
        name: node.answer(bucket) if isinstance(node, Metric) else node.answer(bucket, frame)
        for name, node in nodes.items()
    }
