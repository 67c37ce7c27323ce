"""How are event times asked for to the microsecond?

`@timestamp` is a `date`: milliseconds, of any year. Its sub-field `nanos` has what is finer, for the
years 1970 to 2262, and is only asked where an end lies within a millisecond.
"""

from __future__ import annotations

from logboom.clock import utc_text
from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.model import Range
from logboom.store.elastic.dsl import Dsl, all_of, any_of, between
from logboom.store.values import TimeRange

TIME = "@timestamp"
NANOS = f"{TIME}.nanos"
_EPOCH_MS = "epoch_millis"
_ISO = "strict_date_optional_time_nanos"


def within(times: TimeRange) -> list[Dsl]:
    """What a range of event times asks for; nothing when both sides are open."""
    parts: list[Dsl] = []
    if times.start_us is not None:
        parts.append(_from(times.start_us))
    if times.end_us is not None:
        parts.append(_before(times.end_us))
    return parts


def time_range(query: Range) -> Dsl:
    """A range of a date field.

    Raises:
        QueryError: An end is no time.
    """
    lower = None if query.lower is None else time_of(query.field, query.lower)
    upper = None if query.upper is None else time_of(query.field, query.upper)
    if lower is not None and not query.include_lower:
        lower += 1
    if upper is not None and query.include_upper:
        upper += 1
    if query.field == TIME:
        return all_of(within(TimeRange(lower, upper)))
    return _milliseconds(query.field, lower, upper)


def time_of(field: str, text: str) -> int:
    """Microseconds since the epoch.

    Raises:
        QueryError: The text is no time.
    """
    try:
        return epoch_us(text)
    except ValueError as error:
        raise QueryError(f"{field} is compared with times, and {text!r} is none") from error


def _from(start_us: int) -> Dsl:
    whole = _milliseconds(TIME, start_us, None)
    if start_us % 1000 == 0:
        return whole
    finer = between(
        NANOS, _iso(start_us), None, include_lower=True, include_upper=False, format=_ISO
    )
    return any_of([whole, all_of([_the_millisecond_of(start_us), finer])])


def _before(end_us: int) -> Dsl:
    if end_us % 1000 == 0:
        return _milliseconds(TIME, None, end_us)
    finer = between(
        NANOS, None, _iso(end_us), include_lower=False, include_upper=False, format=_ISO
    )
    below = _milliseconds(TIME, None, end_us - end_us % 1000)
    return any_of([below, all_of([_the_millisecond_of(end_us), finer])])


def _the_millisecond_of(time_us: int) -> Dsl:
    start = time_us - time_us % 1000
    return _milliseconds(TIME, start, start + 1000)


def _milliseconds(field: str, start_us: int | None, end_us: int | None) -> Dsl:
    """From the first whole millisecond at or after the start to the last one before the end."""
    return between(
        field,
        None if start_us is None else -(-start_us // 1000),
        None if end_us is None else -(-end_us // 1000),
        include_lower=True,
        include_upper=False,
        format=_EPOCH_MS,
    )


def _iso(time_us: int) -> str:
    return utc_text(time_us * 1000)
