"""The routes that tell what is in the matches: values of fields, and fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from logboom.errors import QueryError
from logboom.fields import resolve
from logboom.naming import names_in, plain_name
from logboom.store import FieldUse, ValueCount
from search_api.http.answers import FacetsAnswer, FieldsAnswer
from search_api.http.parameters import PROBLEMS, From, Q, To, Zone
from search_api.http.routing import PlainRoute
from search_api.parts import Parts
from search_api.searching.answering import Answer, Question
from search_api.searching.asking import understand
from search_api.searching.lacking import why_not_whole

MOST_FACETS = 20
MOST_VALUES = 1_000
MOST_FIELDS = 500
_SAMPLED = "not all matches were counted: counts may be low, and rare values missing"
_NOT_ALL = "not all matches were counted: there may be more of them, and other fields"


def facet_routes(parts: Parts) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, clock = parts.store, parts.clock

    @router.get("/facets", response_model=FacetsAnswer)
    async def facets(
        field: Annotated[list[str], Query(description="Fields; again, or a,b for several.")],
        q: Q = "", begin: From = None, end: To = None,
        size: Annotated[int, Query(ge=1, le=MOST_VALUES, description="Values of each.")] = 10,
        tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """The most frequent values of fields, over all matches."""
        names = names_of(field)
        asked = await understand(clock.now_ns(), q, begin, end, tz)
        stored = {name: resolve(plain_name(name))[0] for name in names}

        async def counted() -> Answer:
            fields = list(dict.fromkeys(stored.values()))
            found = await store.facets(asked.query, asked.times, fields=fields, size=size)
            values = {name: _shown(found.values[field]) for name, field in stored.items()}
            lacking = [] if found.complete else await why_not_whole(store, asked, fields, _SAMPLED)
            warnings = [*asked.notes, *lacking]
            content = {"facets": values, "sampled": not found.complete, "warnings": warnings}
            return Answer(content, is_whole=found.complete)

        question = Question("facets", q, asked.query, asked.times, (tuple(names), size))
        return await parts.answering.respond(question, counted)

    @router.get("/fields", response_model=FieldsAnswer)
    async def fields(
        q: Q = "", begin: From = None, end: To = None,
        prefix: Annotated[str, Query(max_length=200, description="How names begin.")] = "",
        size: Annotated[int, Query(ge=1, le=MOST_FIELDS)] = 200, tz: Zone = "UTC",
    ) -> Response:  # fmt: skip
        """The fields of the matches: types, how many have them, and some of their values."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)

        async def listed() -> Answer:
            found = await store.fields(asked.query, asked.times, prefix=prefix, size=size)
            uses = [_shown_use(use, found.total) for use in found.rows]
            content = {
                "fields": uses,
                "total": found.total,
                "sampled": found.sampled,
                "warnings": [*asked.notes, *([] if found.complete else [_NOT_ALL])],
            }
            return Answer(content, is_whole=found.complete)

        question = Question("fields", q, asked.query, asked.times, (prefix, size))
        return await parts.answering.respond(question, listed)

    return router


def names_of(field: Sequence[str]) -> list[str]:
    """The names of fields of a parameter that may come several times, or have several, as written.

    Raises:
        QueryError: There are none, or too many.
    """
    names = list(dict.fromkeys(name for one in field for name in names_in(one)))
    if not 1 <= len(names) <= MOST_FACETS:
        raise QueryError(
            f"{len(names)} fields cannot be asked for at once", suggestion=f"1 to {MOST_FACETS}"
        )
    return names


def _shown(values: Sequence[ValueCount]) -> list[dict[str, Any]]:
    return [{"value": one.value, "count": one.count} for one in values]


def _shown_use(use: FieldUse, total: int) -> dict[str, Any]:
    return {
        "name": use.name,
        "type": use.type,
        "coverage": round(min(1.0, use.events / max(1, total)), 6),
        "examples": list(use.examples),
    }
