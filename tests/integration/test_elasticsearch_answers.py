"""`/es` answers what Elasticsearch answers over logboom's own indices, or says that it does not."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.query.analysis import words
from logboom.store import Document, open_store
from tests.integration.elasticsearch_questions import EVENTS, NOW, Body, differing, queries
from tests.integration.elasticsearch_searches import aggregations, searches, wider
from tests.unit.search_api.elasticsearch_api.conftest import serving

INDEX = "answers-%Y.%m.%d"
ALL = "answers-*"
TEXTS = ("message", "error.message")
AT_ONCE = 50
PERCENTILES_WITHIN = 0.1
"""Of a percentile of few values: it lies between two of them, and each store has its own way there."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    data: Path = tmp_path_factory.mktemp("answers")
    async with serving(Config(data=data, index=INDEX), EVENTS) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://logboom/es") as client:
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theirs(
    elasticsearch: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """The real one, with the events as logboom's own writer puts them there."""
    store_of = {"kind": "elasticsearch", "urls": [elasticsearch], "replicas": 0}
    data = tmp_path_factory.mktemp("theirs")
    config = Config.model_validate({"data": data, "index": INDEX, "store": store_of})
    store = await open_store(config, clock=ManualClock(NOW))
    writer = await store.writer()
    days = [date.fromisoformat(event["@timestamp"][:10]) for event in EVENTS]
    outcomes = await writer.write(
        [Document.of(one["event"]["id"], day, one) for one, day in zip(EVENTS, days, strict=True)]
    )
    assert len(outcomes) == len(EVENTS)
    await store.refresh()
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as client:
        yield client
    for day in sorted(set(days)):
        await store.drop_day(day)
    await writer.close()
    await store.close()


async def asked(client: httpx.AsyncClient, bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """The answers to some searches, sent many at once."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(bodies), AT_ONCE):
        some = bodies[start : start + AT_ONCE]
        lines = [line for body in some for line in ({"index": ALL}, body)]
        answer = await client.post(
            "/_msearch", content=b"".join(orjson.dumps(line) + b"\n" for line in lines),
            headers={"content-type": "application/x-ndjson"},
        )  # fmt: skip
        together = answer.json().get("responses")  # Elasticsearch has none when it cannot read one
        found += together or [await asked_alone(client, body) for body in some]
    assert len(found) == len(bodies)
    return found


async def asked_alone(client: httpx.AsyncClient, body: Body) -> dict[str, Any]:
    answer = await client.post(f"/{ALL}/_search", json=body)
    return {**answer.json(), "status": answer.status_code}


def spelled(node: Any, under: str = "") -> Any:
    """A question to a server that cannot cut texts into words: their words are in fields of ours."""
    if isinstance(node, list):
        return [spelled(one, under if under == "names" else "") for one in node]
    if not isinstance(node, dict):
        return (
            f"logboom.words.{node}"
            if under == "names" and node.partition("^")[0] in TEXTS
            else node
        )
    return dict(_spelled_entry(name, value, under) for name, value in node.items())


def _spelled_entry(name: str, value: Any, under: str) -> tuple[str, Any]:
    if name in TEXTS and under in {"match", "match_phrase"}:
        options = value if isinstance(value, dict) else {"query": value}
        return f"logboom.words.{name}", {**options, "query": " ".join(words(options["query"]))}
    if name in TEXTS and under in {"prefix", "wildcard", "regexp", "fuzzy", "term"}:
        return f"logboom.words.{name}", value
    if under == "query_string" and name == "query":
        return name, re.sub(r"\b((?:error\.)?message):", r"logboom.words.\1:", value)
    is_name = (under in {"query_string", "multi_match"} and "field" in name) or under == "exists"
    return name, spelled(value, "names" if is_name else name)


def differences(here: Any, there: Any, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """Where two answers are not alike; Elasticsearch's counts of values have an error, ours have none."""
    if path and path[-1] == "doc_count_error_upper_bound" and here == 0:
        return
    if isinstance(here, dict) and isinstance(there, dict):
        for name in sorted({*here, *there}):
            yield from differences(here.get(name), there.get(name), (*path, name))
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for place, (one, other) in enumerate(zip(here, there, strict=True)):
            yield from differences(one, other, (*path, place))
    elif _is_number(here) and _is_number(there):
        within = PERCENTILES_WITHIN if "values" in path else 1e-9
        if not math.isclose(here, there, rel_tol=within, abs_tol=1e-9):
            yield f"{path}: {here} is not {there}"
    elif here != there:
        yield f"{path}: {here!r} is not {there!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """What is compared of an answer: everything but scores, and what the writer adds to events."""
    hits = [
        {name: part for name, part in hit.items() if name not in {"_score", "_ignored"}}
        for hit in answer["hits"]["hits"]
    ]
    for hit in hits:
        hit.get("_source", {}).pop("logboom", None)
    return {
        "total": answer["hits"].get("total"),
        "hits": hits,
        "aggregations": answer.get("aggregations"),
    }


def counted(some: Sequence[Body]) -> list[Body]:
    return [{"size": 0, "track_total_hits": True, "query": query} for query in some]


@pytest.mark.parametrize(
    ("bodies", "least"),
    [(counted(queries()), 310), (searches(), 70), (aggregations(), 250)],
    ids=["queries", "hits", "aggregations"],
)
async def test_they_have_the_same_answers(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, bodies: list[Body], least: int
) -> None:
    here, there = await asked(ours, bodies), await asked(theirs, [spelled(one) for one in bodies])
    alike, wrong = 0, []
    for body, one, other in zip(bodies, here, there, strict=True):
        if one["status"] != 200:
            error = one["error"]
            assert (one["status"], error["root_cause"][0]["type"]) == (400, error["type"]), body
            assert error["reason"], body
        elif other["status"] != 200:
            wrong.append(f"{body}: refused by Elasticsearch: {other['error']}")
        elif found := list(differences(shown(one), shown(other))):
            wrong.append(f"{body}: {found[:3]}")
        else:
            alike += 1
    assert not wrong, "\n".join([f"{len(wrong)} of {len(bodies)}:", *wrong])
    assert alike >= least


async def test_queries_are_counted_alike(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    for query in queries()[::7]:
        here = await ours.post(f"/{ALL}/_count", json={"query": query})
        there = await theirs.post(f"/{ALL}/_count", json={"query": spelled(query)})
        if here.status_code == 200:
            assert here.json()["count"] == there.json()["count"], query


async def test_the_differences_that_are_told_are_there(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    bodies = counted(differing())
    here, there = await asked(ours, bodies), await asked(theirs, [spelled(one) for one in bodies])
    for body, one, other in zip(bodies, here, there, strict=True):
        assert one["hits"]["total"] != other["hits"]["total"], body


async def test_more_is_answered_only_where_that_is_told(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    for body, one, other in zip(
        wider(), await asked(ours, wider()), await asked(theirs, wider()), strict=True
    ):
        assert (one["status"], other["status"]) == (200, 400), body


async def test_fields_have_the_same_types(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient
) -> None:
    here = (await ours.get(f"/{ALL}/_field_caps?fields=*")).json()["fields"]
    there = (await theirs.get(f"/{ALL}/_field_caps?fields=*")).json()["fields"]
    for name, kinds in here.items():
        if name in there and name not in TEXTS:
            assert set(kinds) == set(there[name]), name
    assert {name for name in here if name.startswith("attributes")} == {
        name for name in there if name.startswith("attributes.")
    }
