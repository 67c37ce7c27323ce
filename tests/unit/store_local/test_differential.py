"""The embedded store and the evaluator in memory find the same events, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings

from logboom.errors import QueryError
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query import model
from logboom.query.lucene import parse_query
from logboom.query.memory import compile_query
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.days import Days, View
from logboom.store.local.folders import StoreFolder
from logboom.store.local.looking import search_page
from logboom.store.local.translate import Translator
from logboom.store.values import Document, SearchRequest
from tests.unit.store_local.asked import (
    DAY,
    EVENTS,
    LEAF_TEXTS,
    NOW_NS,
    QUERIES,
    QUERY_TEXTS,
)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    store = StoreFolder(tmp_path_factory.mktemp("store"), "logs-%Y.%m.%d")
    writer = DayWriter(store.create(DAY), memory_bytes=15_000_000)
    writer.append([Document.of(event["event"]["id"], DAY, event) for event in EVENTS])
    writer.commit()
    writer.close()
    days = Days(store)
    yield days.view()
    days.close()


@settings(max_examples=200)
@given(QUERY_TEXTS)
def test_both_find_the_same_by_texts(view: View, text: str) -> None:
    compare(view, parse_query(text, now_ns=NOW_NS))


KINDS: dict[str, Callable[[str | None], bool]] = {
    "texts": lambda field: field is None or EVENT_FIELDS.get(field or "") is FieldType.TEXT,
    "keywords": lambda field: EVENT_FIELDS.get(field or "") is FieldType.KEYWORD,
    "numbers": lambda field: EVENT_FIELDS.get(field or "") is FieldType.LONG,
    "times": lambda field: EVENT_FIELDS.get(field or "") is FieldType.DATE,
    "addresses": lambda field: EVENT_FIELDS.get(field or "") is FieldType.IP,
    "own": lambda field: field is not None and field.startswith("attributes."),
}


def leaves_of(query: model.Query) -> Iterator[Any]:
    match query:
        case model.And(parts) | model.Or(parts):
            for part in parts:
                yield from leaves_of(part)
        case model.Not(part):
            yield from leaves_of(part)
        case model.MatchAll():
            pass
        case _:
            yield query


def test_every_form_is_generated() -> None:
    texts = [*LEAF_TEXTS, "timeout", '"timeout retry"~1']
    found = {
        (type(leaf), kind)
        for text in texts
        for leaf in leaves_of(parse_query(text, now_ns=NOW_NS))
        for kind, holds in KINDS.items()
        if holds(leaf.field)
    }
    with_texts = (model.Term, model.Wildcard, model.Regex, model.Fuzzy, model.Range, model.Exists)
    wanted = {(leaf, kind) for leaf in with_texts for kind in ("texts", "keywords", "own")}
    wanted |= {
        (leaf, kind) for leaf in (model.Term, model.Range) for kind in ("numbers", "addresses")
    }
    wanted |= {(model.Exists, kind) for kind in ("numbers", "addresses", "times")}
    assert found >= wanted | {(model.Phrase, "texts"), (model.Range, "times")}


@settings(max_examples=600)
@given(QUERIES)
@example(model.Range("attributes.k", "12", "7.5", include_lower=True, include_upper=True))
@example(model.Range("attributes.k", "-1.5", "0", include_lower=True, include_upper=False))
def test_both_find_the_same(view: View, query: model.Query) -> None:
    compare(view, query)


def compare(view: View, query: model.Query) -> None:
    """The embedded store finds what the evaluator in memory finds, or says that it cannot."""
    matches = compile_query(query)
    expected = {event["event"]["id"] for event in EVENTS if matches(event)}
    try:
        request = SearchRequest(query, limit=500)
        page = search_page(view, Translator().translate(query), request, lambda: False)
    except QueryError as error:
        if any(why in str(error) for why in ("no patterns", "cannot be compared", "up whole")):
            return
        raise
    assert {event["event"]["id"] for event in page.events} == expected
    assert page.total.value == len(expected)
