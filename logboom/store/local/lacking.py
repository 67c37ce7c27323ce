"""Which values have matches that no column has, so that they are found, but not counted?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from tantivy import Query

from logboom.fields import ATTRIBUTES
from logboom.store.local import asking
from logboom.store.local.combine import all_of
from logboom.store.local.counting import in_times
from logboom.store.local.day_reader import Snapshot
from logboom.store.local.leaves import uncounted
from logboom.store.local.unusual import PATHS_PER_DAY
from logboom.store.values import TimeRange

_MOST_NAMED = 5


def holds_more(day: Snapshot, query: Query | None, times: TimeRange, field: str) -> bool:
    """Whether a day's matches have values of an attribute that is in no column.

    Args:
        query: Translated; None: every event.
        field: Stored name.
    """
    if not field.startswith(f"{ATTRIBUTES}."):
        return False
    held = uncounted(field)
    narrowed = in_times(day, held if query is None else all_of(query, held), times)
    return narrowed is not None and asking.count(day.searcher, narrowed) > 0


def lacking(
    days: Sequence[Snapshot], query: Query, times: TimeRange, fields: Iterable[str]
) -> list[str]:
    """A sentence for each attribute of which values are not counted; see `Store.lacking`."""
    found = []
    for name in dict.fromkeys(fields):
        held = [day.folder.day for day in days if holds_more(day, query, times, name)]
        if held:
            found.append(_sentence(name, held))
    return found


def _sentence(name: str, days: Sequence[date]) -> str:
    named = ", ".join(map(str, days[:_MOST_NAMED]))
    more = f" and {len(days) - _MOST_NAMED} more days" if len(days) > _MOST_NAMED else ""
    has = "have" if len(days) > 1 else "has"
    return (
        f"{named}{more} {has} more than {PATHS_PER_DAY:,} names of attributes, and {name} came after them: its"
        f" values there are found ({name}:VALUE), but not counted; log fewer different names"
    )
