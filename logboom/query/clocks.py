"""Which hour, minute or part of a day do words such as ``3:30pm``, ``오후 3시 반`` or ``새벽`` mean?"""

from __future__ import annotations

import re
from datetime import datetime

from logboom.query.moments import Reading, add
from logboom.query.parts_of_day import MIDNIGHT, NOON, Part, any_of

CLOCK = re.compile(
    rf"(?P<named>{any_of(NOON | MIDNIGHT)})"
    r"|(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
    r"\s*(?:(?P<half>am|pm|a\.m\.|p\.m\.)|(?P<mark>uhr|uur|h|o'clock))?"
    r"|(?:(?P<period>오전|오후|새벽|아침|낮|저녁|밤|午前|午後|上午|下午|早上|凌晨|晚上)\s*)?"
    r"(?P<cjk_hour>\d{1,2})\s*(?:[시時点點]|:(?=\d))\s*(?:(?P<cjk_half>[반半])"
    r"|(?P<cjk_minute>\d{1,2})\s*[분分]?)?\s*(?:(?P<cjk_second>\d{1,2})\s*[초秒])?",
    re.ASCII,
)
_AFTERNOON = {"오후", "저녁", "午後", "下午"}
_FORENOON = {"오전", "午前", "上午", "早上", "凌晨"}
_NIGHT = {"밤", "晚上"}


def at_clock(
    match: re.Match[str], day: datetime, *, part: Part | None, alone: bool
) -> Reading | None:
    """The second, minute or hour of a day that a match of `CLOCK` names.

    Args:
        match: The time of day.
        day: Where the day begins.
        part: Of the day, where one is named beside it: ``yesterday evening at 9``.
        alone: Whether a bare number is none, because nothing tells that it is an hour.

    Raises:
        ValueError: When there is no such time of day.
    """
    if match["named"]:
        start = day.replace(hour=12 if match["named"] in NOON else 0)
        return Reading(start, add(start, 1, "m"))
    if match["cjk_hour"]:
        hour = _hour_of_period(match["period"], int(match["cjk_hour"]))
        minute = "30" if match["cjk_half"] else match["cjk_minute"]
        return _stretch(*_in_part(day, hour, part), minute, match["cjk_second"])
    if alone and not (match["half"] or match["mark"] or match["minute"]):
        return None
    hour = _hour_of_half(match["half"], int(match["hour"]))
    told = None if match["half"] and part and not part.is_night else part
    return _stretch(*_in_part(day, hour, told), match["minute"], match["second"])


def in_part(part: Part, day: datetime) -> Reading:
    """A part of a day."""
    until = add(day, 1, "d") if part.end_hour == 24 else day.replace(hour=part.end_hour)
    return Reading(day.replace(hour=part.first_hour), until, is_whole=True)


def _in_part(day: datetime, hour: int, part: Part | None) -> tuple[datetime, int]:
    """The day and the hour that an hour of the twelve means in a part of a day, or shortly beside it.

    Raises:
        ValueError: The part has no such hour.
    """
    if part is None or hour > 12:
        return day, hour
    earlier, later = hour % 12, hour % 12 + 12
    if part.first_hour >= 18 and (earlier == 0 or (part.is_night and earlier < 6)):
        return add(day, 1, "d"), earlier
    if part.first_hour > 0 and part.first_hour - 2 <= later <= part.end_hour:
        return day, later
    if part.first_hour < 12 and earlier <= part.end_hour + 2:
        return day, earlier
    raise ValueError(f"that part of a day has no {hour} o'clock")


def _stretch(day: datetime, hour: int, minute: str | None, second: str | None) -> Reading:
    start = day.replace(hour=hour, minute=int(minute or 0), second=int(second or 0))
    return Reading(start, add(start, 1, "s" if second else "m" if minute else "h"))


def _hour_of_half(half: str | None, hour: int) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"there is no {hour} {half}")
    return hour % 12 + (12 if half.startswith("p") else 0)


def _hour_of_period(period: str | None, hour: int) -> int:
    """An hour of the twelve of a part of the day; hours above are those of the clock already."""
    if hour > 12:
        return hour
    if period in _AFTERNOON or (period == "낮" and hour < 6):
        return hour % 12 + 12
    if period in _NIGHT:  # from evening past midnight
        return hour % 12 + (12 if 6 <= hour < 12 else 0)
    return 0 if period in _FORENOON and hour == 12 else hour
