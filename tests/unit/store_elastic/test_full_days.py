"""An answer says which attributes it could not look at, on which days; nothing else is warned of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from logboom.elastic.client import Client
from logboom.errors import QueryError, StoreUnavailable
from logboom.query.model import And, Exists, MatchAll, Not, Or, Query, Term
from logboom.store import TimeRange
from logboom.store.elastic.full_days import FullDays
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.translate import translate

LATE = Term("attributes.late", "5")


class Server:
    """Answers with what was left out of which index, and which indices have no such field."""

    def __init__(self, left_out: Mapping[str, list[str]], fields: dict[str, Any]) -> None:
        self._left_out = left_out
        self._fields = fields
        self.searches: list[dict[str, Any]] = []
        self.paths: list[str] = []

    async def search(self, body: dict[str, Any]) -> dict[str, Any]:
        self.searches.append(body)
        asked = body["aggs"]["of"]["filters"]["filters"]
        buckets = {
            name: {
                "doc_count": len(self._left_out.get(name, ())),
                "in": {"buckets": [{"key": index} for index in self._left_out.get(name, ())]},
            }
            for name in asked
        }
        return {"aggregations": {"of": {"buckets": buckets}}}

    async def ask(self, _method: str, path: str, **_rest: object) -> dict[str, Any]:
        self.paths.append(path)
        return {"fields": self._fields}

    def full_days(self) -> FullDays:
        return FullDays(cast("Client", self), IndexNames("logs-%Y.%m.%d"), self.search)


@pytest.mark.parametrize(
    "query", [MatchAll(), Term("service.name", "x"), Term(None, "x"), Exists("attributes.late")]
)
async def test_a_query_without_values_of_attributes_costs_nothing(query: Query) -> None:
    server = Server({}, {})
    assert await server.full_days().warnings(query, TimeRange()) == []
    assert not server.searches


async def test_where_nothing_was_left_out_no_fields_are_asked_for() -> None:
    server = Server({}, {})
    assert await server.full_days().warnings(LATE, TimeRange()) == []
    assert len(server.searches) == 1
    assert not server.paths


async def test_each_attribute_is_told_with_the_days_that_do_not_know_it() -> None:
    days = [f"logs-2026.03.{number:02}" for number in range(10, 16)]
    long = Term("attributes.long", "x")
    everywhere = Term("attributes.all", "x")
    server = Server(
        {"attributes.late": days[:2], "attributes.long": days, "attributes.all": days},
        {
            "attributes.late": {
                "keyword": {},
                "unmapped": {"indices": [days[1], "logs-2026.01.01"]},
            },
            "attributes.long": {"keyword": {}},
        },
    )
    query = And((Or((LATE, long)), Not(everywhere)))
    everywhere_told, late_told = await server.full_days().warnings(query, TimeRange())
    assert late_told.startswith("2026-03-11 has no room for the field attributes.late,")
    assert everywhere_told.startswith(
        "2026-03-10, 2026-03-11, 2026-03-12 and 3 more days have no room for the field attributes.all,"
    )
    (path,) = server.paths
    assert len(path) < 100, "however many days there are"


async def test_what_is_counted_is_asked_for_as_well() -> None:
    days = ["logs-2026.03.10"]
    server = Server({"attributes.late": days}, {})
    assert await server.full_days().warnings(MatchAll(), TimeRange(), ["service.name"]) == []
    (told,) = await server.full_days().warnings(MatchAll(), TimeRange(), ["attributes.late"])
    assert told.startswith("2026-03-10 has no room for the field attributes.late,")


SHOP = Term("service.name", "shop")


@pytest.mark.parametrize(
    ("query", "whose"),
    [
        (And((LATE, SHOP)), [SHOP]),
        (And((And((Not(LATE), Term("message", "a"))), SHOP)), [Term("message", "a"), SHOP]),
        (And((Or((And((LATE, Term("message", "a"))), SHOP)), SHOP)), [Term("message", "a"), SHOP]),
        (And((Not(And((LATE, Term("message", "a")))), SHOP)), [SHOP]),
        (LATE, []),
    ],
)
async def test_only_events_that_may_match_whatever_was_left_out_of_them_count(
    query: Query, whose: list[Query]
) -> None:
    server = Server({}, {})
    await server.full_days().warnings(query, TimeRange(5, 1_000_005))
    (search,) = server.searches
    asked_of = str(search["query"])
    assert [str(translate(one)) in asked_of for one in whose] == [True] * len(whose)
    for other in (SHOP, Term("message", "a")):
        assert (str(translate(other)) in asked_of) is (other in whose)
    assert "attributes.late" in asked_of, "among those that were left out"
    assert str(translate(LATE)) not in asked_of
    assert "1970-01-01T00:00:01" in asked_of


async def test_an_event_may_match_by_what_was_left_out_of_it_alone() -> None:
    server = Server({}, {})
    await server.full_days().warnings(Or((LATE, SHOP)), TimeRange())
    assert str(translate(Or((MatchAll(), SHOP)))) in str(server.searches[0]["query"])


async def test_what_is_counted_is_looked_for_among_the_events_that_match() -> None:
    server = Server({}, {})
    await server.full_days().warnings(SHOP, TimeRange(), ["attributes.late"])
    assert str(translate(SHOP)) in str(server.searches[0]["query"])


class Meanwhile(Server):
    """One whose answer comes only once the other question is under way, too."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def search(self, body: dict[str, Any]) -> dict[str, Any]:
        self.is_asked.set()
        await self.may_answer.wait()
        return await super().search(body)

    async def answer(self) -> str:
        await self.is_asked.wait()
        self.may_answer.set()
        return "found"


async def test_an_answer_is_asked_for_meanwhile() -> None:
    server = Meanwhile()
    found = await server.full_days().beside(server.answer(), LATE, TimeRange())
    assert found == ("found", [])


async def test_an_answer_without_attributes_is_asked_for_alone() -> None:
    server = Meanwhile()
    server.is_asked.set()
    assert await server.full_days().beside(server.answer(), MatchAll(), TimeRange()) == (
        "found",
        [],
    )
    assert not server.searches


async def test_an_error_of_the_answer_is_raised_as_it_is_and_nothing_is_left_behind() -> None:
    server = Meanwhile()

    async def refused() -> str:
        await server.is_asked.wait()
        raise QueryError("no")

    with pytest.raises(QueryError, match="no"):
        await server.full_days().beside(refused(), LATE, TimeRange())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_of_what_is_asked_beside_it_likewise() -> None:
    class Failing(Server):
        async def search(self, body: dict[str, Any]) -> dict[str, Any]:
            raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable, match="gone"):
        await Failing({}, {}).full_days().beside(asyncio.Event().wait(), LATE, TimeRange())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_neither_is_left_behind_when_nobody_waits_any_more() -> None:
    server = Meanwhile()
    asking = asyncio.create_task(
        server.full_days().beside(asyncio.Event().wait(), LATE, TimeRange())
    )
    await server.is_asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert asyncio.all_tasks() == {asyncio.current_task()}
