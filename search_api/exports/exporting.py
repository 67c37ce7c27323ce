"""How is everything that matches written out, in constant memory?

An export goes from page to page and holds one of them. Whoever was interrupted goes on behind the
last event that arrived, by its `_id`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from logboom.choosing import value_of
from logboom.errors import LogboomError, QueryError, StoreDamaged
from logboom.event import Event, epoch_us
from logboom.fields import EVENT_FIELDS
from logboom.query.model import Query
from logboom.retrying import Backoff
from logboom.store import Page, SearchRequest, SortOrder, Store, TimeRange
from search_api.http.responding import json_of
from search_api.searching.asking import written

Format = Literal["ndjson", "csv"]
MEDIA_TYPES: dict[Format, str] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
}
LINE_ENDS: dict[Format, bytes] = {"ndjson": b"\n", "csv": b"\r\n"}
CSV_FIELDS = ("@timestamp", "log.level", "service.name", "host.name", "message")
"""Columns where none are asked for; `_id` is always the first."""

_PAGE = 1_000
_TRIES = 6
_MOST_LOST, _TOLD = 1_000, 5
"""Sentences about what is missing: so many are counted, and so many of them told."""

_PASSED_OVER = r"\s\x00-\x1f\x7f\ufeff\u200b-\u200f\u2060"
_SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"[\t\r\n]|[{_PASSED_OVER}]*{_SIGNS}")
"""What spreadsheets take for the begin of a formula, in full width, too, also behind what they pass over.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

_PARTS = r";|\t\r\n"
_FORMULA_WITHIN = re.compile(rf'([{_PARTS}])(?=(?:(?![{_PARTS}])[{_PASSED_OVER}"])*{_SIGNS})')
"""The same for a spreadsheet that parts cells by another sign: our quotes stand within its cells then."""

_QUOTED = re.compile(rf'[",{_PARTS}]')


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written out.

    Attributes:
        query: What events must match.
        times: When they happened.
        order: By event time.
        fields: Names of fields; empty: whole events (or `CSV_FIELDS`).
        limit: Events at most; None: all.
        after: Id of the last event that arrived the last time.
    """

    query: Query
    times: TimeRange
    order: SortOrder
    fields: Sequence[str]
    limit: int | None = None
    after: str | None = None


async def exported(store: Store, export: Export, form: Format) -> AsyncGenerator[bytes, None]:
    """The export in pieces, each of whole lines; the first one, perhaps empty, once the store has answered.

    Raises:
        QueryError: `after` is unknown, or the store cannot use the query.
        StoreUnavailable: At once before the first piece, later after some patience; the export is
            incomplete then.
        StoreDamaged: At the end, when events could not be read; all others were written out.
    """
    write = (
        _csv_writer(export.fields or CSV_FIELDS) if form == "csv" else _ndjson_writer(export.fields)
    )
    has_titles = form == "csv" and export.after is None
    head = _line(["_id", *map(_title, export.fields or CSV_FIELDS)]) if has_titles else b""
    left = export.limit
    async for events in _pages(store, export):
        some = events if left is None else events[:left]
        yield head + await asyncio.to_thread(write, some)  # others are answered meanwhile
        head = b""
        if left is not None:
            left -= len(some)
            if left <= 0:
                return


async def begin(store: Store, export: Export) -> Export:
    """Resolves `after` to times; to be called before anything is sent.

    Raises:
        QueryError: There is no such event.
        StoreUnavailable: Ask again later.
    """
    if export.after is None:
        return export
    last = await store.get(export.after)
    if last is None:
        raise QueryError(
            f"there is no event {export.after} to go on behind",
            suggestion="give the _id of the last event that arrived, or leave out after",
        )
    at_us, times = epoch_us(str(last["@timestamp"])), export.times
    if export.order is SortOrder.ASC:
        return replace(export, times=TimeRange(at_us, times.end_us))
    return replace(export, times=TimeRange(times.start_us, at_us + 1))


async def _pages(store: Store, export: Export) -> AsyncIterator[Sequence[Event]]:
    """The first page, also where nothing of it is wanted, and those of the others that have events."""
    request = SearchRequest(
        export.query, times=export.times, limit=_PAGE, order=export.order, count_limit=1
    )
    found = export.after is None
    lost: dict[str, None] = {}
    while True:
        is_first = request.cursor is None
        page = await (store.search(request) if is_first else _patiently(store, request))
        lost.update(dict.fromkeys(page.lost[: _MOST_LOST - len(lost)]))
        events, found = (page.events, True) if found else _behind(page.events, export)
        if events or is_first:
            yield events
        if page.cursor is None:
            break
        request = replace(request, cursor=page.cursor)
    if lost:
        raise StoreDamaged(f"the export is incomplete: {_told(list(lost))}")


def _told(lost: Sequence[str]) -> str:
    more = len(lost) - _TOLD
    if more <= 0:
        return "; ".join(lost)
    least = "at least " if len(lost) == _MOST_LOST else ""
    return f"{'; '.join(lost[:_TOLD])}; and {least}{more} more"


def _behind(events: Sequence[Event], export: Export) -> tuple[Sequence[Event], bool]:
    """The events behind `after`, and whether it was found; or those behind its instant."""
    for number, event in enumerate(events):
        if event["event"]["id"] == export.after:
            return events[number + 1 :], True
    times = export.times
    ascending = export.order is SortOrder.ASC
    instant_us = times.start_us if ascending else (times.end_us or 0) - 1
    later = [one for one in events if epoch_us(str(one["@timestamp"])) != instant_us]
    return later, bool(later)


async def _patiently(store: Store, request: SearchRequest) -> Page:
    backoff = Backoff()
    while True:
        try:
            return await store.search(request)
        except LogboomError as error:
            if not error.retryable or backoff.tries >= _TRIES:
                raise
            await backoff.wait()


def _ndjson_writer(fields: Sequence[str]) -> Callable[[Sequence[Event]], bytes]:
    end = LINE_ENDS["ndjson"]
    return lambda events: b"".join(text + end for text in written(events, fields))


def _csv_writer(fields: Sequence[str]) -> Callable[[Sequence[Event]], bytes]:
    columns = [value_of(field) for field in fields]

    def row(event: Event) -> bytes:
        return _row([event["event"]["id"], *(value(event) for value in columns)])

    return lambda events: b"".join(map(row, events))


def _title(field: str) -> str:
    """A column's title; whoever made a link may have named anything."""
    return field if field in EVENT_FIELDS else _cell(field)


def _row(cells: Sequence[object]) -> bytes:
    return _line([_cell(cell) for cell in cells])


def _line(cells: Sequence[str]) -> bytes:
    return ",".join(map(_quoted, cells)).encode("utf-8", "backslashreplace") + LINE_ENDS["csv"]


def _quoted(cell: str) -> str:
    """A cell as RFC 4180 has it; also quoted where it has what parts cells elsewhere."""
    if _QUOTED.search(cell) is None:
        return cell
    return '"' + cell.replace('"', '""') + '"'


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = f"'{value}" if _FORMULA.match(value) else value
    else:
        text = json_of(value).decode()
    return _FORMULA_WITHIN.sub(r"\1'", text)
