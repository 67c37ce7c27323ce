"""Are day indices made by our templates, whatever happens to the templates?"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import orjson
import pytest

from logboom.elastic.template import load
from logboom.errors import StoreRefused
from logboom.query.model import MatchAll, Range, Term
from logboom.store import Outcome, TimeRange
from logboom.store.elastic.spelling import respelled, without_spelling
from tests.integration.elastic import DAY, Opener, document, stored_ids

MANY_KEYS = 10_000


@pytest.fixture
async def server(elasticsearch: str) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the server behind the store's back."""
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as client:
        yield client


async def component(server: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await server.get(f"/_component_template/{name}")
    found: dict[str, Any] = answer.json()["component_templates"][0]["component_template"]
    return found


async def test_an_index_is_made_by_the_template_with_the_configured_settings(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    store = await open_elastic(
        elasticsearch, unique, shards=2, refresh_interval="5s", codec="best_compression"
    )
    writer = await store.writer()
    await writer.write([document(0)])
    index = (await server.get(f"/{unique}-2026.03.14")).json()[f"{unique}-2026.03.14"]
    settings = index["settings"]["index"]
    assert settings["number_of_shards"] == "2"
    assert settings["refresh_interval"] == "5000ms"
    assert settings["codec"] == "best_compression"
    assert index["mappings"]["_meta"]["managed_by"] == "logboom"
    assert index["mappings"]["dynamic"] == "false"


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"mode": "logsdb"}, {"mode": "logsdb"}),
        ({"mode": "logsdb", "sort": "service"}, {"mode": "logsdb"}),
        ({"sort": "time"}, {"sort": {"field": ["@timestamp"], "order": ["desc"]}}),
    ],
)
async def test_an_index_may_be_sorted_and_in_the_mode_for_logs(
    elasticsearch: str,
    open_elastic: Opener,
    server: httpx.AsyncClient,
    unique: str,
    section: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    store = await open_elastic(elasticsearch, unique, **section)
    written = [document(n, tags=["z", "a"], attributes={"l": [3, 1, [2]]}) for n in range(30)]
    assert set(await (await store.writer()).write(written)) == {Outcome.STORED}
    await store.refresh()
    assert await stored_ids(store) == [one.id for one in written]
    assert await store.get(written[7].id) == written[7].event
    answer = (await server.get(f"/{unique}-2026.03.14")).json()
    settings = answer[f"{unique}-2026.03.14"]["settings"]["index"]
    assert {name: settings[name] for name in expected} == expected


async def test_a_users_own_component_wins(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    own = {
        "template": {
            "settings": {"index": {"refresh_interval": "7s", "number_of_shards": 3}},
            "mappings": {"properties": {"attributes": {
                "type": "object", "subobjects": False, "properties": {"size": {"type": "long"}},
            }}},
        }
    }  # fmt: skip
    path = f"/_component_template/logboom-{unique}@custom"
    assert (await server.put(path, json=own)).status_code == 200
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    await writer.write([document(0, attributes={"size": 5})])
    index = (await server.get(f"/{unique}-2026.03.14")).json()[f"{unique}-2026.03.14"]
    assert index["settings"]["index"]["refresh_interval"] == "7s"
    assert index["settings"]["index"]["number_of_shards"] == "3"
    assert index["mappings"]["properties"]["attributes"]["properties"]["size"]["type"] == "long"
    assert index["mappings"]["_meta"]["managed_by"] == "logboom"


async def test_an_index_of_older_templates_goes_on_as_it_is(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    older = {
        "version": 1,
        "_meta": {"managed_by": "logboom", "version": 1},
        "index_patterns": [f"{unique}-1*.*.*", f"{unique}-2*.*.*"],
        "priority": 300,
        "template": {
            "settings": {"index": {"number_of_replicas": 0}},
            "mappings": {"_meta": {"managed_by": "logboom", "version": 1}, "dynamic": False},
        },
    }
    path = f"/_index_template/logboom-{unique}-yyyy.mm.dd"
    assert (await server.put(path, json=older)).status_code == 200
    await server.put(f"/{unique}-2026.03.14")
    before = (await server.get(f"/{unique}-2026.03.14/_settings")).json()
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    events = [document(0, attributes={}), document(1, day=date(2026, 3, 15))]
    assert await writer.write(events) == [Outcome.STORED] * 2
    assert (await server.get(f"/{unique}-2026.03.14/_settings")).json() == before
    meta = (await server.get(f"/{unique}-2026.03.15/_mapping")).json()
    assert meta[f"{unique}-2026.03.15"]["mappings"]["_meta"]["version"] == load("events")["version"]
    await store.refresh()
    assert await store.get(events[0].id) == events[0].event


async def test_a_second_writer_changes_nothing(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    await store.writer()
    path = f"/_index_template/logboom-{unique}-yyyy.mm.dd"
    template = (await server.get(path)).json()["index_templates"][0]["index_template"]
    template = {name: value for name, value in template.items() if "date" not in name}
    template["_meta"]["note"] = "somebody was here"
    assert (await server.put(path, json=template)).status_code == 200
    await store.writer()
    after = (await server.get(path)).json()["index_templates"][0]["index_template"]
    assert after["_meta"] == template["_meta"]


async def test_older_templates_are_upgraded_and_newer_ones_are_left_alone(
    elasticsearch: str,
    open_elastic: Opener,
    server: httpx.AsyncClient,
    unique: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours = load("events")
    path = "/_component_template/logboom-events"
    await server.put(path, json={**ours, "version": 0})
    store = await open_elastic(elasticsearch, unique)
    await store.writer()
    assert (await component(server, "logboom-events"))["version"] == ours["version"]
    newer = {**ours, "version": ours["version"] + 1}
    await server.put(path, json=newer)
    try:
        with caplog.at_level(logging.WARNING, "logboom.store"):
            await store.writer()
        assert (await component(server, "logboom-events"))["version"] == newer["version"]
        assert "left as it is" in caplog.text
    finally:
        await server.put(path, json={**ours, "version": 0})
        await store.writer()


async def test_a_template_that_was_deleted_is_there_again_before_a_new_index_is_made(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    await writer.write([document(0)])
    await server.delete(f"/_index_template/logboom-{unique}-yyyy.mm.dd")
    await writer.write([document(1, day=date(2026, 3, 15))])
    made = (await server.get(f"/{unique}-2026.03.15/_mapping")).json()
    assert made[f"{unique}-2026.03.15"]["mappings"]["_meta"]["managed_by"] == "logboom"


async def test_a_template_that_goes_before_ours_is_named(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    other = {"index_patterns": [f"{unique}-*"], "priority": 100_000, "template": {}}
    await server.put(f"/_index_template/{unique}-other", json=other)
    store = await open_elastic(elasticsearch, unique)
    with pytest.raises(StoreRefused, match="another index template"):
        await store.writer()
    await server.delete(f"/_index_template/{unique}-other")


async def test_an_index_of_somebody_elses_making_is_pointed_out(
    elasticsearch: str,
    open_elastic: Opener,
    server: httpx.AsyncClient,
    unique: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await server.put(f"/{unique}-2026.03.14")
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    with caplog.at_level(logging.WARNING, "logboom.store"):
        assert await writer.write([document(0)]) == [Outcome.STORED]
    assert f"{unique}-2026.03.14 was not made by logboom" in caplog.text


async def test_names_that_begin_alike_are_kept_apart(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    plain = await open_elastic(elasticsearch, unique)
    longer = await open_elastic(elasticsearch, f"{unique}-dev")
    await (await plain.writer()).write([document(0), document(1)])
    await (await longer.writer()).write([document(2)])
    await plain.refresh()
    await longer.refresh()
    assert (await plain.count(MatchAll(), TimeRange())).value == 2
    assert (await longer.count(MatchAll(), TimeRange())).value == 1
    assert [day.name for day in await plain.days()] == [f"{unique}-2026.03.14"]
    assert sum(one.documents for one in await plain.count_by_source()) == 2


async def test_ten_thousand_keys_do_no_harm(
    elasticsearch: str, open_elastic: Opener, server: httpx.AsyncClient, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    events = [
        document(n, attributes={f"key-{n}-{key}": key for key in range(100)})
        for n in range(MANY_KEYS // 100)
    ]
    assert set(await writer.write(events)) == {Outcome.STORED}
    later = document(5000, attributes={"late": "one"}, message="after the flood")
    assert await writer.write([later]) == [Outcome.STORED]
    await store.refresh()
    assert (await store.count(MatchAll(), TimeRange())).value == len(events) + 1
    assert (await store.count(Term("message", "flood"), TimeRange())).value == 1
    mapping = (await server.get(f"/{unique}-{DAY:%Y.%m.%d}/_mapping")).text
    assert mapping.count('"key-') <= 2000


@pytest.mark.parametrize("numbers_first", [True, False])
async def test_numbers_and_texts_under_one_name_are_both_found(
    elasticsearch: str, open_elastic: Opener, unique: str, numbers_first: bool
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    number = document(0, attributes={"took": 12, "deep": [{"er": 1.5}]})
    text = document(1, attributes={"took": "12 ms", "deep": [{"er": "much"}]})
    for one in (number, text) if numbers_first else (text, number):
        assert await writer.write([one]) == [Outcome.STORED]
    await store.refresh()

    async def found(query: Any) -> int:
        return (await store.count(query, TimeRange())).value

    assert await found(Range("attributes.took", "10", None, True, False)) == 1
    assert await found(Range("attributes.deep.er", None, "2", False, False)) == 1
    assert await found(Term("attributes.took", "12")) == 1
    assert await found(Term("attributes.took", "12 ms")) == 1
    assert await found(Term("attributes.deep.er", "much")) == 1


@pytest.mark.parametrize("settings", [{}, {"index.mode": "logsdb"}])
async def test_the_words_that_a_text_takes_along_are_found_under_its_name(
    server: httpx.AsyncClient, unique: str, settings: dict[str, Any]
) -> None:
    """With another analyser than the template's, which this server does not have."""
    texts = orjson.dumps(load("texts-analysed")["template"]["mappings"])
    mappings = orjson.loads(texts.replace(b'"logboom_words"', b'"whitespace"'))
    mappings["properties"]["@timestamp"] = {"type": "date"}
    if settings:
        mappings["_source"] = {"mode": "stored"}
    made = await server.put(f"/{unique}", json={"settings": settings, "mappings": mappings})
    assert made.status_code == 200, made.text
    wide = document(1, message="\uff25\uff32\uff32 usual", error={"message": "cafe\u0301"})
    source = wide.value[:-1] + respelled(wide) + b"}"
    path = f"/{unique}/_doc/1?refresh=true"
    stored = await server.put(path, content=source, headers={"content-type": "application/json"})
    assert stored.status_code == 201, stored.text
    for name, word in (
        ("message", "err"),
        ("logboom.words.message", "err"),
        ("logboom.words.message", "usual"),
        ("logboom.words.error.message", "caf\u00e9"),
    ):
        query = {"query": {"match_phrase": {name: word}}}
        answer = await server.post(f"/{unique}/_search", json=query)
        (hit,) = answer.json()["hits"]["hits"]
        assert without_spelling(hit["_source"]) == wide.event
    for name in ("message", "error.message"):
        query = {"query": {"match_phrase": {name: "cafe"}}}
        answer = await server.post(f"/{unique}/_search", json=query)
        assert answer.json()["hits"]["hits"] == []
