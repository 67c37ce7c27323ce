"""Attributes beyond the bound of a day have no columns, and are found like all others."""

from __future__ import annotations

import re
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from logboom.query.lucene import parse_query
from logboom.query.memory import compile_query
from logboom.query.model import MatchAll, Query, Range, Term
from logboom.store import SearchRequest
from logboom.store.local.number_ranges import Span
from logboom.store.local.ordered_numbers import between, ordered
from logboom.store.local.unusual import PATHS_PER_DAY
from tests.unit.store_local.samples import DAY, document
from tests.unit.store_local.stores import EVERYTHING, opened

HOUR_US = 3_600_000_000
VALUES: list[Any] = [
    -7, 0, 4, 5, -0.0, 4.5, 1e300, -1e300, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, True, False, "5", "x",
    [3, "five"], [-1, 6], {"in": 7}, {"in": {"deep": "y"}}, None, [], "2026-03-14T09:00:00Z",
]  # fmt: skip
ENDS = [
    None, "-7", "0", "4", "4.5", "5", "1e19", "9007199254740992", "9007199254740993", "18446744073709551615", "1e301",
]  # fmt: skip
TEXTS = [
    "late:*", "-late:*", "late.in:*", "late.in:7", "late.in:>6", "late.in.deep:y", "late:true", "late:5", "late:x",
    "late:[a TO z]", "late:/.*/", "late:2026*", "_exists_:late AND late:<0", "NOT late:>4",
]  # fmt: skip


async def test_they_are_found_like_all_others(tmp_path: Path) -> None:
    many = {f"name{number}": number for number in range(PATHS_PER_DAY)}
    some = [document(0, attributes=many), document(1)]
    some += [document(2 + n, attributes={"late": value}) for n, value in enumerate(VALUES)]
    queries = [parse_query(text, now_ns=0) for text in TEXTS]
    queries += [
        Range("attributes.late", low, high, with_low, with_high)
        for low, high, with_low, with_high in product(ENDS, ENDS, (True, False), (True, False))
        if low or high
    ]
    store = opened(tmp_path)
    writer = await store.writer()
    await writer.write(some)
    await store.refresh()
    wrong = []
    for query in queries:
        page = await store.search(SearchRequest(query, limit=100))
        found = {event["log"]["offset"] for event in page.events}
        is_wanted = compile_query(query)
        if found != {one.event["log"]["offset"] for one in some if is_wanted(one.event)}:
            wrong.append((query, found))
    await writer.close()
    await store.close()
    assert not wrong


async def test_that_their_values_are_not_counted_is_told(tmp_path: Path) -> None:
    many = {f"name{number}": number for number in range(PATHS_PER_DAY)}
    some = [document(0, attributes=many), document(1, attributes={"late": 5, "name1": 7})]
    store = opened(tmp_path)
    writer = await store.writer()
    await writer.write(some)
    await store.refresh()

    async def is_complete(name: str, query: Query) -> bool:
        field = f"attributes.{name}"
        found = await store.facets(query, EVERYTHING, fields=[field])
        over_time = await store.histogram(query, EVERYTHING, interval_us=HOUR_US, by=field)
        told = await store.lacking(query, EVERYTHING, [field])
        assert over_time.partial is bool(told) is not found.complete
        assert [one for one in told if f"{DAY} has more than 1,000 names" not in one] == []
        return found.complete

    rest = Term("service.name", "cart")
    assert not await is_complete("late", MatchAll())
    assert not await is_complete("late", rest)
    assert await is_complete("late", Term("service.name", "checkout"))
    for name in ("name1", "none", "late.below"):
        assert await is_complete(name, MatchAll())
        assert await is_complete(name, rest)
    await writer.close()
    await store.close()


NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, min_size=2))
def test_numbers_are_written_in_their_order(numbers: list[int | float]) -> None:
    for low, high in pairwise(sorted(numbers)):
        assert (ordered(low) < ordered(high)) == (low < high)
        assert (ordered(low) == ordered(high)) == (low == high)


@given(NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.booleans())
def test_a_pattern_matches_the_texts_of_the_numbers_in_a_span(
    number: float, lower: float, upper: float, with_lower: bool, with_upper: bool
) -> None:
    is_above = number > lower or (with_lower and number == lower)
    is_below = number < upper or (with_upper and number == upper)
    for span, lies_in in (
        (Span(lower, upper, with_lower, with_upper), is_above and is_below),
        (Span(lower, None, with_lower), is_above),
        (Span(None, upper, include_upper=with_upper), is_below),
        (Span(number, number), True),
        (Span(None, None), True),
    ):
        pattern = between(span)
        assert (
            pattern is not None and re.fullmatch(pattern, ordered(number)) is not None
        ) == lies_in
