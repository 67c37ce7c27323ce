"""What every store must do: the same for the embedded one and for a real Elasticsearch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import QueryError
from logboom.event import Event, epoch_us, event_id, source_run
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
from logboom.store import (
    Count,
    Document,
    Group,
    Groups,
    Outcome,
    SearchRequest,
    SortOrder,
    Store,
    StoreWriter,
    TimeRange,
    open_store,
)

DAY = date(2026, 3, 14)
RUN = source_run("contract", 0)
OTHER_RUN = source_run("contract", 1)
MINUTE_US = 60_000_000


def config_of(kind: str, request: pytest.FixtureRequest, data: Path, unique: str) -> Config:
    """A configuration whose store nobody else uses."""
    settings: dict[str, Any] = {"data": data, "index": f"{unique}-%Y.%m.%d"}
    if kind == "elasticsearch":
        url = request.getfixturevalue("elasticsearch")
        settings["store"] = {"kind": "elasticsearch", "urls": [url], "replicas": 0}
    return Config.model_validate(settings)


@pytest.fixture(params=["local", "elasticsearch"])
def config(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Config:
    return config_of(request.param, request, tmp_path, unique)


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    opened = await open_store(config, clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
async def writer(store: Store) -> AsyncIterator[StoreWriter]:
    opened = await store.writer()
    yield opened
    await opened.close()


def at(*, days: int = 0, **since_nine: float) -> str:
    """A time of the test's day: nine o'clock, and then."""
    moment = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
    moment += timedelta(days=days, **since_nine)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(
    offset: int = 0,
    time: str | None = None,
    *,
    run: str = RUN,
    day: date | None = None,
    **fields: Any,
) -> Document:
    """An event as the shipper normalises it; `fields` are the event's own objects."""
    time = at() if time is None else time
    identity = event_id(run, offset)
    event: Event = {
        "@timestamp": time,
        "message": f"event number {offset}",
        "event": {"id": identity, "created": time},
        "log": {"source": run, "offset": offset},
    }
    for name, value in fields.items():
        known = event.get(name)
        event[name] = {**known, **value} if isinstance(known, dict) else value
    return Document.of(identity, day or date.fromisoformat(time[:10]), event)


def ids(documents: Sequence[Document]) -> list[str]:
    return [one.id for one in documents]


async def put(store: Store, writer: StoreWriter, documents: Sequence[Document]) -> None:
    """Stores documents that are new, and makes them visible."""
    answers = await writer.write(documents)
    assert list(answers) == [Outcome.STORED] * len(documents)
    await store.refresh()


async def found(store: Store, query: Query, **request: Any) -> list[str]:
    """The ids of all matches, in the order of the search."""
    page = await store.search(SearchRequest(query, limit=1000, **request))
    return [event["event"]["id"] for event in page.events]


async def read_all(
    store: Store, query: Query, *, limit: int, order: SortOrder, times: TimeRange
) -> list[str]:
    """The ids on all pages, one after the other."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        request = SearchRequest(query, times, limit, order, cursor)
        page = await store.search(request)
        seen += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return seen
        assert len(page.events) == limit, "only the last page may be short"


# -- writing ------------------------------------------------------------------------------------


async def test_an_event_comes_back_just_as_it_was_written(
    store: Store, writer: StoreWriter
) -> None:
    written = document(
        message='zwei Zeilen\nund "Anführung" – 검색 検索 🌲',
        tags=["error", "late"],
        error={"type": "E", "message": "it broke", "stack_trace": "E: it broke\n\tat f"},
        attributes={"n": 1, "f": 1.5, "s": "", "none": None, "yes": True, "deep": {"a": [1, {}]}},
    )
    await put(store, writer, [written])
    assert await store.get(written.id) == written.event
    page = await store.search(SearchRequest(MatchAll()))
    assert page.events == [written.event]
    assert (page.total, page.cursor, page.partial) == (Count(1), None, False)


async def test_each_document_gets_its_answer_and_duplicates_are_recognised(
    store: Store, writer: StoreWriter
) -> None:
    first, second, third = document(0), document(100), document(200)
    assert list(await writer.write([first, second, first])) == [
        Outcome.STORED,
        Outcome.STORED,
        Outcome.DUPLICATE,
    ]
    assert list(await writer.write([second, third, first, third])) == [
        Outcome.DUPLICATE,
        Outcome.STORED,
        Outcome.DUPLICATE,
        Outcome.DUPLICATE,
    ]
    await store.refresh()
    assert await found(store, MatchAll()) == ids([third, second, first])


async def test_events_that_arrive_behind_later_ones_of_their_source_are_new(
    store: Store, writer: StoreWriter
) -> None:
    await put(store, writer, [document(500), document(900, run=OTHER_RUN)])
    late = [document(100), document(300), document(100, run=OTHER_RUN)]
    assert list(await writer.write([*late, document(500)])) == [
        *[Outcome.STORED] * 3,
        Outcome.DUPLICATE,
    ]
    await store.refresh()
    assert len(await found(store, MatchAll())) == 5


async def test_ids_of_another_making_are_recognised_too(store: Store, writer: StoreWriter) -> None:
    foreign = [document(n, event={"id": name}) for n, name in enumerate(["b", "ä/1", "a" * 22])]
    foreign = [Document.of(one.event["event"]["id"], one.day, one.event) for one in foreign]
    await put(store, writer, foreign)
    assert list(await writer.write([foreign[1], document(9), foreign[0]])) == [
        Outcome.DUPLICATE,
        Outcome.STORED,
        Outcome.DUPLICATE,
    ]
    await store.refresh()
    for one in foreign:
        assert await store.get(one.id) == one.event


async def test_duplicates_are_recognised_after_reopening(config: Config) -> None:
    documents = [document(100 * n) for n in range(50)]
    for expected in (Outcome.STORED, Outcome.DUPLICATE, Outcome.DUPLICATE):
        store = await open_store(config, clock=SystemClock())
        writer = await store.writer()
        assert list(await writer.write(documents)) == [expected] * 50
        await writer.close()
        await store.close()
    store = await open_store(config, clock=SystemClock())
    await store.refresh()
    assert await store.count(MatchAll(), TimeRange()) == Count(50)
    await store.close()


async def test_an_empty_write_is_answered(store: Store, writer: StoreWriter) -> None:
    assert list(await writer.write([])) == []
    assert await found(store, MatchAll()) == []


async def test_ten_thousand_documents_in_one_write(store: Store, writer: StoreWriter) -> None:
    documents = [document(100 * n, at(milliseconds=n)) for n in range(10_000)]
    await put(store, writer, documents)
    assert await store.count(MatchAll(), TimeRange()) == Count(10_000)
    page = await store.search(SearchRequest(MatchAll(), limit=3))
    assert [event["event"]["id"] for event in page.events] == ids(documents[:-4:-1])
    assert page.total == Count(10_000)


AWKWARD: dict[str, Any] = {
    "a number": {"a": 1},
    "a string where a number was": {"a": "x"},
    "an object where a number was": {"a": {"b": 1}},
    "objects in lists": {"a": {"b": {"c": [1, {"d": 2}]}}},
    "a dotted key": {"a.b": "zzz"},
    "a dotted key beside the object": {"a": {"b": 1}, "a.b": 2},
    "3,000 keys": {f"key{n}": n for n in range(3000)},
    "a long value": {"long": "x" * 40_000},
    "a very long value": {"long": "y" * 300_000},
    "times as texts": {"t": "2026-03-14T09:00:00Z", "u": "2026-03-14"},
    "numbers beyond 32 bits": {"n": 2**53 + 1, "m": -(2**63), "u": 2**63 - 1},
    "fractions": {"n": 0.1, "m": 1e300, "z": -0.0},
    "odd keys": {"ä ö": 1, 'qu"ote': 2, "back\\slash": 3, "star*": 4, "_id": 5, "a-b": 6},
    "control characters": {"c": "\u0000\u001b[31mred\u001b[0m", "\u0001": "one"},
    "empty values": {"e": "", "l": [], "o": {}, "n": None},
    "mixed lists": {"l": [1, "one", 1.5, True, None, ["nested", [2]]]},
    "no attributes at all": {},
}


@pytest.mark.parametrize("name", AWKWARD)
async def test_awkward_attributes_are_kept_and_found_by_the_message(
    store: Store, writer: StoreWriter, name: str
) -> None:
    usual = document(0, attributes={"a": 7})
    awkward = document(100, message="the awkward one", attributes=AWKWARD[name])
    later = document(200, attributes={"a": 8})
    await put(store, writer, [usual])
    await put(store, writer, [awkward])
    await put(store, writer, [later])
    assert await found(store, Term("message", "awkward")) == [awkward.id]
    assert await store.get(awkward.id) == awkward.event
    assert await found(store, Term("attributes.a", "8")) == [later.id]


async def test_all_the_awkward_attributes_live_in_one_day(
    store: Store, writer: StoreWriter
) -> None:
    documents = [document(100 * n, attributes=AWKWARD[name]) for n, name in enumerate(AWKWARD)]
    await put(store, writer, documents)
    for one in documents:
        assert await store.get(one.id) == one.event
    assert await store.count(MatchAll(), TimeRange()) == Count(len(documents))


async def test_long_texts_and_long_words_are_kept(store: Store, writer: StoreWriter) -> None:
    long = document(0, message="begin " + "wörter und mehr " * 40_000 + "end")
    word = document(100, message="one " + "z" * 100_000 + " word")
    trace = document(200, error={"stack_trace": "at f\n" * 20_000, "message": "m" * 20_000})
    await put(store, writer, [long, word, trace])
    assert await found(store, Phrase("message", "mehr end")) == [long.id]
    assert await found(store, Term("message", "word")) == [word.id]
    assert await found(store, Phrase("error.stack_trace", "f at f")) == [trace.id]
    assert await store.get(word.id) == word.event
    assert await store.get(trace.id) == trace.event


# -- order, pages, times ------------------------------------------------------------------------


def tied() -> list[Document]:
    """Events of five days, many of them at the same instant, from two sources."""
    documents = []
    for n in range(60):
        time = at(days=n // 15, milliseconds=(n % 15) // 6)
        documents.append(document(100 * n, time, run=RUN if n % 3 else OTHER_RUN))
    return documents


def in_order(documents: Sequence[Document], order: SortOrder) -> list[str]:
    ranked = sorted(documents, key=lambda one: (one.event["@timestamp"], one.id))
    return ids(ranked if order is SortOrder.ASC else ranked[::-1])


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("limit", [1, 4, 7, 59, 60, 1000])
async def test_pages_follow_each_other_without_loss_or_double(
    store: Store, writer: StoreWriter, order: SortOrder, limit: int
) -> None:
    documents = tied()
    await put(store, writer, documents[::-1])
    everything = TimeRange()
    seen = await read_all(store, MatchAll(), limit=limit, order=order, times=everything)
    assert seen == in_order(documents, order)
    some = Term("log.source", RUN)
    seen = await read_all(store, some, limit=limit, order=order, times=everything)
    wanted = [one for one in documents if one.event["log"]["source"] == RUN]
    assert seen == in_order(wanted, order)


@pytest.mark.parametrize("order", SortOrder)
async def test_pages_stay_stable_while_events_arrive(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    await put(store, writer, documents)
    seen: list[str] = []
    cursor: str | None = None
    for arrival in range(60):
        page = await store.search(SearchRequest(MatchAll(), TimeRange(), 7, order, cursor))
        seen += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            break
        new = document(10_000 + arrival, at(days=arrival % 5, milliseconds=arrival % 3))
        await put(store, writer, [new])
    assert len(seen) == len(set(seen))
    old = set(ids(documents))
    assert [one for one in seen if one in old] == in_order(documents, order)


@pytest.mark.parametrize("order", SortOrder)
async def test_a_range_of_times_begins_with_its_start_and_ends_before_its_end(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = tied()
    await put(store, writer, documents)
    times = sorted({one.event["@timestamp"] for one in documents})
    for start in (None, times[0], times[3], times[-1]):
        for end in (None, times[0], times[5], times[-1]):
            wanted = [
                one
                for one in documents
                if (start is None or start <= one.event["@timestamp"])
                and (end is None or one.event["@timestamp"] < end)
            ]
            asked = TimeRange(
                None if start is None else epoch_us(start), None if end is None else epoch_us(end)
            )
            assert await found(store, MatchAll(), order=order, times=asked) == in_order(
                wanted, order
            )
            assert await store.count(MatchAll(), asked) == Count(len(wanted))


@pytest.mark.parametrize("order", SortOrder)
async def test_an_event_that_is_indexed_under_another_day_is_found_at_its_own_time(
    store: Store, writer: StoreWriter, order: SortOrder
) -> None:
    documents = [
        *tied(),
        document(50_000, "2031-01-01T00:00:00.000Z", day=DAY),
        document(50_100, "1999-12-31T23:59:59.999Z", day=DAY),
        document(50_200, at(days=2, seconds=5), day=DAY),
        document(50_300, at(days=2, seconds=5), day=DAY + timedelta(days=4)),
    ]
    await put(store, writer, documents)
    seen = await read_all(store, MatchAll(), limit=5, order=order, times=TimeRange())
    assert seen == in_order(documents, order)
    old = TimeRange(end_us=epoch_us("2000-01-01T00:00:00Z"))
    assert await found(store, MatchAll(), times=old) == [documents[-3].id]
    assert await store.count(MatchAll(), old) == Count(1)


async def test_totals_are_exact_up_to_the_limit_asked_for(
    store: Store, writer: StoreWriter
) -> None:
    documents = tied()
    await put(store, writer, documents)
    for limit in (0, 3, 100):
        request = SearchRequest(MatchAll(), limit=limit, count_limit=60)
        assert (await store.search(request)).total == Count(60)
    page = await store.search(SearchRequest(MatchAll(), limit=2, count_limit=59))
    assert page.total.exact is False
    assert 59 <= page.total.value <= 60
    assert page.cursor is not None
    following = SearchRequest(MatchAll(), limit=2, count_limit=59, cursor=page.cursor)
    assert (await store.search(following)).total.value >= 59


async def test_a_limit_of_zero_gives_the_total_alone(store: Store, writer: StoreWriter) -> None:
    await put(store, writer, tied())
    page = await store.search(SearchRequest(MatchAll(), limit=0))
    assert (list(page.events), page.total, page.cursor) == ([], Count(60), None)


@pytest.mark.parametrize("cursor", ["", "x", "!!", "bnVsbA", "WzEsMl0", "e30"])
async def test_a_cursor_that_is_none_of_ours_is_refused(
    store: Store, writer: StoreWriter, cursor: str
) -> None:
    await put(store, writer, tied())
    with pytest.raises(QueryError, match="cursor"):
        await store.search(SearchRequest(MatchAll(), cursor=cursor))


async def test_an_empty_store_answers(store: Store, writer: StoreWriter) -> None:
    page = await store.search(SearchRequest(MatchAll()))
    assert (list(page.events), page.total, page.cursor) == ([], Count(0), None)
    assert await store.count(Term("message", "x"), TimeRange()) == Count(0)
    assert await store.get(event_id(RUN, 0)) is None
    assert await store.get("no such id") is None
    assert list(await store.days()) == []
    assert list(await store.count_by_source()) == []
    histogram = await store.histogram(MatchAll(), TimeRange(), interval_us=MINUTE_US, by=None)
    assert list(histogram.buckets) == []


async def test_groups_have_counts_and_times(store: Store, writer: StoreWriter) -> None:
    def error(number: int, name: str | None, service: str, **when: Any) -> Document:
        fields: dict[str, Any] = {} if name is None else {"error": {"fingerprint": name}}
        return document(number, at(**when), service={"name": service}, **fields)

    await put(store, writer, [
        error(0, "1:a", "cart"), error(1, "1:a", "shop", minutes=5), error(2, "1:a", "cart", days=2),
        error(3, "1:b", "cart", minutes=1), error(4, None, "cart"), error(5, "1:c", "cart", days=1),
        error(6, "1:c", "web", days=1, seconds=1.5),
    ])  # fmt: skip
    nine = int(datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC).timestamp()) * 1_000_000
    day_us = 86_400_000_000
    named: dict[str, Any] = {"field": "error.fingerprint", "by": "service.name"}
    found = await store.groups(MatchAll(), TimeRange(), **named)
    assert found == Groups(
        [
            Group("1:a", 3, nine, nine + 2 * day_us, {"cart": 2, "shop": 1}),
            Group("1:c", 2, nine + day_us, nine + day_us + 1_500_000, {"cart": 1, "web": 1}),
            Group("1:b", 1, nine + MINUTE_US, nine + MINUTE_US, {"cart": 1}),
        ],
        complete=True,
    )
    first_day = TimeRange(None, nine + 2 * MINUTE_US)
    found = await store.groups(Term("service.name", "cart"), first_day, field="error.fingerprint")
    assert [(row.value, row.count, row.by) for row in found.rows] == [
        ("1:a", 1, {}),
        ("1:b", 1, {}),
    ]
    found = await store.groups(MatchAll(), TimeRange(), size=1, **named)
    assert [row.value for row in found.rows] == ["1:a"]
    assert not found.complete


async def test_groups_of_nothing_are_none(store: Store, writer: StoreWriter) -> None:
    empty = Groups([], complete=True)
    assert await store.groups(MatchAll(), TimeRange(), field="error.fingerprint") == empty
    await put(store, writer, [document(0)])
    assert await store.groups(MatchAll(), TimeRange(), field="error.fingerprint") == empty
    for name in ("message", "@timestamp"):
        with pytest.raises(QueryError):
            await store.groups(MatchAll(), TimeRange(), field=name)


# -- queries ------------------------------------------------------------------------------------

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


# -- counting -----------------------------------------------------------------------------------


def minute(number: int) -> int:
    return epoch_us(at()) + number * MINUTE_US


async def put_levels(store: Store, writer: StoreWriter) -> None:
    """Events in the minutes 0, 0, 1, 1, 1, 4 and, on the next day, one a day later."""
    levels = ["info", "error", "info", "info", "warn", "error"]
    seconds = [0, 59.999, 60, 61, 119, 240]
    documents = [
        document(100 * n, at(seconds=second), log={"level": level})
        for n, (second, level) in enumerate(zip(seconds, levels, strict=True))
    ]
    documents += [document(700, at(seconds=60)), document(800, at(days=1), log={"level": "info"})]
    await put(store, writer, documents)


async def test_a_histogram_counts_per_stretch_of_time_without_gaps(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    times = TimeRange(minute(0), minute(60))
    found = await store.histogram(MatchAll(), times, interval_us=MINUTE_US, by=None)
    assert found.interval_us == MINUTE_US
    assert [(b.start_us, b.count) for b in found.buckets] == [
        (minute(0), 2),
        (minute(1), 4),
        (minute(2), 0),
        (minute(3), 0),
        (minute(4), 1),
    ]
    assert all(not bucket.by for bucket in found.buckets)


async def test_a_histogram_is_split_by_the_most_frequent_values(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    times = TimeRange(minute(0), minute(60))
    found = await store.histogram(MatchAll(), times, interval_us=MINUTE_US, by="log.level")
    assert [(b.count, dict(b.by)) for b in found.buckets] == [
        (2, {"info": 1, "error": 1}),
        (4, {"info": 2, "warn": 1}),
        (0, {}),
        (0, {}),
        (1, {"error": 1}),
    ]
    found = await store.histogram(
        MatchAll(), times, interval_us=MINUTE_US, by="log.level", by_size=2
    )
    assert [dict(b.by) for b in found.buckets][1] == {"info": 2}


async def test_a_histogram_spans_days_and_keeps_to_query_and_times(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    day_us = 24 * 60 * MINUTE_US
    found = await store.histogram(
        Term("log.level", "info"), TimeRange(), interval_us=day_us, by=None
    )
    start = epoch_us(f"{DAY}T00:00:00Z")
    assert [(b.start_us, b.count) for b in found.buckets] == [(start, 3), (start + day_us, 1)]
    found = await store.histogram(
        MatchAll(), TimeRange(minute(1), minute(4)), interval_us=MINUTE_US, by=None
    )
    assert [(b.start_us, b.count) for b in found.buckets] == [(minute(1), 4)]
    nothing = await store.histogram(
        MatchAll(), TimeRange(1, 2), interval_us=MINUTE_US, by="log.level"
    )
    assert list(nothing.buckets) == []


async def test_a_histogram_of_too_many_stretches_is_refused(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    with pytest.raises(QueryError):
        await store.histogram(MatchAll(), TimeRange(), interval_us=1000, by=None)


async def test_documents_are_counted_by_source_and_day(store: Store, writer: StoreWriter) -> None:
    documents = tied()
    await put(store, writer, documents)
    await writer.write(documents[:10])
    await store.refresh()
    counted = await store.count_by_source()
    expected = {
        (run, DAY + timedelta(days=day)): (5 if run == OTHER_RUN else 10)
        for day in range(4)
        for run in (RUN, OTHER_RUN)
    }
    assert {(one.run, one.day): one.documents for one in counted} == expected


async def test_the_days_are_listed_with_what_they_hold(
    store: Store, writer: StoreWriter, unique: str
) -> None:
    await put(store, writer, [document(0), document(100, at(days=2)), document(200, at(days=2))])
    days = await store.days()
    assert [(day.day, day.name, day.documents) for day in days] == [
        (DAY, f"{unique}-2026.03.14", 1),
        (DAY + timedelta(days=2), f"{unique}-2026.03.16", 2),
    ]
    assert all(day.size_bytes > 0 for day in days)


async def test_the_store_says_how_it_is(store: Store, writer: StoreWriter) -> None:
    assert await store.check()
    assert store.kind in {"local", "elasticsearch"}
    assert store.address


async def test_closing_twice_does_no_harm(config: Config) -> None:
    store = await open_store(config, clock=SystemClock())
    writer = await store.writer()
    await writer.write([document()])
    await writer.close()
    await writer.close()
    await store.close()
    await store.close()
