"""A query finds what it means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from logboom.clock import SystemClock
from logboom.errors import QueryError
from logboom.event import event_id
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
from logboom.store import Count, SearchRequest, Store, TimeRange, open_store
from tests.contract.stores import OTHER_RUN, RUN, at, config_of, document, found, put

CORPUS: dict[str, dict[str, Any]] = {
    "plain": {"message": "user-id 42 logged in from a.b.C"},
    "refused": {
        "message": "Connection refused by db-1: retrying",
        "log": {"level": "error", "logger": "com.example.Pool"},
        "service": {"name": "checkout"},
        "error": {
            "type": "java.net.ConnectException",
            "message": "Connection refused",
            "stack_trace": "java.net.ConnectException: Connection refused\n\tat com.example.Pool.get",
        },
        "trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"},
        "tags": ["error", "slow"],
    },
    "access": {
        "message": "GET /cart/7 200",
        "log": {"level": "info"},
        "service": {"name": "cart"},
        "http": {"request": {"method": "GET"}, "response": {"status_code": 200}},
        "url": {"path": "/cart/7", "query": "a=1&b=2"},
        "client": {"ip": "10.1.2.3"},
        "event": {"duration": 1_500_000},
    },
    "failed": {
        "message": "POST /pay 503",
        "log": {"level": "error"},
        "service": {"name": "cart-v2"},
        "http": {"request": {"method": "POST"}, "response": {"status_code": 503}},
        "url": {"path": "/pay"},
        "client": {"ip": "2001:db8::17"},
        "event": {"duration": 30_000_000_000},
    },
    "numbers": {"message": "measured", "attributes": {"ratio": 0.75, "count": 12, "ok": True}},
    "strings": {"message": "named", "attributes": {"count": "12", "region": "EU West", "ok": "no"}},
    "nested": {"message": "shipped", "attributes": {"order": {"id": 991, "lines": [{"sku": "A-1"}]}}},
    "dotted": {"message": "shipped too", "attributes": {"order.id": 992, "at": "2026-03-14T09:00:00Z"}},
    "korean": {"message": "주문 실패: 결제 시간이 초과되었습니다", "log": {"level": "warn"}},
    "umlaut": {"message": "Straße ÜBERFLUTET durch Øresund", "host": {"name": "Köln-1"}},
    "escaped": {"message": "pattern a*b?c [x]", "attributes": {"expr": 'a*b?c "q" \\ /x/ {y}'}},
    "empty": {"message": "", "attributes": {"region": ""}},
}  # fmt: skip

ALL = frozenset(CORPUS)

MATCHES: list[tuple[Query, set[str] | frozenset[str]]] = [
    (MatchAll(), ALL),
    # words of texts
    (Term("message", "connection"), {"refused"}),
    (Term("message", "REFUSED"), {"refused"}),
    (Term("message", "db-1"), {"refused"}),
    (Term("message", "1 db"), set()),
    (Term("message", "user-id 42"), {"plain"}),
    (Term("message", "a.b.c"), {"plain", "escaped"}),
    (Term("message", "a b c"), {"plain", "escaped"}),
    (Term("message", "실패"), {"korean"}),
    (Term("message", "결제 시간이"), {"korean"}),
    (Term("message", "überflutet"), {"umlaut"}),
    (Term("message", "STRASSE"), set()),
    (Term("message", "straße"), {"umlaut"}),
    (Term("message", "--- !!!"), set()),
    (Term("message", ""), set()),
    (Term(None, "connectexception"), {"refused"}),
    (Term(None, "pool"), {"refused"}),
    (Term(None, "shipped"), {"nested", "dotted"}),
    (Phrase("message", "refused by db"), {"refused"}),
    (Phrase("message", "refused db"), set()),
    (Phrase("message", "refused db", slop=1), {"refused"}),
    (Phrase(None, "com.example.pool"), {"refused"}),
    (Phrase("message", "shipped"), {"nested", "dotted"}),
    (Wildcard("message", "conn*"), {"refused"}),
    (Wildcard("message", "*TRYING"), {"refused"}),
    (Wildcard("message", "ref?sed"), {"refused"}),
    (Wildcard("message", "ship*d"), {"nested", "dotted"}),
    (Wildcard(None, "connectex*"), {"refused"}),
    (Wildcard("message", "주*"), {"korean"}),
    (Regex("message", "re(fused|trying)"), {"refused"}),
    (Regex("message", "[0-9]{3}"), {"access", "failed"}),
    (Regex("message", "refuse"), set()),
    (Fuzzy("message", "refsued", 1), {"refused"}),
    (Fuzzy("message", "refuxxd", 2), {"refused"}),
    (Fuzzy("message", "refuxxd", 1), set()),
    # keywords
    (Term("log.level", "error"), {"refused", "failed"}),
    (Term("service.name", "cart"), {"access"}),
    (Term("service.name", "Cart"), set()),
    (Phrase("service.name", "cart"), {"access"}),
    (Term("trace.id", "4bf92f3577b34da6a3ce929d0e0e4736"), {"refused"}),
    (Term("tags", "slow"), {"refused"}),
    (Term("host.name", "Köln-1"), {"umlaut"}),
    (Term("error.type", "java.net.ConnectException"), {"refused"}),
    (Wildcard("service.name", "cart*"), {"access", "failed"}),
    (Wildcard("service.name", "c?r*"), {"access", "failed"}),
    (Wildcard("url.path", "/*/?"), {"access"}),
    (Term("trace.id", "4BF92F3577B34DA6A3CE929D0E0E4736"), set()),
    (Term("trace.id", "4bf92f3577b34da6"), set()),
    (Wildcard("tags", "sl*"), {"refused"}),
    (Wildcard("error.type", "java.*"), {"refused"}),
    (Regex("service.name", "c.*t"), {"refused", "access"}),
    (Regex("url.path", "/(cart|pay)(/[0-9]+)?"), {"access", "failed"}),
    (Fuzzy("service.name", "crat", 1), {"access"}),
    (Range("service.name", "cart", "checkout", True, False), {"access", "failed"}),
    (Range("service.name", "cart", None, False, False), {"refused", "failed"}),
    (Range("url.path", None, "/d", False, False), {"access"}),
    # numbers
    (Term("http.response.status_code", "200"), {"access"}),
    (Range("http.response.status_code", "500", None, True, False), {"failed"}),
    (Range("http.response.status_code", "200", "503", False, False), set()),
    (Range("http.response.status_code", "200", "503", True, True), {"access", "failed"}),
    (Range("http.response.status_code", None, "200", False, True), {"access"}),
    (Range("event.duration", "1000000", "2000000", True, False), {"access"}),
    (Term("event.duration", "1500000"), {"access"}),
    (Term("log.offset", "200"), {"access"}),
    (Range("log.offset", "100", "300", True, False), {"refused", "access"}),
    # times
    (Term("@timestamp", "2026-03-14T09:00:02Z"), {"access"}),
    (Range("@timestamp", "2026-03-14T09:00:01Z", "2026-03-14T09:00:02.000Z", True, True),
     {"refused", "access"}),
    (Range("event.created", None, "2026-03-14T09:00:01Z", False, False), {"plain"}),
    (Term("event.created", "2026-03-14T09:00:01.000Z"), {"refused"}),
    (Exists("event.created"), ALL),
    (Exists("event.ingested"), set()),
    # addresses
    (Term("client.ip", "10.1.2.3"), {"access"}),
    (Term("client.ip", "10.1.0.0/16"), {"access"}),
    (Term("client.ip", "2001:db8::/32"), {"failed"}),
    (Term("client.ip", "10.2.0.0/16"), set()),
    (Range("client.ip", "10.0.0.0", "10.1.2.3", True, True), {"access"}),
    # attributes
    (Term("attributes.count", "12"), {"numbers", "strings"}),
    (Term("attributes.ratio", "0.75"), {"numbers"}),
    (Term("attributes.ok", "true"), {"numbers"}),
    (Term("attributes.ok", "no"), {"strings"}),
    (Term("attributes.region", "EU West"), {"strings"}),
    (Term("attributes.region", "EU"), set()),
    (Term("attributes.order.id", "991"), {"nested"}),
    (Term("attributes.order.id", "992"), {"dotted"}),
    (Term("attributes.order.lines.sku", "A-1"), {"nested"}),
    (Term("attributes.at", "2026-03-14T09:00:00Z"), {"dotted"}),
    (Term("attributes.at", "2026-03-14T09:00:00.000Z"), set()),
    (Term("attributes.expr", 'a*b?c "q" \\ /x/ {y}'), {"escaped"}),
    (Term("attributes.nothing", "1"), set()),
    (Wildcard("attributes.region", "EU*"), {"strings"}),
    (Wildcard("attributes.at", "2026-03-14*"), {"dotted"}),
    (Wildcard("attributes.expr", "a\\*b\\?c*"), {"escaped"}),
    (Wildcard("attributes.expr", "a\\*b?d*"), set()),
    (Regex("attributes.region", "EU .*"), {"strings"}),
    (Regex("attributes.order.lines.sku", "[A-Z]-[0-9]"), {"nested"}),
    (Range("attributes.ratio", "0.5", "1", True, True), {"numbers"}),
    (Range("attributes.ratio", "0.75", None, False, False), set()),
    (Range("attributes.order.id", "991", None, False, False), {"dotted"}),
    (Range("attributes.order.id", "990.5", "991.5", True, True), {"nested"}),
    (Range("attributes.region", "E", "F", True, False), {"strings"}),
    # there or not
    (Exists("error.type"), {"refused"}),
    (Exists("error.stack_trace"), {"refused"}),
    (Exists("trace.id"), {"refused"}),
    (Exists("tags"), {"refused"}),
    (Exists("client.ip"), {"access", "failed"}),
    (Exists("http.response.status_code"), {"access", "failed"}),
    (Exists("attributes.ratio"), {"numbers"}),
    (Exists("attributes.order"), {"nested", "dotted"}),
    (Exists("attributes.order.id"), {"nested", "dotted"}),
    (Exists("attributes.region"), {"strings", "empty"}),
    (Exists("attributes.nothing"), set()),
    (Exists("@timestamp"), ALL),
    (Exists("event.id"), ALL),
    (Exists("log.offset"), ALL),
    # put together
    (And((Term("log.level", "error"), Term("service.name", "checkout"))), {"refused"}),
    (Or((Term("service.name", "cart"), Term("message", "measured"))), {"access", "numbers"}),
    (Not(Exists("log.level")), ALL - {"refused", "access", "failed", "korean"}),
    (Not(MatchAll()), set()),
    (Not(Not(Term("log.level", "warn"))), {"korean"}),
    (And((Term("log.level", "error"), Not(Exists("error.type")))), {"failed"}),
    (And((Not(Term("log.level", "error")), Not(Exists("attributes.ok")), Exists("log.level"))),
     {"access", "korean"}),
    (Or((Not(Exists("log.offset")), And((Exists("tags"), Wildcard(None, "pool*"))))), {"refused"}),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["local", "elasticsearch"])
async def corpus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Store]:
    data = tmp_path_factory.mktemp("corpus")
    config = config_of(request.param, request, data, f"corpus-{data.parent.name}")
    store = await open_store(config, clock=SystemClock())
    writer = await store.writer()
    documents = [
        document(100 * n, at(seconds=n), **fields) for n, fields in enumerate(CORPUS.values())
    ]
    await put(store, writer, documents)
    yield store
    await writer.close()
    await store.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("query", "expected"),
    MATCHES,
    ids=[f"{n}-{type(q).__name__}" for n, (q, _) in enumerate(MATCHES)],
)
async def test_a_query_finds_what_it_means(corpus: Store, query: Query, expected: set[str]) -> None:
    names = list(CORPUS)
    page = await corpus.search(SearchRequest(query, limit=100))
    assert {names[event["log"]["offset"] // 100] for event in page.events} == set(expected)
    assert page.total == Count(len(expected))
    assert await corpus.count(query, TimeRange()) == Count(len(expected))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "query",
    [
        Regex("message", "(unclosed"),
        Range("http.response.status_code", "many", None, include_lower=True, include_upper=True),
        Range("client.ip", "here", None, include_lower=True, include_upper=True),
    ],
)
async def test_a_query_that_cannot_be_used_is_refused(corpus: Store, query: Query) -> None:
    with pytest.raises(QueryError):
        await corpus.search(SearchRequest(query))


@pytest.mark.asyncio(loop_scope="module")
async def test_events_are_found_by_their_ids(corpus: Store) -> None:
    names = list(CORPUS)
    for offset in (0, 700):
        event = await corpus.get(event_id(RUN, offset))
        assert event is not None
        assert event["message"] == CORPUS[names[offset // 100]]["message"]
        assert await found(corpus, Term("event.id", event["event"]["id"])) == [event["event"]["id"]]
    assert await corpus.get(event_id(RUN, 50)) is None
    assert await corpus.get(event_id(OTHER_RUN, 0)) is None
