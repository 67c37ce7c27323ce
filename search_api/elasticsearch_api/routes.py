"""Where is Elasticsearch's read API, and what is asked of it there?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from logboom.clock import Clock
from logboom.errors import LogboomError
from logboom.store import Store
from search_api.elasticsearch_api import describing, indices
from search_api.elasticsearch_api.bodies import MAX_BODY_BYTES, an_object, as_list, decoded
from search_api.elasticsearch_api.refusals import (
    PARSING,
    TO_WRITE,
    Refused,
    error_body,
    instead_of,
    unsupported,
)
from search_api.elasticsearch_api.requests import Asked
from search_api.elasticsearch_api.searching import MAX_WINDOW, Searches
from search_api.elasticsearch_api.sources import check_patterns, source_of
from search_api.http.responding import json_of
from search_api.searching.answering import Answering

PREFIX = "/es"
MOST_SEARCHES = 100
"""Of one `_msearch`."""

_METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE"]
_TYPED = "application/vnd.elasticsearch+json"
_HEADERS = {"X-Elastic-Product": "Elasticsearch"}
_OK, _NOT_FOUND = 200, 404

_LATE = Refused(
    "the searches before it took all the time there is (api.searches.timeout): send fewer at once",
    kind="status_exception",
    status=503,
)

Answer = Callable[[Asked, str], Awaitable["Response | Mapping[str, Any] | list[Any]"]]


def elasticsearch_routes(
    store: Store, clock: Clock, pattern: str, answering: Answering, patience_s: float
) -> APIRouter:
    """The one route at and below the prefix; it is no part of the API's own description.

    Args:
        store: Has the events.
        clock: For times such as ``now-1h``.
        pattern: Of the names of day indices.
        answering: Bounds how many searches are under way at once, and for how long.
        patience_s: So long after an `_msearch` came, no more of its searches are begun.
    """
    router = APIRouter()
    api = _Api(store, clock, pattern, answering, patience_s)

    @router.api_route("", methods=_METHODS, include_in_schema=False)
    @router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
    async def answer(request: Request, path: str = "") -> Response:
        accept = request.headers.get("accept", "")
        try:
            asked = Asked(
                method=request.method,
                path=tuple(step for step in path.split("/") if step),
                parameters=dict(request.query_params),
                body=await _body(request),
                accept=accept,
            )
            return await api.respond(asked)
        except (Refused, LogboomError) as error:
            body = error_body(error)
            return _json(body, accept, status=body["status"])

    return router


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BODY_BYTES:
            raise Refused(f"a request has at most {MAX_BODY_BYTES} bytes", status=413)
    return bytes(parts)


class _Api:
    def __init__(
        self, store: Store, clock: Clock, pattern: str, answering: Answering, patience_s: float
    ) -> None:
        self._in_turn = answering.in_turn
        self._patience_s = patience_s
        self._store = store
        self._clock = clock
        self._searches = Searches(store, clock, pattern)
        self._actions: dict[str, Answer] = {
            "_search": self._search,
            "_msearch": self._msearch,
            "_count": self._count,
            "_field_caps": self._field_caps,
            "_mapping": self._mapping,
            "_mappings": self._mapping,
        }

    async def respond(self, asked: Asked) -> Response:
        """The response to a request, in its turn; errors as for `answer`."""
        is_many = len(asked.path) <= len(("names", "action")) and asked.path[-1:] == ("_msearch",)
        found = await (self.answer(asked) if is_many else self._in_turn(lambda: self.answer(asked)))
        return found if isinstance(found, Response) else _json(found, asked.accept)

    async def answer(self, asked: Asked) -> Response | Mapping[str, Any] | list[Any]:
        """What a request is answered.

        Raises:
            Refused: It is for something that is not there.
            LogboomError: It cannot be answered.
        """
        if self._store.kind != "local":
            raise Refused(
                "this API is there for the embedded store; logboom's events are in Elasticsearch "
                f"at {self._store.address}: ask it there"
            )
        if asked.method not in {"GET", "POST", "HEAD"}:
            raise unsupported(f"{asked.method}", TO_WRITE)
        asked.check_parameters()
        if not asked.path or asked.path[0] in {"_cluster", "_cat"}:
            return await self._of_the_whole(asked)
        return await self._of_indices(asked)

    async def _of_the_whole(self, asked: Asked) -> Response | Mapping[str, Any] | list[Any]:
        match asked.path:
            case ():
                return describing.information()
            case ("_cluster", "health", *_):
                days = await self._store.days()
                return describing.health(days, await self._store.troubles())
            case ("_cat", "indices", *names):
                return await self._cat_indices(asked, "".join(names[:1]))
            case path:
                raise _unknown(path)

    async def _of_indices(self, asked: Asked) -> Response | Mapping[str, Any] | list[Any]:
        match asked.path:
            case (action,) if action in self._actions:
                return await self._actions[action](asked, "")
            case (names, action) if action in self._actions:
                return await self._actions[action](asked, names)
            case (names, "_doc", event_id) if asked.method != "POST":
                return await self._document(asked, names, event_id)
            case (names,) if not names.startswith("_") and asked.method in {"GET", "HEAD"}:
                return await self._index(asked, names)
            case path:
                raise _unknown(path)

    async def _search(self, asked: Asked, names: str) -> Mapping[str, Any]:
        found = await self._searches.search(names, asked.content(), lenient=asked.is_lenient)
        if asked.parameters.get("rest_total_hits_as_int", "false") != "false":
            found["hits"]["total"] = found["hits"].get("total", {}).get("value", -1)
        return found

    async def _count(self, asked: Asked, names: str) -> Mapping[str, Any]:
        return await self._searches.count(names, asked.content(), lenient=asked.is_lenient)

    async def _msearch(self, asked: Asked, names: str) -> Mapping[str, Any]:
        lines = [line for line in asked.body.split(b"\n") if line.strip()]
        if not lines or len(lines) % 2:
            raise Refused("_msearch needs two lines for each search", kind=PARSING)
        if len(lines) > 2 * MOST_SEARCHES:
            raise Refused(f"_msearch has at most {MOST_SEARCHES} searches")
        begun = self._clock.monotonic()
        responses: list[Mapping[str, Any]] = []
        left = MAX_WINDOW
        for head, body in zip(lines[::2], lines[1::2], strict=True):
            if self._clock.monotonic() - begun > self._patience_s:
                responses.append(error_body(_LATE))
                continue
            found = await self._one_of_many(head, body, names, asked, left)
            left -= len(found["hits"]["hits"]) if "hits" in found else 0
            responses.append(found)
        took = round((self._clock.monotonic() - begun) * 1000)
        return {"took": took, "responses": responses}

    async def _one_of_many(
        self, head: bytes, body: bytes, names: str, asked: Asked, most: int
    ) -> Mapping[str, Any]:
        """One search's answer or error, in a turn of its own: the others are answered all the same."""
        try:
            options = an_object(decoded(head), "the first line of a search")
            expression = ",".join(map(str, as_list(options.get("index")))) or names
            lenient = asked.is_lenient or options.get("ignore_unavailable") is True
            content = an_object(decoded(body), "the second line of a search")
            found = await self._in_turn(
                lambda: self._searches.search(expression, content, lenient=lenient, most=most)
            )
        except (Refused, LogboomError) as error:
            return error_body(error)
        return {**found, "status": _OK}

    async def _field_caps(self, asked: Asked, names: str) -> Mapping[str, Any]:
        body = an_object(decoded(asked.body), "the request")
        given = asked.parameters.get("fields") or body.get("fields") or "*"
        wanted = (
            given.split(",") if isinstance(given, str) else [str(one) for one in as_list(given)]
        )
        check_patterns(wanted, "fields")
        days = indices.chosen(await self._store.days(), names, lenient=asked.is_lenient)
        return describing.capabilities(await describing.field_types(self._store), days, wanted)

    async def _mapping(self, asked: Asked, names: str) -> Mapping[str, Any]:
        days = indices.chosen(await self._store.days(), names, lenient=asked.is_lenient)
        return describing.mappings(await describing.field_types(self._store), days)

    async def _cat_indices(self, asked: Asked, names: str) -> Response | list[Any]:
        days = indices.chosen(await self._store.days(), names, lenient=asked.is_lenient)
        rows = describing.rows(days, in_bytes=asked.parameters.get("bytes") == "b")
        chosen = [name for name in asked.parameters.get("h", "").split(",") if name]
        order = asked.parameters.get("s")
        if order not in {None, "index", "index:asc", "index:desc"}:
            raise unsupported(f"s={order}", "it has s=index and s=index:desc")
        if order is not None:
            rows.sort(key=lambda row: row["index"], reverse=order == "index:desc")
        columns = chosen or (list(rows[0]) if rows else [])
        wants_json = "json" in asked.accept and "text/plain" not in asked.accept
        if asked.parameters.get("format", "json" if wants_json else "text") == "json":
            return [{name: row.get(name, "") for name in columns} for row in rows]
        titled = asked.parameters.get("v", "false") != "false"
        text = describing.table(rows, columns, titled=titled)
        return Response(text, media_type="text/plain", headers=_HEADERS)

    async def _document(self, asked: Asked, names: str, event_id: str) -> Response:
        indices.chosen(await self._store.days(), names, lenient=asked.is_lenient)
        event = await self._store.get(event_id)
        if event is None:
            missing = {"_index": names, "_id": event_id, "found": False}
            return _json(missing, asked.accept, status=_NOT_FOUND)
        source = source_of(asked.content().get("_source"))
        hit = self._searches.hit(event, source)
        del hit["_score"]
        return _json({**hit, "found": True}, asked.accept)

    async def _index(self, asked: Asked, names: str) -> Response:
        days = indices.chosen(await self._store.days(), names, lenient=asked.is_lenient)
        types = await describing.field_types(self._store)
        found = {
            name: {"aliases": {}, **mapping, "settings": {"index": {"number_of_shards": "1"}}}
            for name, mapping in describing.mappings(types, days).items()
        }
        return _json(found, asked.accept)


def _unknown(path: tuple[str, ...]) -> Refused:
    instead = instead_of(*reversed(path), otherwise="docs/elasticsearch-api.md lists what it has")
    return unsupported(f"/{'/'.join(path)}", instead)


def _json(content: Mapping[str, Any] | list[Any], accept: str, *, status: int = _OK) -> Response:
    typed = f"{_TYPED};compatible-with=8" if _TYPED in accept else "application/json"
    return Response(json_of(content), status_code=status, media_type=typed, headers=_HEADERS)
