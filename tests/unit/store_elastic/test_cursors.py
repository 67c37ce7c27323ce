"""A cursor goes on where its page ended, and fits its own search only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.errors import QueryError
from logboom.query.model import MatchAll, Term
from logboom.store.elastic.cursors import Cursor, read_cursor
from logboom.store.values import Count, SearchRequest, SortOrder, TimeRange

REQUEST = SearchRequest(Term("message", "x"), TimeRange(1, 2))
AFTER = [1_700_000_000_000, 1_700_000_000_000_000_001, "id"]
TOTAL = Count(10_000, exact=False)
TEXT = Cursor(AFTER, TOTAL).text(REQUEST)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**63 - 1), st.none() | st.text())
def test_a_cursor_is_read_as_it_was_written(first: int, second: int, third: str | None) -> None:
    cursor = Cursor([first, second, third], Count(5))
    assert read_cursor(replace(REQUEST, cursor=cursor.text(REQUEST))) == cursor


def test_the_first_page_has_none() -> None:
    assert read_cursor(REQUEST) is None


def test_pages_may_differ_in_size() -> None:
    assert read_cursor(replace(REQUEST, cursor=TEXT, limit=7)) == Cursor(AFTER, TOTAL)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, query=MatchAll()),
        replace(REQUEST, times=TimeRange(1, 3)),
        replace(REQUEST, order=SortOrder.ASC),
    ],
)
def test_a_cursor_of_another_search_is_refused(other: SearchRequest) -> None:
    with pytest.raises(QueryError, match="another search"):
        read_cursor(replace(other, cursor=TEXT))


@given(st.text(max_size=60))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="cursor"):
        read_cursor(replace(REQUEST, cursor=text))
