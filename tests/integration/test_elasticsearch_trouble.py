"""What happens when Elasticsearch refuses, is overloaded, hangs or dies?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from logboom.errors import ConfigError, DiskFull, QueryError, StoreRefused, StoreUnavailable
from logboom.event import decode_json
from logboom.query.model import And, MatchAll, Or, Query, Term
from logboom.store import Count, Document, Outcome, Rejected, SearchRequest, TimeRange
from logboom.store.elastic.bulk import BulkWriter
from tests.http_handling import answer, handled
from tests.integration.conftest import Starter
from tests.integration.elastic import DAY, Opener, document, insist, stored_ids
from tests.polling import soon
from tests.services.process import JvmService, free_port

# -- single documents ---------------------------------------------------------------------------


async def test_what_the_server_refuses_is_stored_in_a_reduced_form_with_the_reason(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    poison = [
        document(1, message={"not": "a text"}),
        document(2, attributes="not an object"),
        document(3, attributes={"": "no key"}),
        document(4, log="not an object"),
        document(5, attributes={"huge": 2**70}),
    ]
    documents = [document(0), *poison, document(6)]
    assert await writer.write(documents) == [Outcome.STORED] * 7
    assert await writer.write(documents[::-1]) == [Outcome.DUPLICATE] * 7
    await store.refresh()
    assert await stored_ids(store) == [one.id for one in documents]
    for number, reason in zip(
        range(1, 6), ("message", "attributes", "", "log", "64-bit"), strict=True
    ):
        event = await store.get(documents[number].id)
        assert event is not None
        assert event["tags"] == ["reduced"]
        assert reason in event["attributes"]["reduced"]["reason"]
        assert decode_json(b" " + event["event"]["original"].encode()) == documents[number].event
    assert (await store.count(Term("tags", "reduced"), TimeRange())).value == 5
    assert (await store.count(Term("service.name", "service-3"), TimeRange())).value == 1


async def test_what_is_refused_in_its_reduced_form_too_is_rejected_with_both_reasons(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as client:
        strict = {"mappings": {"dynamic": "strict", "properties": {"message": {"type": "text"}}}}
        assert (await client.put(f"/{unique}-2026.03.14", json=strict)).status_code == 200
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    poison = document(0)
    first, again = await writer.write([poison, poison])
    assert isinstance(first, Rejected)
    assert first == again
    assert "strict" in first.reason
    assert "its reduced form" in first.reason
    assert "\n" not in first.reason


async def test_one_that_spoils_whole_requests_is_found_among_the_others(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    documents = [document(n) for n in range(40)]
    value = documents[23].value[:-1] + b',\n"more":[]}\n{"no action":{}}'
    documents[23] = Document(documents[23].id, DAY, value)
    assert await writer.write(documents) == [Outcome.STORED] * 40
    await store.refresh()
    assert len(await stored_ids(store)) == 40
    event = await store.get(documents[23].id)
    assert event is not None
    assert event["event"]["original"] == value.decode()


async def test_an_id_that_would_spoil_the_whole_request_is_rejected_alone(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    good, other = document(0), document(1)
    documents = [
        good,
        *(Document.of(name, DAY, other.event) for name in ("x" * 513, "ä" * 300, "", "y" * 512)),
    ]
    answers = await writer.write(documents)
    assert [isinstance(answer, Rejected) for answer in answers] == [False, True, True, True, False]
    assert answers[0] is answers[4] is Outcome.STORED


async def test_an_index_that_takes_no_writes_is_nobodys_fault(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    await writer.write([document(0)])
    index = f"{elasticsearch}/{unique}-2026.03.14"
    async with httpx.AsyncClient() as client:
        await client.put(f"{index}/_settings", json={"index.blocks.write": True})
        with pytest.raises(StoreRefused, match=r"index\.blocks"):
            await writer.write([document(1), document(2)])
        await client.put(
            f"{index}/_settings",
            json={"index.blocks.write": False, "index.blocks.read_only_allow_delete": True},
        )
        with pytest.raises(DiskFull, match="high watermark"):
            await writer.write([document(1), document(2)])
        await client.put(f"{index}/_settings", json={"index.blocks.read_only_allow_delete": False})
        assert set(await writer.write([document(1), document(2)])) == {Outcome.STORED}


# -- servers that are slow to take, or gone ------------------------------------------------------


@pytest.fixture(scope="module")
def narrow(start_own_elasticsearch: Starter) -> JvmService:
    """An Elasticsearch that is easily overloaded, takes small requests only, and may be killed."""
    return start_own_elasticsearch(
        settings={
            "indexing_pressure.memory.limit": "2mb",
            "http.max_content_length": "1mb",
            "search.max_buckets": "100",
        }
    )


async def test_an_overloaded_server_is_asked_for_less_and_everything_is_stored(
    narrow: JvmService, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(narrow.address, unique, bulk_bytes="8MiB", bulk_concurrency=8)
    writer = await store.writer()
    assert isinstance(writer, BulkWriter)
    assert writer.pace.bytes < 2**20
    documents = [document(n, message="word " * 400) for n in range(6_000)]
    answers = await insist(writer, documents)
    assert answers <= {Outcome.STORED, Outcome.DUPLICATE}
    assert writer.pace.requests < 8, "the server never said that it was overloaded"
    assert await insist(writer, documents[::-1]) == {Outcome.DUPLICATE}
    await store.refresh()
    assert len(await stored_ids(store)) == len(documents)


async def test_a_document_beyond_the_servers_limit_is_rejected_alone(
    narrow: JvmService, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(narrow.address, unique)
    writer = await store.writer()
    answers = await writer.write([document(0), document(1, message="x" * 1_500_000), document(2)])
    assert [answers[0], answers[2]] == [Outcome.STORED] * 2
    assert isinstance(answers[1], Rejected)
    assert "max_content_length" in answers[1].reason


@pytest.mark.slow
async def test_a_dead_server_is_unavailable_and_back_again_loses_nothing(
    narrow: JvmService, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(narrow.address, unique)
    writer = await store.writer()
    documents = [document(n) for n in range(3_000)]
    assert set(await writer.write(documents[:1_000])) == {Outcome.STORED}
    writing = asyncio.create_task(writer.write(documents[1_000:2_000]))
    await asyncio.to_thread(narrow.kill)
    refused = asyncio.create_task(writer.write(documents[2_000:]))
    for ask in (store.check(), store.days(), store.search(SearchRequest(MatchAll()))):
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await ask
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await refused
    with contextlib.suppress(StoreUnavailable):  # or it was quicker than the kill
        await writing
    await asyncio.to_thread(narrow.start)
    assert set(await writer.write(documents)) == {Outcome.STORED, Outcome.DUPLICATE}
    await store.refresh()
    assert await stored_ids(store) == [one.id for one in documents]


def _is_slowed(writer: BulkWriter) -> Callable[[], Awaitable[bool]]:
    async def is_slowed() -> bool:
        return writer.pace.is_slowed

    return is_slowed


async def test_a_server_that_comes_back_soon_is_waited_for(
    narrow: JvmService, open_elastic: Opener, unique: str
) -> None:
    patient = await open_elastic(narrow.address, unique)
    assert await (await patient.writer()).write([document(0)]) == [Outcome.STORED]
    store = await open_elastic(narrow.address, unique, request_timeout="5s")
    writer = await store.writer()
    assert isinstance(writer, BulkWriter)
    assert await writer.write([document(1)]) == [Outcome.STORED]
    many = [document(n, message="word " * 200) for n in range(2, 600)]
    narrow.pause()
    writing = asyncio.create_task(insist(writer, many))
    with pytest.raises(StoreUnavailable):
        await store.days()
    assert not writing.done()
    await soon(_is_slowed(writer), timeout_s=120, what="less is asked at once")
    narrow.resume()
    assert await writing <= {Outcome.STORED, Outcome.DUPLICATE}
    await patient.refresh()
    assert len(await stored_ids(patient)) == 600


async def test_a_node_that_is_gone_is_passed_over(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    store = await open_elastic([nobody, elasticsearch], unique)
    writer = await store.writer()
    for number in range(6):
        assert await writer.write([document(number)]) == [Outcome.STORED]
    await store.refresh()
    assert (await store.count(MatchAll(), TimeRange())).value == 6


async def test_without_a_part_no_number_is_exact_and_no_event_is_unknown(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    await writer.write([document(n) for n in range(5)])
    await store.refresh()
    missing = f"{elasticsearch}/{unique}-2026.03.15"
    nowhere = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    async with httpx.AsyncClient() as client:
        made = await client.put(missing, params={"wait_for_active_shards": 0}, json=nowhere)
        assert made.status_code == 200, made.text
        try:
            page = await store.search(SearchRequest(MatchAll(), limit=2))
            assert page.total == await store.count(MatchAll(), TimeRange()) == Count(5, exact=False)
            assert page.partial
            (warning,) = page.warnings
            assert warning.startswith("1 of 2 shards did not answer: more events may match")
            assert warning.endswith("(no_shard_available_action_exception)")
            assert await store.get(document(1).id) is not None
            with pytest.raises(StoreUnavailable, match="1 of 2 shards"):
                await store.get(document(7).id)
        finally:
            await client.delete(missing)
    assert await store.get(document(7).id) is None
    assert (await store.search(SearchRequest(MatchAll()))).total == Count(5)


async def test_a_day_that_cannot_be_read_on_is_to_be_read_again(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    await writer.write([document(n) for n in range(300)])
    await store.refresh()
    pieces = store.read_day(DAY)
    first = await anext(pieces)
    assert 0 < len(first) < 300
    assert await store.drop_day(DAY)
    with pytest.raises(StoreUnavailable, match="no such index") as told:
        await anext(pieces)
    assert told.value.retryable
    assert [piece async for piece in store.read_day(DAY)] == []


# -- what answers is something else --------------------------------------------------------------


class _SomethingElse(BaseHTTPRequestHandler):
    kind = "application/json"
    content = b'{"nodes": {}}'
    more = "x-more"

    def do_GET(self) -> None:
        answer(self, self.content, headers={"content-type": self.kind, self.more: "yes"})

    def log_message(self, *_words: object) -> None:
        """Nothing: what a test prints is looked at."""


class _Page(_SomethingElse):
    kind = "text/html"
    content = b"<h1>hello</h1>"


class _Picture(_SomethingElse):
    kind = "image/png"
    content = b"\x89PNG"


class _Kibana(_SomethingElse):
    more = "kbn-name"


class _OpenSearch(_SomethingElse):
    content = (
        b'{"version": {"distribution": "opensearch", "number": "2.11.1", "lucene_version": "9"}}'
    )


class _Old(_SomethingElse):
    content = b'{"version": {"number": "7.10.2", "lucene_version": "8.7.0"}}'


@pytest.fixture(params=[_SomethingElse, _Page, _Picture])
def something_else(request: pytest.FixtureRequest) -> Iterator[str]:
    with handled(request.param) as url:
        yield url


async def test_a_server_that_is_no_elasticsearch_is_recognised(
    something_else: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(something_else, unique)
    with pytest.raises(StoreRefused, match="no Elasticsearch"):
        await store.check()
    with pytest.raises(StoreRefused, match="no Elasticsearch"):
        await store.writer()


@pytest.mark.parametrize(
    ("handler", "says"), [(_Kibana, "Kibana"), (_OpenSearch, "OpenSearch"), (_Old, "too old")]
)
async def test_it_is_said_who_answers_instead(
    handler: type[_SomethingElse], says: str, open_elastic: Opener, unique: str
) -> None:
    with handled(handler) as url:
        store = await open_elastic(url, unique)
        with pytest.raises(StoreRefused, match=says):
            await store.check()


async def test_nobody_at_all_is_unavailable(open_elastic: Opener, unique: str) -> None:
    store = await open_elastic(f"http://127.0.0.1:{free_port()}", unique)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await store.check()


async def test_http_where_https_is_spoken_is_refused_or_unavailable(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch.replace("http:", "https:"), unique)
    with pytest.raises(StoreRefused, match="write http://"):
        await store.check()


@pytest.mark.parametrize("url", ["http://a host:9200", "http://%zz:9200"])
async def test_an_address_that_is_none_is_a_matter_of_the_configuration(
    url: str, open_elastic: Opener, unique: str
) -> None:
    with pytest.raises(ConfigError, match=r"store\.elasticsearch\.urls"):
        await open_elastic(url, unique)


async def test_secrets_in_an_address_are_used_and_never_shown(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch.replace("//", "//somebody:geheim@"), unique)
    sentence = await store.check()
    assert "geheim" not in store.address + sentence
    assert store.address == elasticsearch


# -- questions -----------------------------------------------------------------------------------


async def test_a_question_that_is_too_deep_is_refused_with_a_reason(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    await (await store.writer()).write([document(0)])

    def nested(depth: int) -> Query:
        query: Query = Term("service.name", "a")
        for level in range(depth):
            query = (And if level % 2 else Or)((query, Term("service.name", f"b{level}")))
        return query

    assert (await store.count(nested(20), TimeRange())).value == 0
    with pytest.raises(QueryError, match="nested"):
        await store.count(nested(60), TimeRange())


async def test_more_buckets_than_the_server_gives_are_refused(
    narrow: JvmService, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(narrow.address, unique)
    await (await store.writer()).write([document(n) for n in range(300)])
    await store.refresh()
    with pytest.raises(QueryError, match="buckets"):
        await store.histogram(MatchAll(), TimeRange(), interval_us=1_000_000, by=None)
