"""Which times does a request name, and which stretch of time is all that it asks about?"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query import zones
from logboom.query.chain import conjunction
from logboom.query.model import And, MatchAll, Query, Range
from logboom.query.times import iso_text, parse_span
from logboom.store import TimeRange
from search_api.elasticsearch_api.refusals import Refused, unsupported

TIME = "@timestamp"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"-?\d{1,18}", re.ASCII)
_FORMATS = frozenset(
    {
        "epoch_millis",
        "epoch_second",
        "strict_date_optional_time",
        "strict_date_optional_time_nanos",
        "date_optional_time",
        "strict_date_time",
        "date_time",
        "iso8601",
    }
)


def time_text(value: object, style: object) -> str:
    """A time of a request as logboom's times are written: digits are milliseconds, unless told.

    Raises:
        Refused: It cannot be a time, or is of a format that is not known.
    """
    styles = formats(style)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("a time must be a text or a number of milliseconds")
    text = str(int(value)) if isinstance(value, float) else str(value)
    if _DIGITS.fullmatch(text) and (isinstance(value, int | float) or len(text) > len("2024")):
        seconds = "epoch_second" in styles and "epoch_millis" not in styles
        try:
            return iso_text(int(text) * (1_000_000 if seconds else 1_000))
        except OverflowError as error:
            raise Refused(f"{text} is a time beyond all years") from error
    return text


def formats(style: object) -> list[str]:
    """The formats that times are given in, by Elasticsearch's names.

    Raises:
        Refused: One of them is not known.
    """
    styles = [] if style is None else str(style).split("||")
    for one in styles:
        if one not in _FORMATS:
            raise unsupported(
                f"the format {one!r} of times", f"it has {', '.join(sorted(_FORMATS))}"
            )
    return styles


def formatted(time_us: int, style: str | None, zone: tzinfo = UTC) -> str:
    """An instant as text, in a format of a request."""
    styles = formats(style)
    if styles[:1] == ["epoch_millis"]:
        return str(time_us // 1000)
    if styles[:1] == ["epoch_second"]:
        return f"{time_us // 1_000_000}{_fraction(time_us)}"
    text = iso_text(time_us)
    if zone is UTC:
        return text
    return local_text(time_us, zone)


def _fraction(time_us: int) -> str:
    """The milliseconds behind a second, as far as there are any."""
    digits = f"{time_us // 1000 % 1000:03}".rstrip("0")
    return f".{digits}" if digits else ""


def local_text(time_us: int, zone: tzinfo) -> str:
    """An instant in a zone, with its offset; Z where there is none."""
    moment = (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    text = moment.isoformat(timespec="milliseconds")
    return text if moment.utcoffset() else text.removesuffix("+00:00") + "Z"


def zone_of(name: object) -> tzinfo:
    """A time zone by its name or its offset; None is UTC.

    Raises:
        Refused: There is none.
    """
    try:
        return UTC if name is None else zones.zone_of(str(name))
    except QueryError as error:
        raise Refused(f"{error.what}; {error.suggestion}") from error


def instant(value: object, style: str | None, *, now_ns: int, zone: tzinfo) -> int:
    """The first microsecond of what a time of a request names.

    Raises:
        Refused, QueryError: It is none.
    """
    return parse_span(time_text(value, style), now_ns=now_ns, zone=zone).start_us


def split_times(query: Query) -> tuple[Query, TimeRange]:
    """The stretch of time that all matches lie in, and what else is asked of them.

    A store looks only at the days that a `TimeRange` names.
    """
    parts = query.parts if isinstance(query, And) else (query,)
    times = TimeRange()
    rest: list[Query] = []
    for part in parts:
        if isinstance(part, Range) and part.field == TIME:
            times = narrowed(times, TimeRange(_us(part.lower), _us(part.upper)))
        else:
            rest.append(part)
    return conjunction(rest) or MatchAll(), times


def narrowed(one: TimeRange, other: TimeRange) -> TimeRange:
    """What lies in both."""
    starts = [start for start in (one.start_us, other.start_us) if start is not None]
    ends = [end for end in (one.end_us, other.end_us) if end is not None]
    return TimeRange(max(starts, default=None), min(ends, default=None))


def _us(text: str | None) -> int | None:
    return None if text is None else epoch_us(text)
