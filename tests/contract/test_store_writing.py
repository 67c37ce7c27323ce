"""What is written is kept as it is, once, and each document is answered."""

from __future__ import annotations

from typing import Any

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import epoch_us
from logboom.query.memory import compile_query
from logboom.query.model import Exists, MatchAll, Not, Phrase, Regex, Term, Wildcard
from logboom.store import (
    Count,
    Document,
    Outcome,
    SearchRequest,
    Store,
    StoreWriter,
    TimeRange,
    open_store,
)
from tests.contract.stores import OTHER_RUN, at, document, found, ids, put


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


async def test_letters_under_thousands_of_marks_are_stored_and_found(
    store: Store, writer: StoreWriter
) -> None:
    dots, marks = "i" + "\u0307" * 5_000, "e" + "\u0301\u0323" * 2_500
    written = document(message=f"hi {dots}x and {marks}", service={"name": f"app-{dots}"})
    plain = document(100, message="fine")
    assert list(await writer.write([written, plain])) == [Outcome.STORED, Outcome.STORED]
    await store.refresh()
    assert await found(store, Phrase("message", "hi ix and")) == [written.id]
    assert await found(store, Term("message", "fine")) == [plain.id]
    assert await store.get(written.id) == written.event


async def test_an_event_whose_address_has_a_zone_is_found_by_all_that_it_has(
    store: Store, writer: StoreWriter
) -> None:
    scoped = document(message="asked from fe80::1%eth0", client={"ip": "fe80::1%eth0"})
    plain = document(100, message="asked", client={"ip": "fe80::1"})
    assert list(await writer.write([scoped, plain])) == [Outcome.STORED, Outcome.STORED]
    await store.refresh()
    assert await found(store, Term("message", "asked")) == ids([plain, scoped])
    assert await found(store, Term("client.ip", "fe80::1")) == ids([plain, scoped])
    assert await store.get(scoped.id) == scoped.event


async def test_a_value_too_long_to_be_compared_is_there_all_the_same(
    store: Store, writer: StoreWriter
) -> None:
    long = document(service={"name": "x" * 9_000}, attributes={"a": {"b": ["y" * 9_000]}})
    missing = document(100)
    assert list(await writer.write([long, missing])) == [Outcome.STORED, Outcome.STORED]
    await store.refresh()
    for field in ("service.name", "service", "attributes.a.b", "attributes.a", "attributes"):
        assert await found(store, Exists(field)) == [long.id], field
        assert await found(store, Not(Exists(field))) == [missing.id], field
    for pattern in (Wildcard("service.name", "x*"), Regex("attributes.a.b", "y+")):
        assert (
            await found(store, pattern)
            == []
            == [one.id for one in (long, missing) if compile_query(pattern)(one.event)]
        )
    assert await store.get(long.id) == long.event


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


async def test_awkward_attributes_are_kept_and_found_by_the_message(
    store: Store, writer: StoreWriter
) -> None:
    for number, (name, attributes) in enumerate(AWKWARD.items()):
        usual = document(1000 * number, at(days=number), attributes={"a": 7})
        awkward = document(
            1000 * number + 100, at(days=number), message="the awkward one", attributes=attributes
        )
        later = document(1000 * number + 200, at(days=number), attributes={"a": 8})
        for one in (usual, awkward, later):
            await put(store, writer, [one])
        begin = epoch_us(at(days=number))
        day = TimeRange(begin, begin + 1_000_000)
        assert await found(store, Term("message", "awkward"), times=day) == [awkward.id], name
        assert await store.get(awkward.id) == awkward.event, name
        assert await found(store, Term("attributes.a", "8"), times=day) == [later.id], name


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
