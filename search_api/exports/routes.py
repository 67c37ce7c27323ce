"""The route that writes out everything that matches."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from logboom.errors import LogboomError
from logboom.keys.redacting import redacted
from logboom.query.times import iso_text
from search_api.exports.exporting import LINE_ENDS, MEDIA_TYPES, Export, Format, begin, exported
from search_api.http.parameters import PROBLEMS, From, Q, To, Zone
from search_api.http.routing import PlainRoute
from search_api.http.signs import SIGN_EVERY_S, with_signs
from search_api.http.turns import Turns
from search_api.parts import Parts
from search_api.searching.asking import Asked, fields_of, order_of, understand

log = logging.getLogger("logboom.api")

FROM_HEADER, TO_HEADER = "Logboom-From", "Logboom-To"
"""What `from` and `to` meant, as instants: whoever goes on with an export later gives them."""

NOTES_HEADER = "Logboom-Notes"
"""What may not be meant so, or is missing: a JSON list of sentences, in ASCII."""
_MOST_NOTES_BYTES = 4_000
"""Proxies take headers of 8 KiB in all, or of 4."""

_BROKE_OFF = ContextVar("broke_off", default=False)
"""Whether the answer of this request was given up half-way."""

_INCOMPLETE = "ASGI callable returned without completing response."
"""What uvicorn says of such an answer."""


InTurn = Callable[[Callable[[], Coroutine[Any, Any, bytes]]], Awaitable[bytes]]


class ExportResponse(StreamingResponse):
    """An export on its way, in its turn.

    Args:
        content: The pieces.
        first: Waits for the first of them, as for any other answer of the store.
        turns: So many at once.
        form: Of the content.
        asked: What was asked for.
    """

    def __init__(
        self, content: AsyncIterator[bytes], first: InTurn, turns: Turns, form: Format, asked: Asked,
    ) -> None:  # fmt: skip
        headers = {"Content-Disposition": f'attachment; filename="logboom-export.{form}"'}
        for name, at_us in ((FROM_HEADER, asked.times.start_us), (TO_HEADER, asked.times.end_us)):
            if at_us is not None:
                headers[name] = iso_text(at_us)
        if asked.notes:
            headers[NOTES_HEADER] = _told(asked.notes)
        super().__init__(content, media_type=MEDIA_TYPES[form], headers=headers)
        self._content = content
        self._first = first
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it. What fails on the way ends the answer without its end, which clients notice.

        Raises:
            TooBusy: Too many are under way; nothing was sent, as with all that is raised.
            LogboomError: There is no first piece.
        """
        with self._turns.turn():
            self.body_iterator = _from(await self._first(self._first_piece), self._content)
            try:
                await super().__call__(scope, receive, send)
            except LogboomError as error:
                log.warning("an export broke off: %s", redacted(str(error)))
                _BROKE_OFF.set(True)

    async def _first_piece(self) -> bytes:
        return await anext(self._content, b"")


async def _from(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


def _is_news(record: logging.LogRecord) -> bool:
    """False for what the server says of an export that broke off: why it did has been told."""
    return not (_BROKE_OFF.get() and record.getMessage() == _INCOMPLETE)


def _told(notes: Sequence[str]) -> str:
    """As many notes as there is room for, and how many more there are."""
    whole = json.dumps(list(notes))
    if len(whole) <= _MOST_NOTES_BYTES:
        return whole
    told: list[str] = []
    room = _MOST_NOTES_BYTES - len(json.dumps([_more(len(notes))]))
    for note in notes:
        room -= len(json.dumps(note)) + len(", ")
        if room < 0:
            break
        told.append(note)
    return json.dumps([*told, _more(len(notes) - len(told))])


def _more(count: int) -> str:
    return f"{count} more of these have no room here: a search of the same has all, in `warnings`"


def export_routes(parts: Parts) -> APIRouter:
    """The route below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS, route_class=PlainRoute)
    store, clock = parts.store, parts.clock
    section, metrics = parts.config.api.searches, parts.metrics
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    turns = Turns(
        section.exports, "exports", "api.searches.exports", metrics.exports_under_way, metrics.busy
    )

    @router.get("/export", response_class=StreamingResponse)
    async def export(
        q: Q = "", start: From = None, end: To = None,
        form: Annotated[Format, Query(alias="format")] = "ndjson", fields: str | None = None,
        sort: str = "asc", limit: Annotated[int | None, Query(ge=1)] = None,
        after: Annotated[
            str | None, Query(description="Go on behind the event with this `_id`.")
        ] = None,
        tz: Zone = "UTC", *,
        keep_alive: Annotated[
            bool, Query(description="An empty line whenever nothing was found for 15 s.")
        ] = False,
    ) -> Response:  # fmt: skip
        """Everything that matches, as it is read; a stream that breaks off is not complete.

        The header `Logboom-Notes` has what may not be meant so in `q`, and attributes that days of
        Elasticsearch have no room for: a JSON list of sentences.
        """
        asked = await understand(clock.now_ns(), q, start, end, tz)
        names = fields_of(fields)
        wanted = Export(asked.query, asked.times, order_of(sort), names, limit, after)
        in_turn = parts.answering.in_turn
        ready = await in_turn(lambda: begin(store, wanted))
        lacking = await in_turn(lambda: store.lacking(ready.query, ready.times))
        pieces = exported(store, ready, form)
        content = with_signs(pieces, LINE_ENDS[form], SIGN_EVERY_S) if keep_alive else pieces
        told = replace(asked, notes=[*asked.notes, *lacking])
        return ExportResponse(content, in_turn, turns, form, told)

    return router
