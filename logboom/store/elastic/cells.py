"""How is it measured what events of Elasticsearch that share some values have in common?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from logboom.elastic.client import Client
from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.rollups.durations import Durations, merged
from logboom.store.cells import (
    MOST_CELLS,
    Cell,
    CellsRequest,
    Numbers,
    numbers_together,
    sketch_ranges,
    too_many_cells,
)
from logboom.store.countable import check_countable
from logboom.store.elastic.counting import insist_on_all
from logboom.store.elastic.dsl import Dsl
from logboom.store.elastic.searching import PATIENCE, Searcher
from logboom.store.elastic.times import TIME
from logboom.store.elastic.translate import asked
from logboom.store.elastic.values import number_field
from logboom.store.values import TimeRange

_AT_ONCE: Final = 50_000
"""Buckets in one answer; Elasticsearch refuses more than 65,536."""

_PAGE: Final = 5_000
_NUMBERS: Final = frozenset({FieldType.LONG, FieldType.DOUBLE})

_Key = tuple[int, tuple[str, ...]]


class Measurer:
    """Asks Elasticsearch for counts and numbers.

    Args:
        client: The way to it.
        searcher: For aggregations.
    """

    def __init__(self, client: Client, searcher: Searcher) -> None:
        self._client = client
        self._searcher = searcher

    async def cells(self, request: CellsRequest) -> list[Cell]:
        """Counts and numbers; see `Store.cells`.

        Raises:
            QueryError: A field cannot be used, or there would be too many cells.
            StoreUnavailable: Ask again later.
        """
        _check(request)
        found: dict[_Key, Cell] = {}
        async for start_us, values, bucket in self._buckets(request, _stats(request), _PAGE):
            cell = Cell(start_us, values, bucket["doc_count"], _numbers(bucket))
            before = found.get((start_us, values))
            found[start_us, values] = cell if before is None else _together(before, cell)
        cells = [found[key] for key in sorted(found)]
        return await self._with_sketches(request, cells) if request.percentiles else cells

    async def _with_sketches(self, request: CellsRequest, found: list[Cell]) -> list[Cell]:
        numbers = [cell.numbers for cell in found if cell.numbers is not None]
        if not numbers or request.of is None:
            return found
        ranges = sketch_ranges(min(n.least for n in numbers), max(n.greatest for n in numbers))
        ends = [{"from": start, "to": end} for _, start, end in ranges]
        lowest = {"to": ranges[0][1] if ranges else 1}
        field = number_field(request.of)
        each = {"sketch": {"range": {"field": field, "ranges": [lowest, *ends]}}}
        sketches: dict[_Key, Durations] = {}
        size = max(1, min(_PAGE, _AT_ONCE // (len(ends) + 2)))
        async for start_us, values, bucket in self._buckets(request, each, size):
            zeros, *counts = (one["doc_count"] for one in bucket["sketch"]["buckets"])
            bins = {key: count for (key, _, _), count in zip(ranges, counts, strict=True) if count}
            sketch, before = Durations(zeros, bins), sketches.get((start_us, values))
            sketches[start_us, values] = sketch if before is None else merged([before, sketch])
        return [_with_sketch(cell, sketches.get((cell.start_us, cell.values))) for cell in found]

    async def _buckets(
        self, request: CellsRequest, each: Dsl, size: int
    ) -> AsyncIterator[tuple[int, tuple[str, ...], Mapping[str, Any]]]:
        """Begin of the stretch and values, and a bucket of events that have them.

        Empty texts and no value are the same to us, and two buckets to Elasticsearch.
        """
        pages: Dsl = {"size": size, "sources": _sources(request)}
        query, number = asked(request.query, TimeRange(request.start_us, request.end_us)), 0
        while True:
            aggregation: Dsl = {"composite": pages}
            if each:
                aggregation["aggs"] = each
            body = {
                "query": query, "size": 0, "track_total_hits": False, "timeout": PATIENCE,
                "aggs": {"found": aggregation},
            }  # fmt: skip
            answer = await self._searcher.ask(body)
            insist_on_all(answer, self._client.address)
            found = answer.get("aggregations", {}).get("found", {})
            buckets = found.get("buckets", ())
            number += len(buckets)
            if number > MOST_CELLS:
                raise too_many_cells()
            for bucket in buckets:
                key = bucket["key"]
                values = tuple(_label(key[f"by{n}"]) for n in range(len(request.by)))
                yield key["stretch"] * 1000, values, bucket
            if len(buckets) < size:
                return
            pages["after"] = found["after_key"]


def _check(request: CellsRequest) -> None:
    if request.width_us % 1000 or request.start_us % 1000:
        raise QueryError("Elasticsearch measures stretches of whole milliseconds")
    for name in request.by:
        check_countable(name)
    measured = request.of
    if measured is None or measured.startswith(f"{ATTRIBUTES}."):
        return
    if EVENT_FIELDS.get(measured) not in _NUMBERS:
        raise QueryError(f"{measured} has no numbers")


def _sources(request: CellsRequest) -> list[Dsl]:
    width_ms = request.width_us // 1000
    offset_ms = request.start_us // 1000 % width_ms
    stretches = {"field": TIME, "fixed_interval": f"{width_ms}ms", "offset": f"{offset_ms}ms"}
    sources: list[Dsl] = [{"stretch": {"date_histogram": stretches}}]
    for n, name in enumerate(request.by):
        sources.append({f"by{n}": {"terms": {"field": name, "missing_bucket": True}}})
    return sources


def _stats(request: CellsRequest) -> Dsl:
    if request.of is None:
        return {}
    return {"numbers": {"stats": {"field": number_field(request.of)}}}


def _numbers(bucket: Mapping[str, Any]) -> Numbers | None:
    stats = bucket.get("numbers")
    if not stats or not stats["count"]:
        return None
    return Numbers(stats["count"], stats["sum"], stats["min"], stats["max"])


def _together(one: Cell, other: Cell) -> Cell:
    """Two cells of the same stretch and the same values as one."""
    numbers = numbers_together((one.numbers, other.numbers))
    return Cell(one.start_us, one.values, one.count + other.count, numbers)


def _with_sketch(cell: Cell, sketch: Durations | None) -> Cell:
    numbers = cell.numbers
    if numbers is None or sketch is None:
        return cell
    whole = Numbers(numbers.count, numbers.total, numbers.least, numbers.greatest, sketch)
    return Cell(cell.start_us, cell.values, cell.count, whole)


def _label(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else str(value)
