"""Do the documented forms of queries find the same events in memory and in both stores?

A scenario (`tests/scenarios/*.yaml`) names events, and the events that each query finds among them:

    about: what it shows
    now: the present, and the time of every event without one       (default 2026-03-11T01:30:15Z)
    zone: of times without an offset                                (default UTC)
    events: name -> the event's own fields
    cases: a list of query, from, to -> finds (names); `elasticsearch` where that store finds others,
           and `refused` where one says that it cannot: docs/queries.md gives the reasons
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import yaml

from logboom.clock import SystemClock
from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.lucene import parse_query
from logboom.query.memory import compile_query
from logboom.query.model import Query
from logboom.query.times import iso_text, parse_time, parse_until
from logboom.store import Document, SearchRequest, TimeRange, open_store
from tests.contract.stores import config_of, document

FOLDER = Path(__file__).parent.parent / "scenarios"
KINDS = ("memory", "local", "elasticsearch")


@dataclass(frozen=True)
class Scenario:
    """One file."""

    name: str
    now_us: int
    zone: ZoneInfo
    documents: dict[str, Document]
    cases: list[dict[str, Any]]


def load(name: str) -> Scenario:
    content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    now_us = epoch_us(content.get("now", "2026-03-11T01:30:15.000Z"))
    time = iso_text(now_us)
    documents = {}
    for offset, (key, fields) in enumerate(content["events"].items()):
        own = dict(fields)
        documents[key] = document(100 * offset, own.pop("@timestamp", time), **own)
    zone = ZoneInfo(content.get("zone", "UTC"))
    return Scenario(name, now_us, zone, documents, content["cases"])


SCENARIOS = {path.stem: load(path.stem) for path in sorted(FOLDER.glob("*.yaml"))}


class Memory:
    """The evaluator in memory, asked like a store."""

    def __init__(self, documents: list[Document]) -> None:
        self._documents = documents

    async def found(self, query: Query, times: TimeRange) -> set[str]:
        matches = compile_query(query)
        return {
            one.id
            for one in self._documents
            if matches(one.event) and inside(epoch_us(one.event["@timestamp"]), times)
        }

    async def close(self) -> None:
        """Nothing is open."""


class Stored:
    """A store that holds a scenario's events."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def found(self, query: Query, times: TimeRange) -> set[str]:
        page = await self._store.search(SearchRequest(query, times, limit=1000))
        count = await self._store.count(query, times)
        assert count.value == len(page.events)
        return {event["event"]["id"] for event in page.events}

    async def close(self) -> None:
        await self._store.close()


def inside(time_us: int, times: TimeRange) -> bool:
    return (times.start_us is None or times.start_us <= time_us) and (
        times.end_us is None or time_us < times.end_us
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def holders(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Memory | Stored]]:
    """Every scenario's events, where they are looked for."""
    data = tmp_path_factory.mktemp("scenarios")
    opened: dict[str, Memory | Stored] = {}
    for name, scenario in SCENARIOS.items():
        documents = list(scenario.documents.values())
        if request.param == "memory":
            opened[name] = Memory(documents)
            continue
        unique = f"scenario-{name}-{data.parent.name}"
        config = config_of(request.param, request, data / name, unique)
        store = await open_store(config, clock=SystemClock())
        writer = await store.writer()
        await writer.write(documents)
        await store.refresh()
        await writer.close()
        opened[name] = Stored(store)
    yield opened
    for holder in opened.values():
        await holder.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, scenario in SCENARIOS.items() for case in scenario.cases],
    ids=[
        f"{name}-{case['query']}" for name, scenario in SCENARIOS.items() for case in scenario.cases
    ],
)
async def test_a_query_finds(
    request: pytest.FixtureRequest,
    holders: dict[str, Memory | Stored],
    name: str,
    case: dict[str, Any],
) -> None:
    scenario = SCENARIOS[name]
    kind = next(kind for kind in KINDS if f"[{kind}" in request.node.name)
    query = parse_query(case["query"], now_ns=scenario.now_us * 1000, zone=scenario.zone)
    reads = {"from": parse_time, "to": parse_until}
    times = TimeRange(
        *(
            read(case[end], now_ns=scenario.now_us * 1000, zone=scenario.zone)
            if end in case
            else None
            for end, read in reads.items()
        )
    )
    if kind in case.get("refused", ()):
        with pytest.raises(QueryError):
            await holders[name].found(query, times)
        return
    found = await holders[name].found(query, times)
    names = {one.id: key for key, one in scenario.documents.items()}
    assert {names[one] for one in found} == set(case.get(kind, case["finds"]))


def test_every_scenario_is_read() -> None:
    assert len(SCENARIOS) == len(list(FOLDER.glob("*.yaml"))) >= 7
    assert all(case["finds"] is not None for s in SCENARIOS.values() for case in s.cases)
