"""What do the aggregations of a request ask for?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logboom.fields import EVENT_FIELDS, FieldType, resolve
from logboom.query.model import Query
from logboom.query.numbers import parse_number
from logboom.store import Store, TimeRange
from logboom.store.aggregations import Aggregating, Kind, Measure
from search_api.elasticsearch_api.attribute_numbers import attribute_of, attributes_named_so
from search_api.elasticsearch_api.bodies import (
    an_object,
    as_list,
    as_text,
    as_whole,
    check_names,
    check_not_metadata,
)
from search_api.elasticsearch_api.calendars import cut_of
from search_api.elasticsearch_api.divisions import (
    Dates,
    Frame,
    Node,
    Numbers,
    Terms,
    answers,
    compiled,
)
from search_api.elasticsearch_api.gaps import lacking
from search_api.elasticsearch_api.metrics import KINDS, Metric, metric_of
from search_api.elasticsearch_api.moments import TIME, instant, narrowed, split_times, zone_of
from search_api.elasticsearch_api.queries import QueryReader, together
from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

MAX_DEPTH = 10
MOST_NODES = 100
_DEFAULT_SIZE = 10
_BY_COUNT = (("_count", False),)
_MOST_VALUES = 3_000
_KNOWN = ", ".join(["terms", "date_histogram", "histogram", "filters", "filter", *KINDS])
_OF_TERMS = frozenset(
    {
        "field", "size", "order", "missing", "min_doc_count", "shard_size", "shard_min_doc_count",
        "show_term_doc_count_error", "collect_mode", "execution_hint", "value_type",
    }
)  # fmt: skip
_OF_DATES = frozenset(
    {
        "field", "fixed_interval", "calendar_interval", "interval", "time_zone", "offset", "format",
        "min_doc_count", "extended_bounds", "keyed", "order",
    }
)  # fmt: skip
_OF_NUMBERS = frozenset({"field", "interval", "offset", "min_doc_count", "keyed", "order"})


@dataclass(frozen=True, slots=True)
class Filtered:
    """A bucket per query; only at the top of a tree.

    Attributes:
        queries: By name; one without a name for `filter`.
        is_keyed: The buckets are answered by their names.
    """

    queries: Mapping[str | None, Query]
    is_keyed: bool
    inside: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers by name.

    Attributes:
        complete: False when some days were left out.
        lacking: What else they lack, a sentence each.
    """

    answers: Mapping[str, Any]
    complete: bool
    lacking: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trees:
    """The aggregations of a request.

    Attributes:
        wanted: By name.
        meta: What comes back with an answer, by name.
    """

    wanted: Mapping[str, Node | Filtered]
    meta: Mapping[str, Any]

    async def answered(self, store: Store, query: Query, times: TimeRange) -> Answered:
        """Asks the store.

        Raises:
            Refused: This store cannot sum up.
            QueryError: A field cannot be used so, or there would be too many buckets.
        """
        if not self.wanted:
            return Answered({}, complete=True)
        if not isinstance(store, Aggregating):
            raise unsupported("aggregations over this store")
        names = set(_fields(self.wanted.values()))
        named = await attributes_named_so(store, names, query, times)
        plain = {name: one for name, one in self.wanted.items() if not isinstance(one, Filtered)}
        found = await _level(store, plain, query, times, named)
        given, complete = dict(found.answers), found.complete
        for name, one in self.wanted.items():
            if isinstance(one, Filtered):
                part = await _filtered(store, one, query, times, named)
                given[name] = part.answers
                complete &= part.complete
        for name, meta in self.meta.items():
            given[name] = {"meta": meta, **given[name]}
        frame = Frame(named=named)
        stored = sorted({frame.numbers_of(name) or name for name in names})
        return Answered(given, complete, await lacking(store, stored, query, times))


async def _level(
    store: Aggregating, nodes: Mapping[str, Node], query: Query, times: TimeRange,
    named: frozenset[str],
) -> Answered:  # fmt: skip
    if not nodes:
        return Answered({}, complete=True)
    frame = Frame(await _ends(store, nodes, query, times), named)
    found = await store.aggregate(query, times, compiled(nodes.values(), frame))
    return Answered(answers(nodes, found.whole, frame), found.complete)


async def _ends(
    store: Aggregating, nodes: Mapping[str, Node], query: Query, times: TimeRange
) -> dict[str, tuple[int, int]]:
    """The first and the last time of each field whose buckets depend on it.

    Those of the question do, where buckets are of one length from one to the other.
    """
    known: dict[str, tuple[int, int]] = {}
    if times.start_us is not None and times.end_us is not None:
        known[TIME] = (times.start_us, max(times.start_us, times.end_us))
    unsure = {
        node.field
        for node in _dates(nodes.values())
        if node.cut.evenly(known.get(node.field)) is None
    }
    if unsure:
        wanted = tuple(Measure(name, Kind.NUMBERS, name) for name in sorted(unsure))
        found = (await store.aggregate(query, times, wanted)).whole.measures
        known |= {
            name: (int(ends.least or 0), int(ends.greatest or 0)) for name, ends in found.items()
        }
    return known


async def _filtered(
    store: Aggregating, wanted: Filtered, query: Query, times: TimeRange, named: frozenset[str]
) -> Answered:
    rows: dict[str | None, dict[str, Any]] = {}
    complete = True
    for name, one in wanted.queries.items():
        rest, within = split_times(together([query, one]))
        both = narrowed(times, within)
        counted = Measure(TIME, Kind.PRESENT, TIME)
        count = (await store.aggregate(rest, both, (counted,))).whole.measures[TIME].count
        found = await _level(store, wanted.inside, rest, both, named)
        complete &= found.complete
        rows[name] = {"doc_count": count, **found.answers}
    if None in rows:
        return Answered(rows[None], complete)
    return Answered({"buckets": rows if wanted.is_keyed else [*rows.values()]}, complete)


def _fields(nodes: Iterable[Node | Filtered]) -> Iterator[str]:
    """The stored names of all fields of a tree."""
    for node in nodes:
        if not isinstance(node, Filtered):
            yield node.field
        if not isinstance(node, Metric):
            yield from _fields(node.inside.values())


def _dates(nodes: Iterable[Node]) -> Iterator[Dates]:
    """All nodes of a tree that have a bucket per stretch of time."""
    for node in nodes:
        if isinstance(node, Dates):
            yield node
        if isinstance(node, Dates | Terms | Numbers):
            yield from _dates(node.inside.values())


def read_aggregations(body: object, reader: QueryReader, *, now_ns: int) -> Trees:
    """Reads the aggregations of a request.

    Args:
        body: Under `aggs`.
        reader: Reads the queries in them.
        now_ns: The present.

    Raises:
        Refused: This API has none such, or they are not written so.
        QueryError: A query in them cannot be read.
    """
    entries = an_object(body, "aggs")
    read = _Reader(reader, now_ns)
    wanted: dict[str, Node | Filtered] = {}
    meta = {}
    for name, entry in entries.items():
        kind, options, inside = _parts(name, entry)
        if isinstance(entry, dict) and "meta" in entry:
            meta[name] = entry["meta"]
        if kind in {"filter", "filters"}:
            wanted[name] = read.filtered(kind, options, inside)
        else:
            wanted[name] = read.node(name, kind, options, inside, 1)
    return Trees(wanted, meta)


def _parts(name: str, entry: object) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Kind and options of an aggregation, and those inside of it."""
    content = an_object(entry, f"the aggregation {name!r}")
    inside = content.get("aggs", content.get("aggregations")) or {}
    kinds = [key for key in content if key not in {"aggs", "aggregations", "meta"}]
    if len(kinds) != 1:
        raise Refused(f"the aggregation {name!r} must be of one kind", kind=PARSING)
    return kinds[0], an_object(content[kinds[0]], kinds[0]), an_object(inside, "aggs")


class _Reader:
    def __init__(self, queries: QueryReader, now_ns: int) -> None:
        self._queries = queries
        self._now_ns = now_ns
        self._count = 0

    def filtered(self, kind: str, options: dict[str, Any], inside: dict[str, Any]) -> Filtered:
        nodes = self._inside(inside, 1)
        if kind == "filter":
            return Filtered({None: self._queries.read(options)}, is_keyed=True, inside=nodes)
        check_names(options, {"filters", "keyed"}, "filters")
        given = options.get("filters")
        is_keyed = isinstance(given, dict)
        named = given.items() if isinstance(given, dict) else enumerate(as_list(given))
        queries: dict[str | None, Query] = {
            str(name): self._queries.read(query) for name, query in named
        }
        self._spend(len(queries))
        return Filtered(queries, is_keyed=is_keyed, inside=nodes)

    def node(
        self, name: str, kind: str, options: dict[str, Any], inside: dict[str, Any], depth: int
    ) -> Node:
        self._spend(1)
        given = {key: value for key, value in options.items() if value is not None}
        if kind in KINDS:
            if inside:
                raise Refused(f"there is nothing inside of {kind}", kind=PARSING)
            return metric_of(name, kind, given)
        if depth > MAX_DEPTH:
            raise Refused(f"aggregations are at most {MAX_DEPTH} deep")
        match kind:
            case "terms":
                return self._terms(name, given, self._inside(inside, depth))
            case "date_histogram":
                return self._dates(name, given, self._inside(inside, depth))
            case "histogram":
                return self._numbers(name, given, self._inside(inside, depth))
            case "filter" | "filters":
                raise unsupported(f"{kind} inside of other aggregations", "put it at the top")
            case _:
                raise unsupported(f"the aggregation {kind!r}", f"it has {_KNOWN}")

    def _inside(self, entries: dict[str, Any], depth: int) -> dict[str, Node]:
        parts = ((name, _parts(name, entry)) for name, entry in entries.items())
        return {
            name: self.node(name, kind, options, inside, depth + 1)
            for name, (kind, options, inside) in parts
        }

    def _spend(self, count: int) -> None:
        self._count += count
        if self._count > MOST_NODES:
            raise Refused(f"a search has at most {MOST_NODES} aggregations")

    def _terms(self, name: str, options: dict[str, Any], inside: Mapping[str, Node]) -> Terms:
        check_names(options, _OF_TERMS, "terms")
        missing, field = options.get("missing"), _stored(options, "terms")
        is_numeric = EVENT_FIELDS.get(field) in {FieldType.LONG, FieldType.DOUBLE}
        if is_numeric and missing is not None and parse_number(str(missing)) is None:
            raise Refused(f"{field} has numbers, and the {missing!r} of missing is none")
        if missing is not None and (attribute := attribute_of(field)) is not None:
            raise unsupported(f"missing for terms of {field}", f"ask for those of {attribute}")
        return Terms(
            name=name,
            field=field,
            size=as_whole(options.get("size", _DEFAULT_SIZE), "size", least=1, most=2**31 - 1),
            order=(*(_order(options.get("order"), inside) or _BY_COUNT), ("_key", True)),
            missing=None if missing is None else as_text(missing, "missing"),
            least=max(1, _least(options, 1)),
            inside=inside,
        )

    def _dates(self, name: str, options: dict[str, Any], inside: Mapping[str, Node]) -> Dates:
        check_names(options, _OF_DATES, "date_histogram")
        field = _stored(options, "date_histogram")
        if resolve(field)[1] is not FieldType.DATE:
            raise Refused(f"{field} has no times for a date_histogram")
        cut = cut_of(options)
        if cut.width_us is None and field != TIME:
            raise unsupported(f"a calendar over {field}", f"it has that over {TIME}")
        return Dates(
            name=name,
            field=field,
            cut=cut,
            bounds=self._bounds(options),
            least=_least(options, 0),
            style=options.get("format"),
            zone=cut.zone,
            order=_order(options.get("order"), inside),
            is_keyed=options.get("keyed") is True,
            inside=inside,
        )

    def _bounds(self, options: Mapping[str, Any]) -> tuple[int, ...]:
        given = an_object(options.get("extended_bounds") or {}, "extended_bounds")
        check_names(given, {"min", "max"}, "extended_bounds")
        zone, style = zone_of(options.get("time_zone")), options.get("format")
        ends = [given[end] for end in ("min", "max") if given.get(end) is not None]
        found = tuple(instant(end, style, now_ns=self._now_ns, zone=zone) for end in ends)
        if found != tuple(sorted(found)):
            raise Refused("the min of extended_bounds cannot be greater than its max")
        return found

    def _numbers(self, name: str, options: dict[str, Any], inside: Mapping[str, Node]) -> Numbers:
        check_names(options, _OF_NUMBERS, "histogram")
        try:
            width, offset = float(options["interval"]), float(options.get("offset", 0))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("histogram needs a number as its interval", kind=PARSING) from error
        if not width > 0:
            raise Refused("the interval of histogram must be more than 0")
        return Numbers(
            name=name,
            field=_stored(options, "histogram"),
            width=width,
            offset=offset,
            least=_least(options, 0),
            order=_order(options.get("order"), inside),
            is_keyed=options.get("keyed") is True,
            inside=inside,
        )


def _stored(options: Mapping[str, Any], what: str) -> str:
    name = as_text(options.get("field"), f"the field of {what}")
    check_not_metadata(name)
    return resolve(name)[0]


def _least(options: Mapping[str, Any], default: int) -> int:
    return as_whole(options.get("min_doc_count", default), "min_doc_count", least=0, most=2**31 - 1)


def _order(wanted: object, inside: Mapping[str, Node]) -> tuple[tuple[str, bool], ...]:
    """What buckets are sorted by, and whether ascending."""
    return tuple(_ordered_by(wanted, inside))


def _ordered_by(wanted: object, inside: Mapping[str, Node]) -> Iterator[tuple[str, bool]]:
    for entry in as_list(wanted):
        for by, direction in an_object(entry, "order").items():
            name = by.replace("[", ".").partition(".")[0]
            if by not in {"_count", "_key", "_term"} and name not in inside:
                raise Refused(f"order by {by!r}: there is no such metric", kind=PARSING)
            if direction not in {"asc", "desc"}:
                raise Refused("order must be asc or desc", kind=PARSING)
            yield by, direction == "asc"
