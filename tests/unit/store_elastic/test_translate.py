"""What queries ask of Elasticsearch, where the answer alone would not show it."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.model import (
    And,
    Exists,
    Fuzzy,
    MatchAll,
    Not,
    Or,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)
from logboom.store.elastic.dsl import NOTHING
from logboom.store.elastic.translate import asked, translate
from logboom.store.values import TimeRange


def test_nothing_is_scored() -> None:
    query = And((Term("message", "a"), Or((Term("tags", "x"), Not(Exists("trace.id"))))))
    text = repr(asked(query, TimeRange(0, 1)))
    assert "'must'" not in text
    assert "'filter'" in text


def test_words_without_a_field_are_looked_for_in_each_text() -> None:
    found = translate(Term(None, "Some-thing"))["bool"]
    fields = [next(iter(one["match_phrase"])) for one in found["should"]]
    assert fields == [
        f"logboom.words.{name}" for name in ("message", "error.message", "error.stack_trace")
    ]
    assert all("some thing" in str(one) for one in found["should"])
    assert found["minimum_should_match"] == 1


@pytest.mark.parametrize(
    "query", [Term("message", "--"), Phrase(None, "!", 2), Fuzzy("message", "", 1)]
)
def test_what_has_no_words_matches_nothing(query: Query) -> None:
    assert "match_none" in str(translate(query))


def test_an_id_is_looked_up() -> None:
    assert translate(Term("event.id", "abc")) == {"ids": {"values": ["abc"]}}


def test_negations_stand_beside_what_they_narrow() -> None:
    found = translate(And((Term("tags", "a"), Not(Term("tags", "b")))))
    assert set(found["bool"]) == {"filter", "must_not"}
    assert set(translate(And((Not(MatchAll()), Not(MatchAll()))))["bool"]) == {"must_not"}


def test_expensive_forms_are_bounded() -> None:
    fuzzy = translate(Fuzzy("service.name", "cart", 2))["fuzzy"]["service.name"]
    assert fuzzy == {"value": "cart", "fuzziness": 2, "max_expansions": 1000}
    regexp = translate(Regex("service.name", "a~b"))["regexp"]["service.name"]
    assert regexp == {"value": "a~b", "flags": "NONE"}


def time_bounds(query: Any) -> list[Any]:
    """Every range in a query, outermost first."""
    if isinstance(query, dict):
        here = [query["range"]] if "range" in query else []
        return here + [one for value in query.values() for one in time_bounds(value)]
    if isinstance(query, list):
        return [one for value in query for one in time_bounds(value)]
    return []


def test_times_of_whole_milliseconds_ask_the_index_alone() -> None:
    found = time_bounds(asked(MatchAll(), TimeRange(1_000_000, 2_000_000)))
    assert found == [
        {"@timestamp": {"gte": 1000, "format": "epoch_millis"}},
        {"@timestamp": {"lt": 2000, "format": "epoch_millis"}},
    ]


def test_times_within_a_millisecond_ask_finer() -> None:
    found = str(asked(MatchAll(), TimeRange(1_000_001, None)))
    assert "'@timestamp.nanos': {'gte': '1970-01-01T00:00:01.000001Z'" in found
    assert "{'gte': 1001" in found
    found = str(asked(MatchAll(), TimeRange(None, -1)))
    assert "{'lt': -1" in found


def test_ends_of_times_are_included_or_not_to_the_microsecond() -> None:
    at = "2026-03-14T09:00:00.000001Z"
    after = str(translate(Range("@timestamp", at, None, include_lower=False, include_upper=False)))
    assert "09:00:00.000002Z" in after
    assert str(epoch_us(at) // 1000 + 1) in after


@pytest.mark.parametrize(
    ("lower", "upper", "bounds"),
    [
        ("1.5", None, (2, 2**63 - 1)),
        ("2", None, (3, 2**63 - 1)),
        (None, "2.5", (-(2**63), 2)),
        (None, "-2", (-(2**63), -3)),
        ("-1e30", "1e30", (-(2**63), 2**63 - 1)),
    ],
)
def test_ends_of_whole_numbers_are_whole_and_fit(
    lower: str | None, upper: str | None, bounds: tuple[int, int]
) -> None:
    query = Range("log.offset", lower, upper, include_lower=False, include_upper=False)
    assert translate(query) == {"range": {"log.offset": {"gte": bounds[0], "lte": bounds[1]}}}


@pytest.mark.parametrize(
    "query",
    [
        Term("log.offset", "1.5"), Term("log.offset", "x"), Term("log.offset", "1e30"), Term("client.ip", "x"),
        Range("log.offset", "1e30", None, include_lower=True, include_upper=True),
        Range("log.offset", "5", "4", include_lower=True, include_upper=True),
    ],
)  # fmt: skip
def test_what_no_value_can_be_matches_nothing(query: Query) -> None:
    assert translate(query) == NOTHING


@pytest.mark.parametrize(
    "query",
    [
        Wildcard("log.offset", "1*"), Regex("@timestamp", "2.*"), Fuzzy("client.ip", "10", 1),
        Range("log.offset", "x", None, include_lower=True, include_upper=True),
        Range("@timestamp", "soon", None, include_lower=True, include_upper=True),
        Range("client.ip", None, "x", include_lower=True, include_upper=True),
        Term("@timestamp", "now"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(query: Query) -> None:
    with pytest.raises(QueryError):
        translate(query)


def test_large_numbers_of_attributes_are_compared_as_they_were_written() -> None:
    exact = str(2**60 + 1)
    assert translate(Term("attributes.id", exact)) == {"term": {"attributes.id": {"value": exact}}}
    both = translate(Term("attributes.id", "12.0"))["bool"]["should"]
    assert both[1] == {"term": {"attributes.id.number": {"value": 12}}}


def test_a_query_that_is_nested_too_deeply_is_refused() -> None:
    query: Query = MatchAll()
    for _ in range(40):
        query = Not(query)
    with pytest.raises(QueryError, match="nested"):
        translate(query)
