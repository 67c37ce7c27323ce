"""Which attributes that a query asks for does a day hold, but not know, because it has no room for more?

An index takes so many fields. Of an event that brings more, Elasticsearch names those that it left out
in `_ignored`, as it does with values that are too long, or no numbers: those have a field, though.

Only events count that all else in the query lets match: who may see some services is told nothing of
what others log, and finds its own answers no less exact for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from logboom.elastic.client import Client
from logboom.fields import ATTRIBUTES
from logboom.query.model import And, Exists, MatchAll, Or, Query, leaves
from logboom.store.elastic.dsl import Dsl, all_of, term
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.translate import asked
from logboom.store.values import TimeRange

_MOST_DAYS = 1_000
_MOST_NAMED = 3
_PREFIX = f"{ATTRIBUTES}."

_Answer = TypeVar("_Answer")


class FullDays:
    """Tells what an answer lacks for want of fields.

    Args:
        client: The way to Elasticsearch.
        names: Of the day indices.
        ask: One search over all day indices.
    """

    def __init__(
        self, client: Client, names: IndexNames,
        ask: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
    ) -> None:  # fmt: skip
        self._client = client
        self._names = names
        self._ask = ask

    async def beside(
        self, answer: Coroutine[Any, Any, _Answer], query: Query, times: TimeRange,
        fields: Iterable[str] = (),
    ) -> tuple[_Answer, list[str]]:  # fmt: skip
        """An answer to a query, and its `warnings`, which are asked for meanwhile.

        Raises:
            QueryError: As the answer does.
            StoreUnavailable: Ask again later.
        """
        if not _named(query, fields):
            return await answer, []
        try:
            async with asyncio.TaskGroup() as tasks:
                found = tasks.create_task(answer)
                lacking = tasks.create_task(self.warnings(query, times, fields))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return found.result(), lacking.result()

    async def warnings(
        self, query: Query, times: TimeRange, fields: Iterable[str] = ()
    ) -> list[str]:
        """One sentence for each attribute of a query that days within `times` have no room for.

        Args:
            query: Which events are asked for.
            times: Of which times.
            fields: Stored names of what is counted of them, too.

        Raises:
            QueryError: The query cannot be asked of Elasticsearch.
            StoreUnavailable: Ask again later.
        """
        attributes = _named(query, fields)
        if not attributes:
            return []
        left_out = await self._left_out(attributes, asked(_whatever_they_hold(query), times))
        unknown = await self._unknown(left_out) if left_out else {}
        return [_sentence(name, unknown[name]) for name in attributes if unknown.get(name)]

    async def _left_out(
        self, attributes: Iterable[str], among: Dsl
    ) -> Mapping[str, frozenset[str]]:
        """The indices with events, of some, whose value of an attribute was left out; attributes without any are not named."""
        by_index = {"terms": {"field": "_index", "size": _MOST_DAYS}}
        filters = {name: term("_ignored", name) for name in attributes}
        wanted: list[Dsl] = [{"terms": {"_ignored": list(filters)}}, among]
        answer = await self._ask(
            {
                "query": all_of(wanted),
                "size": 0,
                "track_total_hits": False,
                "aggs": {
                    "of": {"filters": {"filters": filters}, "aggs": {"in": by_index}},
                },
            }
        )
        buckets = answer.get("aggregations", {}).get("of", {}).get("buckets", {})
        return {
            name: frozenset(one["key"] for one in bucket["in"]["buckets"])
            for name, bucket in buckets.items()
            if bucket["doc_count"]
        }

    async def _unknown(self, left_out: Mapping[str, frozenset[str]]) -> Mapping[str, list[str]]:
        """The days, ascending, whose indices have no field for an attribute that they hold."""
        answer = await self._client.ask(
            "POST", f"/{self._names.path}/_field_caps",
            parameters={"include_unmapped": "true", "ignore_unavailable": "true"},
            body={"fields": sorted(left_out)},
        )  # fmt: skip
        return {
            name: sorted(
                str(self._names.day(index))
                for index in holding
                if _is_unmapped(answer["fields"].get(name), index)
            )
            for name, holding in left_out.items()
        }


def _is_unmapped(kinds: Mapping[str, Any] | None, index: str) -> bool:
    """Whether an index has no such field, by what `_field_caps` says of it.

    `indices` are named only where the kinds differ.
    """
    if kinds is None:
        return True
    unmapped = kinds.get("unmapped")
    return unmapped is not None and index in unmapped.get("indices", (index,))


def _named(query: Query, fields: Iterable[str]) -> Sequence[str]:
    """The attributes whose values are asked for or counted, by their names."""
    return sorted(_attributes(query) | {name for name in fields if name.startswith(_PREFIX)})


def _attributes(query: Query) -> set[str]:
    """Names of attributes whose values are asked for; whether there is one is known without a field."""
    names = (leaf.field for leaf in leaves(query) if not isinstance(leaf, Exists))
    return {name for name in names if name is not None and name.startswith(_PREFIX)}


def _whatever_they_hold(query: Query) -> Query:
    """What a query asks of events but for values of attributes: all that may match, and more, have it."""
    match query:
        case And(parts):
            return And(tuple(map(_whatever_they_hold, parts)))
        case Or(parts):
            return Or(tuple(map(_whatever_they_hold, parts)))
        case _:
            return MatchAll() if _attributes(query) else query


def _sentence(name: str, days: list[str]) -> str:
    named = ", ".join(days[:_MOST_NAMED])
    more = f" and {len(days) - _MOST_NAMED} more days" if len(days) > _MOST_NAMED else ""
    has = "have" if len(days) > 1 else "has"
    return (
        f"{named}{more} {has} no room for the field {name}, so its values there are not looked at, and"
        f" more events may match: ask for events that have it ({name}:*), and raise"
        " store.elasticsearch.field_limit for new days, or log fewer different names"
    )
