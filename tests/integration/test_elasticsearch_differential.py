"""Elasticsearch and the evaluator in memory find the same events, whatever is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, assume, example, given, settings

from logboom.errors import QueryError
from logboom.event import Event
from logboom.query import model
from logboom.query.lucene import parse_query
from logboom.query.memory import compile_query
from logboom.query.numbers import parse_number
from logboom.store import Document, Outcome, SearchRequest, Store
from tests.integration.elastic import opened
from tests.unit.store_local.asked import DAY, NOW_NS, QUERIES, QUERY_TEXTS
from tests.unit.store_local.asked import EVENTS as ALL_EVENTS

_EXACT = 2**53

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _without_what_differs(event: Event) -> Event:
    """Without attributes that docs/queries.md says are found otherwise there.

    And without `host.more`, which no query can name: what is no field of the event's own is read as
    one of `attributes`, so its values are not indexed.
    """
    attributes = {
        name: value
        for name, value in event.get("attributes", {}).items()
        if not isinstance(value, bool | list)
    }
    own = {name: value for name, value in event.get("host", {}).items() if name == "name"}
    return {**event, "attributes": attributes, **({"host": own} if own else {})}


def _has_rounded_end(query: model.Query) -> bool:
    """True for ranges that docs/queries.md says are compared by rounded numbers there."""
    match query:
        case model.Range(_, lower, upper):
            numbers = [parse_number(end) for end in (lower, upper) if end is not None]
            return any(number is not None and abs(number) > _EXACT for number in numbers)
        case model.And(parts) | model.Or(parts):
            return any(map(_has_rounded_end, parts))
        case model.Not(part):
            return _has_rounded_end(part)
    return False


EVENTS = [_without_what_differs(event) for event in ALL_EVENTS]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(
    elasticsearch: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Store]:
    store = await opened(elasticsearch, tmp_path_factory.getbasetemp().name + "-differential")
    writer = await store.writer()
    documents = [Document.of(event["event"]["id"], DAY, event) for event in EVENTS]
    assert set(await writer.write(documents)) <= {Outcome.STORED, Outcome.DUPLICATE}
    await store.refresh()
    yield store
    await store.close()


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES)
@example(query=model.Range("attributes.k", "12", "7.5", include_lower=True, include_upper=True))
async def test_both_find_the_same(store: Store, query: model.Query) -> None:
    await compare(store, query)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERY_TEXTS)
async def test_both_find_the_same_by_texts(store: Store, text: str) -> None:
    await compare(store, parse_query(text, now_ns=NOW_NS))


async def compare(store: Store, query: model.Query) -> None:
    """Elasticsearch finds what the evaluator in memory finds, or says that it cannot."""
    assume(not _has_rounded_end(query))
    matches = compile_query(query)
    expected = {event["event"]["id"] for event in EVENTS if matches(event)}
    try:
        page = await store.search(SearchRequest(query, limit=500))
    except QueryError as error:
        if "no patterns" in str(error):
            return
        raise
    assert {event["event"]["id"] for event in page.events} == expected
    assert page.total.value == len(expected)
