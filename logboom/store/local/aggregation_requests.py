"""How is a tree of aggregations asked of a day's index, and of which of its columns?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.store.aggregations import (
    Aggregation,
    Division,
    Kind,
    Measure,
    Steps,
    Stretches,
    Values,
)
from logboom.store.local.leaves import escaped
from logboom.store.local.schema import ADDRESS, APART, CREATED, ID, INGESTED, OFFSET, TIME, TOKENS
from logboom.store.local.spread import Bins

LISTED: Final = "\0listed"
"""Behind a measure's name: the values themselves."""

MOST_LISTED: Final = 1_000
"""Different values of a bucket that are remembered by themselves."""

_MOST_VALUES = 3_000
_COLUMNS = {
    "@timestamp": TIME,
    "event.created": CREATED,
    "event.ingested": INGESTED,
    "log.offset": OFFSET,
    "client.ip": ADDRESS,
}
NUMBERS: Final = frozenset({FieldType.LONG, FieldType.DOUBLE, FieldType.DATE})
"""Kinds of fields whose values are numbers: of times, microseconds."""


@dataclass(frozen=True, slots=True)
class Request:
    """What tantivy is asked, and the bins that percentiles are worked out from."""

    body: Mapping[str, Any]
    bins: Mapping[str, Bins]


def request_of(
    wanted: Sequence[Aggregation], *, listed: bool = False, bins: Mapping[str, Bins] | None = None
) -> Request:
    """The request for a tree.

    Args:
        wanted: The tree.
        listed: Ask for values of which it is wanted how many differ by themselves, too.
        bins: By field; None: percentiles are asked as such.

    Raises:
        QueryError: A field cannot be used so.
    """
    known = bins or {}
    return Request(_level(wanted, listed=listed, bins=known), known)


def _level(
    wanted: Sequence[Aggregation], *, listed: bool, bins: Mapping[str, Bins]
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for one in wanted:
        if isinstance(one, Measure):
            body |= _measure(one, listed=listed, bins=bins)
        else:
            inside = _level(one.inside, listed=listed, bins=bins)
            body[one.name] = _buckets(one) | ({"aggs": inside} if inside else {})
    return body


def _buckets(one: Division) -> dict[str, Any]:
    match one:
        case Values(field=name, size=size, missing=missing):
            terms = {"field": _countable(name), "size": min(size, _MOST_VALUES)}
            return {"terms": terms if missing is None else terms | {"missing": missing}}
        case Steps(_, name, width, offset):
            column = _numeric(name)
            return {
                "histogram": {
                    "field": column,
                    "interval": width,
                    "offset": offset % width,
                    "min_doc_count": 1,
                }
            }
        case Stretches(_, name, edges):
            ends = pairwise(edges)
            ranges = [{"from": float(start), "to": float(end)} for start, end in ends]
            return {"range": {"field": _numeric(name), "ranges": ranges}}


def _measure(one: Measure, *, listed: bool, bins: Mapping[str, Bins]) -> dict[str, Any]:
    match one.kind:
        case Kind.NUMBERS:
            return {one.name: {"stats": {"field": _numeric(one.field)}}}
        case Kind.SPREAD:
            return {one.name: {"extended_stats": {"field": _numeric(one.field)}}}
        case Kind.PRESENT:
            return {one.name: _presence(one.field)}
        case Kind.PERCENTILES if one.field in bins:
            return {one.name: bins[one.field].request(_numeric(one.field))}
        case Kind.PERCENTILES:
            percents = {"field": _numeric(one.field), "percents": list(one.percents)}
            return {one.name: {"percentiles": percents}}
        case Kind.DIFFERENT:
            column = _countable(one.field, of_times=True)
            body: dict[str, Any] = {one.name: {"cardinality": {"field": column}}}
            if listed or one.field.startswith(f"{ATTRIBUTES}."):  # where 1 is no other than "1"
                body[one.name + LISTED] = {"terms": {"field": column, "size": MOST_LISTED}}
            return body


def _presence(name: str) -> dict[str, Any]:
    """Counts values; those of an attribute one by one, because tantivy's count is of one type's alone."""
    if name.startswith(f"{ATTRIBUTES}."):
        return {"terms": {"field": _countable(name), "size": 1}}
    return {"value_count": {"field": _countable(name, of_times=True)}}


def _numeric(name: str) -> str:
    """The column of a field of numbers or times.

    Raises:
        QueryError: It has none.
    """
    if name.startswith(ATTRIBUTES + ".") or EVENT_FIELDS.get(name) in NUMBERS:
        return _COLUMNS.get(name) or escaped(name)
    raise QueryError(
        f"{name} has no numbers to work with", suggestion="take a field such as event.duration"
    )


def _countable(name: str, *, of_times: bool = False) -> str:
    """The column of a field whose values can be counted.

    Raises:
        QueryError: It has none.
    """
    kind = EVENT_FIELDS.get(name)
    whole = name == ID or name in APART or name in TOKENS or kind is FieldType.TEXT
    known = kind is not None or name.startswith(ATTRIBUTES + ".")
    if whole or not known or (kind is FieldType.DATE and not of_times):
        raise QueryError(
            f"the embedded store cannot count by the values of {name}",
            suggestion="take a field with fewer values, such as service.name",
        )
    return _COLUMNS.get(name) or escaped(name)
