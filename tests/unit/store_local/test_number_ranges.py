"""Ranges of numbers, whatever their ends are and whatever numbers stand under the name."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from tantivy import Index, Searcher

from logboom.query.model import Range
from logboom.query.numbers import parse_number
from logboom.query.ranges import range_test
from logboom.store.local.number_ranges import Ranges, Span
from logboom.store.local.schema import NUMBER, SCHEMA, TIME, teach_words

FIELD = "attributes.k"
COLUMNS: dict[str, list[Any]] = {
    "signed": [-5, -2, -1, 0, 1, 7, 2**40, -(2**63), 2**63 - 1, [-7, 7], [1, 100]],
    "unsigned": [0, 1, 7, 2**40, 2**63 - 1, 2**63, 2**64 - 1, 10**19 + 5, [0, 2**63 + 1]],
    "fractions": [-1.5, -1, -0.0, 0, 0.5, 7, 1e20, 1e19, -1e300, 5e-324, -5e-324, -1e20, [-7, 7.5], [-0.5, 9]],
    "none": ["7", True, None, {"in": 7}],
}  # fmt: skip
ENDS = [
    None, "-1.5", "0", "-0.0", "7", "7.0", "0.5", "-0.5", "1e19", "1e20", "-5e-324", "5e-324", "1e300",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "-1e300", "-1e19", "-1",
    "-9223372036854775808", "4503599627370495.5",
]  # fmt: skip


def searcher_of(values: list[Any]) -> Searcher:
    index = teach_words(Index(SCHEMA))
    writer = index.writer(15_000_000, 1)
    for number, value in enumerate(values):
        writer.add_json(json.dumps({NUMBER: number, TIME: 0, "attributes": {"k": value}}))
    writer.commit()
    index.reload()
    return index.searcher()


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_range_finds_the_numbers_in_it(kind: str) -> None:
    values, ranges = COLUMNS[kind], Ranges()
    searcher = searcher_of(values)
    wrong = []
    for low, high, with_low, with_high in product(ENDS, ENDS, (True, False), (True, False)):
        lies_in = range_test(Range(FIELD, low, high, with_low, with_high))
        lists = [value if isinstance(value, list) else [value] for value in values]
        expected = {number for number, some in enumerate(lists) if any(map(lies_in, some))}
        lower, upper = (None if end is None else parse_number(end) for end in (low, high))
        if low is None and high is None:
            continue
        found = searcher.search(
            ranges.within(FIELD, Span(lower, upper, with_low, with_high)), limit=50
        )
        numbers = searcher.fast_field_values(NUMBER, [address for _, address in found.hits])
        if set(numbers) != expected:
            wrong.append((low, high, with_low, with_high))
    assert wrong == []
