"""Which stretch of time do plain words such as ``yesterday 3pm`` or ``어제 오후 3시`` mean?

Days with a clock time are read here, in several languages: dateparser drops the clock time of some
of them without a word. What is left goes to dateparser, behind guards against the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logboom.errors import QueryError
from logboom.query.moments import Reading, add, before, floor

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "ja", "zh")
"""What dateparser is asked to understand; Korean is read by this module alone."""

_DAYS = {
    "today": 0, "yesterday": -1, "tomorrow": 1, "the day before yesterday": -2,
    "오늘": 0, "어제": -1, "어저께": -1, "그저께": -2, "그제": -2, "엊그제": -2, "내일": 1, "모레": 2,
    "今日": 0, "昨日": -1, "一昨日": -2, "明日": 1, "今天": 0, "昨天": -1, "前天": -2, "明天": 1,
    "heute": 0, "gestern": -1, "vorgestern": -2, "morgen": 1, "aujourd'hui": 0, "hier": -1,
    "avant-hier": -2, "demain": 1, "hoy": 0, "ayer": -1, "mañana": 1,
}  # fmt: skip
_WEEKDAYS = {
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5,
    "sunday": 6, "월요일": 0, "화요일": 1, "수요일": 2, "목요일": 3, "금요일": 4, "토요일": 5, "일요일": 6,
}  # fmt: skip
_STRETCHES = {
    "this week": (0, "w"), "last week": (-1, "w"), "this month": (0, "M"), "last month": (-1, "M"),
    "this year": (0, "y"), "last year": (-1, "y"), "next week": (1, "w"), "next month": (1, "M"),
    "next year": (1, "y"),
    "이번 주": (0, "w"), "이번주": (0, "w"), "지난 주": (-1, "w"), "지난주": (-1, "w"),
    "이번 달": (0, "M"), "이번달": (0, "M"), "지난 달": (-1, "M"), "지난달": (-1, "M"),
    "올해": (0, "y"), "작년": (-1, "y"),
}  # fmt: skip
_UNITS = {
    "second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "hr": "h", "day": "d",
    "week": "w", "month": "M", "year": "y", "ms": "ms", "s": "s", "m": "m", "h": "h", "d": "d", "w": "w", "초": "s", "분": "m", "시간": "h", "일": "d", "주일": "w",
    "주": "w", "개월": "M", "달": "M", "년": "y",
}  # fmt: skip
_SMALL_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5,
}  # fmt: skip
_NOW = {"지금", "현재", "방금", "right now", "just now"}


def _any_of(*words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_DAY = re.compile(
    rf"(?P<day>{_any_of(*_DAYS)})|(?:(?P<last>last|지난)\s+)?(?P<weekday>{_any_of(*_WEEKDAYS)})"
    r"|(?:(?P<year>\d{4})\s*[년年]\s*)?(?P<month>\d{1,2})\s*[월月]\s*(?P<of_month>\d{1,2})\s*[일日]"
    r"|(?P<iso>\d{4}-\d\d-\d\d)",
    re.ASCII,
)
_AT = re.compile(r",?\s*(?:(?:at|um|à|a las)\s+)?")
_CLOCK = re.compile(
    r"(?P<named>noon|midnight|정오|자정|正午|mittag|midi)"
    r"|(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
    r"\s*(?:(?P<half>am|pm|a\.m\.|p\.m\.)|(?P<mark>uhr|h|o'clock))?"
    r"|(?:(?P<period>오전|오후|새벽|아침|낮|저녁|밤|午前|午後|上午|下午)\s*)?"
    r"(?P<cjk_hour>\d{1,2})\s*(?:[시時点點]|:(?=\d))\s*(?:(?P<cjk_half>[반半])"
    r"|(?P<cjk_minute>\d{1,2})\s*[분分]?)?\s*(?:(?P<cjk_second>\d{1,2})\s*[초秒])?",
    re.ASCII,
)
_NOON = {"noon", "정오", "正午", "mittag", "midi"}
_AFTERNOON = {"오후", "저녁", "午後", "下午"}
_FORENOON = {"오전", "午前", "上午"}
_COUNT = rf"\d{{1,6}}(?:\.\d{{1,3}})?|half(?:\s+an?)?|반|{_any_of(*_SMALL_NUMBERS)}"
_LENGTH = (
    rf"(?P<count>{_COUNT})(?P<more>\s+and\s+a\s+half)?\s*(?P<unit>{_any_of(*_UNITS)})s?"
    r"(?P<half>\s+and\s+a\s+half|\s*반)?"
    rf"(?:\s*(?P<next_count>\d{{1,6}})\s*(?P<next_unit>{_any_of(*_UNITS)})s?)?"
)
_AGO = re.compile(rf"{_LENGTH}\s*(?:ago|전)", re.ASCII)
_LATELY = re.compile(rf"(?:(?:the\s+)?(?:last|past)\s+|(?:지난|최근)\s*){_LENGTH}", re.ASCII)
_LATEST = re.compile(rf"(?:the\s+)?(?:last|past)\s+(?P<unit>{_any_of(*_UNITS)})", re.ASCII)
_HALF = re.compile(r"half|반")
_HANGUL = re.compile(r"[가-힣]")
_LETTERS = re.compile(r"[^\W\d_]{3}|[月日年時]")
_NUMERIC_DAY = re.compile(r"(?:^|\s)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s|$)", re.ASCII)
_NAMES_CLOCK = re.compile(r"\d:\d\d|\d\s*(?:[ap]\.?m\b|uhr|uur|o'clock|時|点|點)", re.IGNORECASE)


def read_words(text: str, *, now: datetime, zone: tzinfo) -> Reading | None:
    """Reads plain words.

    Args:
        text: Trimmed, not empty.
        now: The present, with a zone.
        zone: The caller's.

    Returns:
        The start and the end of what is named, or None when it is not understood.

    Raises:
        QueryError: When the words have two meanings.
        ValueError, OverflowError: When they name a day or a time that does not exist.
    """
    lowered = " ".join(text.casefold().split())
    here = now.astimezone(zone)
    if lowered in _NOW:
        return here, here
    if lowered in _STRETCHES:
        amount, unit = _STRETCHES[lowered]
        start = add(floor(here, unit), amount, unit)
        return start, add(start, 1, unit)
    return (
        _read_ago(lowered, here)
        or _read_lately(lowered, here)
        or _read_day_and_clock(lowered, here)
        or _read_elsewhere(text, here, zone)
    )


def _read_ago(text: str, here: datetime) -> Reading | None:
    match = _AGO.fullmatch(text)
    if match is None:
        return None
    moment = _back(match, here)
    return moment, moment


def _read_lately(text: str, here: datetime) -> Reading | None:
    """``last 15 minutes`` is all of them up to now."""
    latest = _LATEST.fullmatch(text)
    if latest is not None:
        return add(here, -1, _UNITS[latest["unit"]]), here
    match = _LATELY.fullmatch(text)
    return None if match is None else (_back(match, here), here)


def _back(match: re.Match[str], here: datetime) -> datetime:
    """A moment that lies a length of time back: ``an hour and a half``, ``1시간 30분``."""
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


def _read_day_and_clock(text: str, here: datetime) -> Reading | None:
    day = _DAY.match(text)
    if day is None:
        clock = _CLOCK.fullmatch(text)
        return None if clock is None else _at_clock(clock, floor(here, "d"), alone=True)
    start = _day_start(day, here)
    between = _AT.match(text, day.end())
    rest = text[between.end() if between else day.end() :]
    if not rest:
        return start, add(start, 1, "d")
    clock = _CLOCK.fullmatch(rest)
    return None if clock is None else _at_clock(clock, start, alone=False)


def _day_start(match: re.Match[str], here: datetime) -> datetime:
    today = floor(here, "d")
    if match["day"]:
        return add(today, _DAYS[match["day"]], "d")
    if match["iso"]:
        return datetime.fromisoformat(match["iso"]).replace(tzinfo=here.tzinfo)
    if match["weekday"]:
        back = (today.weekday() - _WEEKDAYS[match["weekday"]]) % 7
        return add(today, -(back or (7 if match["last"] else 0)), "d")
    month, day = int(match["month"]), int(match["of_month"])
    if match["year"]:
        return today.replace(year=int(match["year"]), month=month, day=day)
    this_year = today.replace(month=month, day=day)
    return this_year if this_year <= today else this_year.replace(year=today.year - 1)


def _at_clock(match: re.Match[str], day: datetime, *, alone: bool) -> Reading | None:
    if match["named"]:
        start = day.replace(hour=12 if match["named"] in _NOON else 0)
        return start, add(start, 1, "m")
    if match["cjk_hour"]:
        hour = _hour_of_period(match["period"], int(match["cjk_hour"]))
        minute = "30" if match["cjk_half"] else match["cjk_minute"]
        return _stretch(day, hour, minute, match["cjk_second"])
    if alone and not (match["half"] or match["mark"] or match["minute"]):
        return None
    hour = _hour_of_half(match["half"], int(match["hour"]))
    return _stretch(day, hour, match["minute"], match["second"])


def _stretch(day: datetime, hour: int, minute: str | None, second: str | None) -> Reading:
    start = day.replace(hour=hour, minute=int(minute or 0), second=int(second or 0))
    return start, add(start, 1, "s" if second else "m" if minute else "h")


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
    if period == "밤":  # from evening past midnight
        return hour % 12 + (12 if 6 <= hour < 12 else 0)
    return 0 if period in _FORENOON and hour == 12 else hour


def _read_elsewhere(text: str, here: datetime, zone: tzinfo) -> Reading | None:
    _refuse_two_meanings(text)
    if text.startswith("now") or _HANGUL.search(text) or not _LETTERS.search(text):
        return None
    found = _ask(text, here, zone)
    if found is None:
        return None
    names_clock = _NAMES_CLOCK.search(text) is not None
    if names_clock:
        # Where the answer moves with the clock of the present, the clock of the text was dropped.
        later = _ask(text, here + timedelta(minutes=17), zone)
        return (found, found) if later == found else None
    local = found.astimezone(zone)
    is_day = local == floor(local, "d")
    return (local, add(local, 1, "d")) if is_day else (found, found)


def _refuse_two_meanings(text: str) -> None:
    ambiguous = _NUMERIC_DAY.search(text)
    if ambiguous is None:
        return
    first, second, year = ambiguous.groups()
    readings = [f"{year}-{second:>02}-{first:>02}", f"{year}-{first:>02}-{second:>02}"]
    raise QueryError(
        f"{text!r} can be read with the day or with the month first",
        suggestion=f"write {' or '.join(sorted(r for r in set(readings) if int(r[5:7]) <= 12))}",
    )


def _ask(text: str, here: datetime, zone: tzinfo) -> datetime | None:
    import dateparser  # noqa: PLC0415 - takes a fifth of a second to load

    return dateparser.parse(
        text,
        languages=list(LANGUAGES),
        settings={
            "TIMEZONE": _zone_name(zone, here),
            "RELATIVE_BASE": here.replace(tzinfo=None),
            "RETURN_AS_TIMEZONE_AWARE": True,
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
        },
    )


def _zone_name(zone: tzinfo, here: datetime) -> str:
    """A name that dateparser knows: that of the zone, or its offset at present."""
    key = getattr(zone, "key", None)
    if isinstance(key, str):
        return key
    offset = here.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    minutes = abs(offset) // timedelta(minutes=1)
    return "UTC" if zone is UTC else f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
