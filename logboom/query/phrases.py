"""Which stretch of time do English and Korean words such as ``yesterday 3pm`` or ``지난주 금요일`` mean?

Named days, weeks, months and years are whole, and so are the parts of a day and what lasts until
now (``last hour``). What lies a length of time back (``2 hours ago``) is an instant. A time of day
behind a day, or before it, is the second, the minute or the hour that it names.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Callable, Iterator
from datetime import datetime

from logboom.query.clocks import CLOCK, at_clock, in_part
from logboom.query.frames import within
from logboom.query.moments import Reading, add, before, floor
from logboom.query.parts_of_day import NAMED_PART, PARTS, Part

Translator = Callable[[str], str | None]
"""Puts words in English, where it knows them."""

DayReader = Callable[[str, datetime], datetime | None]
"""Reads words as a day: gives where it begins, or None."""

_DAYS = {
    "today": 0, "yesterday": -1, "tomorrow": 1, "the day before yesterday": -2,
    "day before yesterday": -2, "the day after tomorrow": 2, "day after tomorrow": 2,
    "오늘": 0, "어제": -1, "어저께": -1, "그저께": -2, "그제": -2, "엊그제": -2, "그끄저께": -3,
    "내일": 1, "모레": 2,
}  # fmt: skip
_WEEKDAYS = {
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5,
    "sunday": 6, "월요일": 0, "화요일": 1, "수요일": 2, "목요일": 3, "금요일": 4, "토요일": 5, "일요일": 6,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september",
         "october", "november", "december"), start=1)
}  # fmt: skip
_WEEKS = {
    "this week": 0, "last week": -1, "next week": 1, "이번 주": 0, "이번주": 0, "금주": 0,
    "지난 주": -1, "지난주": -1, "저번 주": -1, "저번주": -1, "지지난 주": -2, "지지난주": -2,
    "다음 주": 1, "다음주": 1,
}  # fmt: skip
_STRETCHES = {name: (amount, "w") for name, amount in _WEEKS.items()} | {
    "previous minute": (-1, "m"), "previous hour": (-1, "h"), "previous day": (-1, "d"),
    "previous week": (-1, "w"), "previous month": (-1, "M"), "previous year": (-1, "y"),
    "this month": (0, "M"), "last month": (-1, "M"), "next month": (1, "M"),
    "this year": (0, "y"), "last year": (-1, "y"), "next year": (1, "y"),
    "이번 달": (0, "M"), "이번달": (0, "M"), "지난 달": (-1, "M"), "지난달": (-1, "M"),
    "저번 달": (-1, "M"), "저번달": (-1, "M"), "다음 달": (1, "M"), "다음달": (1, "M"),
    "올해": (0, "y"), "작년": (-1, "y"), "지난해": (-1, "y"), "재작년": (-2, "y"), "내년": (1, "y"),
}  # fmt: skip
_UNITS = {
    "second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "hr": "h", "day": "d",
    "week": "w", "month": "M", "year": "y", "ms": "ms", "s": "s", "m": "m", "h": "h", "d": "d",
    "w": "w", "초": "s", "분": "m", "시간": "h", "일": "d", "주일": "w", "주": "w", "개월": "M",
    "달": "M", "년": "y",
}  # fmt: skip
_SMALL_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "한": 1, "두": 2, "세": 3, "네": 4,
    "다섯": 5, "일": 1, "이": 2, "삼": 3,
}  # fmt: skip
_COUNTED_DAYS = {"하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "열흘": 10, "보름": 15}
_NOW = {"지금", "현재", "방금", "right now", "just now"}


def _any_of(*words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WEEKDAY = re.compile(rf"(?:(?P<last>last|지난)\s+)?(?P<weekday>{_any_of(*_WEEKDAYS)})")
_WEEKDAY_OF = re.compile(
    rf"(?:(?P<week>.+?)\s*(?P<weekday>{_any_of(*_WEEKDAYS)})"
    rf"|(?P<weekday_first>{_any_of(*_WEEKDAYS)})(?:\s+of)?\s+(?P<its_week>.+))"
)
_DATE = re.compile(
    r"(?:(?P<year>\d{4})\s*[년年]\s*)?(?P<month>\d{1,2})\s*[월月]\s*(?P<day>\d{1,2})\s*[일日]"
    rf"|(?P<day_first>\d{{1,2}})\.? (?P<its_month>{_any_of(*_MONTHS)})(?:,? (?P<its_year>\d{{4}}))?"
    rf"|(?P<month_first>{_any_of(*_MONTHS)}) (?P<then_day>\d{{1,2}})(?:,? (?P<then_year>\d{{4}}))?",
    re.ASCII,
)
_MONTH_OF_YEAR = re.compile(
    r"(?P<year>\d{4})\s*[년年]\s*(?P<month>\d{1,2})\s*[월月]"
    rf"|(?P<name>{_any_of(*_MONTHS)}),? (?P<its_year>\d{{4}})",
    re.ASCII,
)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MONTH = re.compile(_any_of(*_MONTHS))
_AT = re.compile(
    r"(?:^|\s)(?:at|about|around|um|gegen|à|vers|a las?|hacia las|às|as|alle|all'|om|rond|kl\.?|в|o)$"
)
_COUNT = rf"\d{{1,6}}(?:\.\d{{1,3}})?|half(?:\s+an?)?|반|{_any_of(*_SMALL_NUMBERS)}"
_UNIT = _any_of(*_UNITS)
_LENGTH = (
    rf"(?:(?P<count>{_COUNT})(?P<more>\s+and\s+a\s+half)?\s*(?P<unit>{_UNIT})s?"
    r"(?P<half>\s+and\s+a\s+half|\s*반)?"
    rf"(?:\s*(?P<next_count>\d{{1,6}})\s*(?P<next_unit>{_UNIT})s?)?"
    rf"|(?P<days>{_any_of(*_COUNTED_DAYS)}))"
)
_AGO = re.compile(rf"{_LENGTH}\s*(?:ago|전)", re.ASCII)
_AHEAD = re.compile(
    rf"in\s+(?P<count>\d{{1,6}})\s*(?P<unit>{_UNIT})s?"
    rf"|(?P<its_count>\d{{1,6}})\s*(?P<its_unit>{_UNIT})s?\s*(?:from now|뒤|후)",
    re.ASCII,
)
_LATELY = re.compile(rf"(?:(?:the\s+)?(?:last|past)\s+|(?:지난|최근)\s*){_LENGTH}", re.ASCII)
_LATEST = re.compile(rf"(?:the\s+)?(?:last|past)\s+(?P<unit>{_UNIT})", re.ASCII)
_COUNTED = re.compile(
    r"(?P<count>\d) (?P<unit>day|week|month|year)s? (?P<way>before|after) (?:today|this (?P=unit))"
    r"|this (?P<present>hour|minute)",
    re.ASCII,
)
_RELATIVE = re.compile(rf"{_COUNTED.pattern}|\b(?:ago|in)\b", re.ASCII)
_HALF = re.compile(r"half|반")
_DAY_UNITS = {"d", "w", "M", "y"}
_MOST_PARTS = 3
"""Of a day, in one text: ``mañana por la mañana`` has words for two."""


def read_phrase(text: str, here: datetime) -> Reading | None:
    """Reads a phrase.

    Args:
        text: In lower case, its words divided by single spaces.
        here: The present in the caller's zone.

    Returns:
        What is named, or None when it is not understood.

    Raises:
        ValueError, OverflowError: When a day or a time is named that does not exist.
    """
    return (
        _read_stretch(text, here)
        or _read_day_and_clock(text, here, day_of, bare_hours=True)
        or _read_with_part(text, here, day_of)
    )


def read_translated(text: str, here: datetime, translate: Translator) -> Reading | None:
    """Reads a phrase of another language, as a whole or as a day with a time of day.

    A bare number behind a day is no hour: in other languages it may be a day or a year.
    Arguments, results and errors as for `read_phrase`.

    Raises:
        ValueError: Also when several times are named.
    """

    def read_day(words: str, here: datetime) -> datetime | None:
        days = (day_of(said, here) for said in _said(words, translate))
        return next((day for day in days if day is not None), None)

    read = _read_day_and_clock(text, here, read_day, bare_hours=False) or _read_with_part(
        text, here, read_day
    )
    if read is not None:
        return read
    for said in _said(text, translate):
        read = _read_stretch(said, here) or _read_day_and_clock(
            said, here, day_of, bare_hours=False
        )
        if read is not None:
            return read
        if sum(1 for _ in _RELATIVE.finditer(said)) > 1:
            raise ValueError("it names several times")
    return None


def _said(text: str, translate: Translator) -> Iterator[str]:
    """A text in English, and what it is about in English: ``last friday`` for ``letzten Freitag``."""
    said = translate(text)
    if said is not None:
        yield said
    for named, is_last in within(text):
        said = translate(named)
        if said is not None:
            yield f"last {said}" if is_last else said


def day_of(text: str, here: datetime) -> datetime | None:
    """Where the day begins that words name: ``monday``, ``march 3``, also ``3 days ago``."""
    day = _named_day(text, here)
    if day is not None:
        return day
    ago = _AGO.fullmatch(text)
    if ago is None or not _counts_days(ago):
        return None
    return floor(_back(ago, here), "d")


def _read_stretch(text: str, here: datetime) -> Reading | None:
    if text in _NOW:
        return Reading(here, here)
    if text in _STRETCHES:
        return _whole(here, *_STRETCHES[text])
    counted = _COUNTED.fullmatch(text)
    if counted is not None:
        return _read_counted(counted, here)
    return _read_moved(text, here) or _read_lately(text, here) or _read_date(text, here)


def _read_date(text: str, here: datetime) -> Reading | None:
    month = _MONTH_OF_YEAR.fullmatch(text)
    if month is not None:
        return _read_month(month, here)
    day = _named_day(text, here)
    return None if day is None else Reading(day, add(day, 1, "d"), is_whole=True)


def _read_month(match: re.Match[str], here: datetime) -> Reading:
    month = _MONTHS[match["name"]] if match["name"] else int(match["month"])
    year = int(match["its_year"] or match["year"])
    start = floor(here, "y").replace(year=year, month=month)
    return Reading(start, add(start, 1, "M"), is_whole=True)


def _whole(here: datetime, amount: int, unit: str) -> Reading:
    start = add(floor(here, unit), amount, unit)
    return Reading(start, add(start, 1, unit), is_whole=True)


def _read_counted(match: re.Match[str], here: datetime) -> Reading:
    if match["present"]:
        return _whole(here, 0, _UNITS[match["present"]])
    count = int(match["count"])
    return _whole(here, -count if match["way"] == "before" else count, _UNITS[match["unit"]])


def _read_moved(text: str, here: datetime) -> Reading | None:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        moment = _back(ago, here)
        return Reading(moment, moment)
    ahead = _AHEAD.fullmatch(text)
    if ahead is None:
        return None
    unit = _UNITS[ahead["unit"] or ahead["its_unit"]]
    moment = add(here, int(ahead["count"] or ahead["its_count"]), unit)
    return Reading(moment, moment)


def _read_lately(text: str, here: datetime) -> Reading | None:
    """``last 15 minutes`` is all of them up to now."""
    latest = _LATEST.fullmatch(text)
    if latest is not None:
        return Reading(add(here, -1, _UNITS[latest["unit"]]), here, is_whole=True)
    match = _LATELY.fullmatch(text)
    return None if match is None else Reading(_back(match, here), here, is_whole=True)


def _counts_days(match: re.Match[str]) -> bool:
    if match["days"]:
        return True
    units = {_UNITS[unit] for unit in (match["unit"], match["next_unit"]) if unit}
    return units <= _DAY_UNITS and match["count"].isdecimal() | (match["count"] in _SMALL_NUMBERS)


def _back(match: re.Match[str], here: datetime) -> datetime:
    """A moment that lies a length of time back: ``an hour and a half``, ``1시간 30분``."""
    if match["days"]:
        return add(here, -_COUNTED_DAYS[match["days"]], "d")
    written, unit = match["count"], _UNITS[match["unit"]]
    if _HALF.match(written):
        moment = before(here, "0.5", unit)
    else:
        moment = before(here, str(_SMALL_NUMBERS.get(written, written)), unit)
    if match["more"] or match["half"]:
        moment = before(moment, "0.5", unit)
    if match["next_count"]:
        moment = add(moment, -int(match["next_count"]), _UNITS[match["next_unit"]])
    return moment


def _named_day(text: str, here: datetime) -> datetime | None:
    today = floor(here, "d")
    if text in _DAYS:
        return add(today, _DAYS[text], "d")
    counted = _COUNTED.fullmatch(text)
    if counted is not None:
        return _read_counted(counted, here).start if counted["unit"] == "day" else None
    if _ISO_DAY.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=here.tzinfo)
    weekday = _WEEKDAY.fullmatch(text)
    if weekday is not None:
        back = (today.weekday() - _WEEKDAYS[weekday["weekday"]]) % 7
        return add(today, -(back or (7 if weekday["last"] else 0)), "d")
    date = _DATE.fullmatch(text)
    return _weekday_of_week(text, here) if date is None else _date(date, today)


def _weekday_of_week(text: str, here: datetime) -> datetime | None:
    match = _WEEKDAY_OF.fullmatch(text)
    if match is None:
        return None
    week = _read_week(match["week"] or match["its_week"], here)
    weekday = _WEEKDAYS[match["weekday"] or match["weekday_first"]]
    return None if week is None else add(week, weekday, "d")


def _read_week(text: str, here: datetime) -> datetime | None:
    if text in _WEEKS:
        return _whole(here, _WEEKS[text], "w").start
    counted = _COUNTED.fullmatch(text)
    if counted is None or counted["unit"] != "week":
        return None
    return _read_counted(counted, here).start


def _date(match: re.Match[str], today: datetime) -> datetime:
    """A day of a month; without a year, the latest one that is not in the future."""
    named = match["its_month"] or match["month_first"]
    month = _MONTHS[named] if named else int(match["month"])
    day = int(match["day"] or match["day_first"] or match["then_day"])
    year = match["year"] or match["its_year"] or match["then_year"]
    if year:
        return today.replace(year=int(year), month=month, day=day)
    this_year = today.year if (month, day) <= (today.month, today.day) else today.year - 1
    if (month, day) == (2, 29):
        this_year = next(year for year in range(this_year, 0, -1) if isleap(year))
    return today.replace(year=this_year, month=month, day=day)


def _read_with_part(text: str, here: datetime, read_day: DayReader) -> Reading | None:
    """A day with a part of it, and maybe a time of day: ``yesterday evening at 9``."""
    named = [*NAMED_PART.finditer(text)]
    if len(named) > _MOST_PARTS:
        return None
    for match in named:
        rest = " ".join(f"{text[: match.start()]} {text[match.end() :]}".split()).strip(" ,")
        part = PARTS[match[0]]
        day = read_day(rest, here) if rest else None
        if day is not None:
            return in_part(part, day)
        read = _read_day_and_clock(rest, here, read_day, bare_hours=True, part=part)
        if read is not None:
            return read
    return None


def _read_day_and_clock(
    text: str, here: datetime, read_day: DayReader, *, bare_hours: bool, part: Part | None = None
) -> Reading | None:
    for day_text, clock, may_be_bare in _splits(text):
        day = read_day(day_text, here) if day_text else floor(here, "d")
        if day is not None:
            is_bare_hour = may_be_bare and (bare_hours or _COUNTED.fullmatch(day_text))
            read = at_clock(clock, day, part=part, alone=not is_bare_hour)
            if read is not None:
                return read
    return None


def _splits(text: str) -> Iterator[tuple[str, re.Match[str], bool]]:
    """The ways to divide a text in a day and a time of day, which may come first or alone.

    Yields:
        The day, the time of day, and whether that may be a bare number, which is an hour then.
    """
    alone = CLOCK.fullmatch(text)
    if alone is not None:
        yield "", alone, False
    for at in range(1, len(text)):
        first, second = text[:at], text[at:]
        if _divides(first[-1], second[0]):
            behind = CLOCK.fullmatch(second)
            before = CLOCK.fullmatch(first[:-1]) if first[-1] == " " else None
            if behind is not None:
                day = _AT.sub("", first.rstrip(" ,")).rstrip()
                yield day, behind, bool(day) and _MONTH.search(day) is None
            elif before is not None:
                yield second, before, False


def _divides(last: str, first: str) -> bool:
    return not (first == " " or (last.isascii() and last.isalnum() and first.isascii()))
