"""What holds for every text, and for every query?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.query.lucene import parse_query, parse_query_with_notes
from logboom.query.model import And, Not, Or, Query
from logboom.query.printing import format_query
from logboom.query.times import parse_interval, parse_span
from tests.unit.query.drawing import QUERY_TEXTS, queries

T = TypeVar("T")
NOW_NS = 1_773_192_615_123_456_789


def outcome_of(read: Callable[[], T]) -> T | QueryError:
    try:
        return read()
    except QueryError as error:
        return error


@given(QUERY_TEXTS)
@example("\x00")
@example("a:\ud800")
@settings(max_examples=400)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    outcome = outcome_of(lambda: parse_query_with_notes(text, now_ns=NOW_NS))
    if isinstance(outcome, QueryError):
        assert outcome.position is not None
        assert 0 <= outcome.position <= len(text)
        assert outcome.suggestion
    else:
        _assert_canonical(outcome.query)
        assert all(0 <= note.position < len(text) for note in outcome.notes)
        assert parse_query(format_query(outcome.query), now_ns=0) == outcome.query


@given(queries())
@settings(max_examples=200)
def test_a_printed_query_reads_as_itself(query: Query) -> None:
    text = format_query(query)
    assert parse_query(text, now_ns=NOW_NS, zone=ZoneInfo("Asia/Seoul")) == query


@given(st.text(max_size=30) | st.text("0123456789-+:./|TZ nowhdMy", max_size=20))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_time_or_a_query_error(text: str) -> None:
    outcome = outcome_of(lambda: parse_span(text, now_ns=NOW_NS, zone=UTC))
    if isinstance(outcome, QueryError):
        assert outcome.suggestion
    else:
        assert outcome.start_us <= outcome.end_us


@given(st.text("0123456789msdhwyM. -", max_size=12))
def test_any_text_is_an_interval_or_a_query_error(text: str) -> None:
    outcome = outcome_of(lambda: parse_interval(text))
    if isinstance(outcome, QueryError):
        assert outcome.suggestion
    else:
        assert outcome >= 1000


def _assert_canonical(query: Query) -> None:
    match query:
        case And(parts) | Or(parts):
            assert len(parts) >= 2
            assert not any(isinstance(part, type(query)) for part in parts)
            for part in parts:
                _assert_canonical(part)
        case Not(part):
            assert not isinstance(part, Not)
            _assert_canonical(part)
        case _:
            pass
