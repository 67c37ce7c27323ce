"""How are events looked for over all days?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tantivy import Query

from logboom.errors import StoreDamaged
from logboom.event import Event
from logboom.query import model
from logboom.query.analysis import is_unspaced, words
from logboom.store.local.cursors import Cursor, read_cursor
from logboom.store.local.days import View
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.folders import NOT_OF_A_DAY, DayFolder, folder_size
from logboom.store.local.paging import Collection, Found, Wanted
from logboom.store.local.schema import NUMBER
from logboom.store.local.serial import event_of, unreadable
from logboom.store.local.translate import id_query
from logboom.store.stored_events import StoredEvents, joined_with_ids, with_id
from logboom.store.values import Count, Day, Page, SearchRequest, SortOrder

_HOUR_US = 3_600_000_000
_FIRST_EVENTS = 65_536
"""Each look costs much by itself; through so many events it costs hardly more than through one."""


def search_page(
    view: View, query: Query, request: SearchRequest, is_late: Callable[[], bool]
) -> Page:
    """One page of an answer; see `Store.search`.

    Args:
        query: The request's, translated.
        is_late: True once the search has taken too long; the page then has what was found.

    Raises:
        QueryError: The cursor cannot be used.
    """
    cursor = read_cursor(request)
    wanted = Wanted(
        query=query,
        times=request.times,
        order=request.order,
        limit=request.limit + 1,  # one more tells whether there is another page
        max_bytes=request.max_bytes,
        after=None if cursor is None else cursor.after,
        count_beyond=request.count_limit if cursor is None else None,
        first_events=_first_events(request, is_first_page=cursor is None),
        first_window_us=_HOUR_US if _looks_through_terms(request.query) else 0,
        is_late=is_late,
    )
    collection = Collection(wanted)
    days = view.days if request.order is SortOrder.ASC else view.days[::-1]
    for day in days:
        if collection.is_complete():
            break
        collection.add_day(day)
    for day in view.days:
        if day.strays:
            collection.add_strays(day)
    total = _total(collection, request, view) if cursor is None else cursor.total
    found = collection.found[: request.limit]
    lost = [*view.told(request.times), *collection.warnings]
    warnings = list(lost)
    if collection.is_cut_short:
        warnings.append("the search took too long and was stopped: there may be more matches")
    after = found[-1].key if found and len(collection.found) > request.limit else collection.rest
    return Page(
        events=StoredEvents(found, _text_of, _event_of, _joined),
        total=total,
        cursor=None if after is None else Cursor(after, total).text(request),
        partial=bool(warnings),
        warnings=warnings,
        lost=lost,
    )


def _text_of(found: Found) -> bytes:
    return with_id(found.key[1], found.line, event_of)


def _joined(found: Sequence[Found]) -> bytes:
    return joined_with_ids((one.key[1] for one in found), [one.line for one in found], event_of)


def _event_of(found: Found) -> Event:
    return event_of(found.line)


def get_event(view: View, event_id: str) -> Event | None:
    """One event by its id, the newest days first; None when there is none.

    Raises:
        StoreDamaged: It is there and cannot be read.
    """
    query = id_query(event_id)
    for day in reversed(view.days):
        hits = day.searcher.search(query, 1, count=False, order_by_field=NUMBER).hits
        if hits:
            line = day.lines([hits[0][1]])[0]
            if isinstance(line, StoreDamaged):
                raise line
            try:
                return event_of(line)
            except ValueError as error:
                raise unreadable(error, day.folder.path) from error
    return None


def days_of(view: View, folders: Sequence[DayFolder]) -> Sequence[Day]:
    """The days with their sizes; also those that no writer has indexed yet, such as restored ones."""
    indexed = {day.folder: day.searcher.num_docs for day in view.days}
    days = []
    for folder in folders:
        count = indexed.get(folder)
        try:
            documents = DocumentReader(folder.path).count() if count is None else count
        except FileNotFoundError:
            continue  # dropped, or not finished yet
        except OSError as error:
            if error.errno in NOT_OF_A_DAY:
                raise
            documents = 0  # nobody knows; it is told
        days.append(Day(folder.day, folder.name, documents, folder_size(folder.path)))
    return days


def _total(collection: Collection, request: SearchRequest, view: View) -> Count:
    if collection.count > request.count_limit:
        return Count(request.count_limit, exact=False)
    is_all = not collection.is_cut_short and not view.misses(request.times)
    return Count(collection.count, exact=is_all)


def _first_events(request: SearchRequest, *, is_first_page: bool) -> int:
    """Through how many events to look first: where every one matches, they are known to be enough."""
    if not isinstance(request.query, model.MatchAll):
        return _FIRST_EVENTS
    most = max(request.limit, request.count_limit if is_first_page else 0)
    return most + most // 4


def _looks_through_terms(query: model.Query) -> bool:
    """True when each look at a day's index costs much, however short the time that is asked for."""
    match query:
        case model.And(parts) | model.Or(parts):
            return any(_looks_through_terms(part) for part in parts)
        case model.Not(part):
            return _looks_through_terms(part)
        case _:
            return isinstance(query, model.Wildcard | model.Regex | model.Fuzzy) or (
                isinstance(query, model.Term | model.Phrase)
                and any(map(is_unspaced, words(query.value)))
            )
