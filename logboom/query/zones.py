"""Which time zone does a name such as ``Asia/Seoul`` or an offset such as ``+09:00`` mean?"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from logboom.errors import QueryError
from logboom.query.aside import about_to_take_long

_OFFSET = re.compile(r"(?:UTC|GMT)?([-+ ])([01]?\d|2[0-3])(?::?([0-5]\d))?", re.ASCII)
_LONGEST_NAME = 80


def zone_of(name: str) -> tzinfo:
    """The zone that a name means, or an offset from UTC: ``+09:00``, ``-0330``, ``UTC+9``.

    A space stands for the + that it was in a URL.

    Raises:
        QueryError: There is none, with the one that may be meant.
    """
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        width = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-width if offset[1] == "-" else width)
    if name in {"UTC", "utc", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: too long for a file
        raise QueryError(
            f"{name[:_LONGEST_NAME]!r} is not a time zone",
            suggestion=f"write {_meant(name) or 'for example Asia/Seoul or +09:00'}",
        ) from None


def _meant(name: str) -> str | None:
    """The zone of this name in other letters, or of this city."""
    if len(name) > _LONGEST_NAME:
        return None
    about_to_take_long()
    return _known().get(name.casefold().replace(" ", "_"))


@cache
def _known() -> dict[str, str]:
    """Names of zones by how they may be written: reading their list takes some 50 ms."""
    names = sorted(available_timezones())
    cities = {name.rpartition("/")[2].casefold(): name for name in names if "/" in name}
    return cities | {name.casefold(): name for name in names}
