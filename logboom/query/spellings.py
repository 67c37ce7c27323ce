"""How are times of other programs spelt here, and what is to be written where that cannot be known?"""

from __future__ import annotations

import re
from collections.abc import Callable

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_APACHE = re.compile(
    rf"\[?(\d\d?)/({'|'.join(_MONTHS)})/(\d{{4}}):(\d\d:\d\d:\d\d)(?:\.\d+)?(?: ?([+-]\d{{4}}))?\]?",
    re.ASCII | re.IGNORECASE,
)
_BASIC = re.compile(
    r"((?:19|20|21)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[Tt]?([01]\d|2[0-3])([0-5]\d)([0-5]\d)?"
    r"((?:[.,]\d{1,9})?(?: ?(?:[Zz]|[+-]\d\d:?\d\d))?)",
    re.ASCII,
)
_UNDERSCORE = re.compile(r"\A(\d{4}-\d\d-\d\d)_(?=\d\d)", re.ASCII)
_SECONDS = re.compile(r"@(-?\d{1,19}(?:\.\d{1,9})?)", re.ASCII)
_NOW = re.compile(r"\Anow(?:\(\))?(?=\Z|[-+/\s])", re.IGNORECASE)
_DAY_MATH = re.compile(
    r"(today|yesterday|tomorrow)((?:[+-]\d{1,9}[yMwdhHms]|/[yMwdhHms])+)", re.ASCII
)
_DAYS = {"today": "now/d", "yesterday": "now-1d/d", "tomorrow": "now+1d/d"}
_LENGTH = re.compile(r"-?(?:\d{1,9}(?:\.\d{1,6})?(?:ms|mo|[smhdwyMHDWY])\s*)+", re.ASCII)
_LENGTH_UNIT = re.compile(r"mo|[HDWY]")
_ISO_LENGTH = re.compile(
    r"-?P(?!\Z)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?!\Z)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_UNITS = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "m", "min": "m",
    "mins": "m", "minute": "m", "minutes": "m", "h": "h", "hr": "h", "hrs": "h", "hour": "h",
    "hours": "h", "d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w", "M": "M",
    "mo": "M", "mon": "M", "month": "M", "months": "M", "y": "y", "yr": "y", "year": "y",
    "years": "y",
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_STEP = rf"[+-]\s*\d{{1,9}}\s*(?:{_UNIT})"
_MATH = re.compile(rf"(?:now)?\s*((?:{_STEP}\s*)*)((?:[/@](?:{_UNIT}))?)((?:{_STEP})*)", re.ASCII)
_STEPS = re.compile(rf"([+-])\s*(\d+)\s*({_UNIT})", re.ASCII)
_MANY = re.compile(r"now\s*([+-])\s*((?:\d+\s*[yMwdhms]\s*)+)((?:/[yMwdhms])?)", re.ASCII)
_CUT_LENGTH = re.compile(r"\d{1,9}h\d{1,2}", re.ASCII)
_UNITLESS = re.compile(r"(?:now)?([+-]\d{1,9})", re.ASCII)
_WEEK = re.compile(r"(?:w|week|kw|calendar week)\s?(\d{1,2})", re.ASCII | re.IGNORECASE)
_TWO_CLOCKS = re.compile(r"\d:\d\d(?:\s?[ap]m)?\s?[-–—]\s?\d{1,2}:\d\d", re.ASCII | re.IGNORECASE)
_TWO_TIMES = re.compile(r"\S\s*\.\.+\s*\S|\S\s+(?:to|until|till|bis|[-–—])\s+\S", re.IGNORECASE)


def respelt(text: str) -> str:
    """A time as it is written here.

    Known are those of access logs (``10/Oct/2000:13:55:36 -0700``), digits without signs between
    them (``20001010T135536Z``), seconds behind ``@``, lengths of ISO 8601 (``PT1H30M``) and in
    capitals, ``NOW`` and ``now()``, and math on days (``today+8h``). Others are left as they are.
    """
    for pattern, spell in _SPELLINGS:
        match = pattern.fullmatch(text)
        if match is not None:
            return spell(match)
    return _NOW.sub("now", _UNDERSCORE.sub(r"\1T", text))


def names_two_clocks(text: str) -> bool:
    """Whether a text has a range such as ``10:00-11:00``."""
    return _TWO_CLOCKS.search(text) is not None


def instead(text: str, year: int) -> str | None:
    """What to write instead of a text that is no time, or None.

    Args:
        text: It.
        year: The present one.
    """
    if re.search(r"\d \d\d:?\d\d$", text) and "T" in text:
        return "in a URL the + of an offset is written %2B"
    math = _math_instead(text)
    if math is not None:
        return math
    if names_two_clocks(text) or _TWO_TIMES.search(text):
        return "write its begin as `from` and its end as `to`; in a query: time:[begin TO end]"
    week = _WEEK.fullmatch(text)
    return None if week is None else f"write {year}-W{int(week[1]):02d}"


def _math_instead(text: str) -> str | None:
    """Date math with signs or units of other programs, as it is written here."""
    many, math, cut, unitless = (
        form.fullmatch(text) for form in (_MANY, _MATH, _CUT_LENGTH, _UNITLESS)
    )
    if many is not None:
        steps = "".join(f"{many[1]}{n}{unit}" for n, unit in re.findall(r"(\d+)\s*(\w)", many[2]))
        return f"write now{steps}{many[3]}"
    if math is not None:
        rounded = f"/{_UNITS[math[2][1:]]}" if math[2] else ""
        return f"write now{_steps(math[1])}{rounded}{_steps(math[3])}"
    if cut is not None:
        return f"write {text}m"
    if unitless is not None:
        return f"write the unit, too: now{unitless[1]}m for minutes, now{unitless[1]}h for hours"
    return None


def _steps(written: str) -> str:
    return "".join(f"{sign}{n}{_UNITS[unit]}" for sign, n, unit in _STEPS.findall(written))


def _access_log(match: re.Match[str]) -> str:
    day, month, year, clock, offset = match.groups()
    number = _MONTHS.index(month.lower()) + 1
    return f"{year}-{number:02d}-{int(day):02d}T{clock}{offset or ''}"


def _basic(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, rest = match.groups()
    if second is None and rest[:1] in {".", ","}:
        return match[0]
    return f"{year}-{month}-{day}T{hour}:{minute}{f':{second}' if second else ''}{rest}"


def _length(match: re.Match[str]) -> str:
    return _LENGTH_UNIT.sub(lambda unit: "M" if unit[0] == "mo" else unit[0].lower(), match[0])


def _iso_length(match: re.Match[str]) -> str:
    return " ".join(f"{n}{unit}" for n, unit in zip(match.groups(), "yMwdhms", strict=True) if n)


_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_APACHE, _access_log),
    (_BASIC, _basic),
    (_SECONDS, lambda match: match[1]),
    (_DAY_MATH, lambda match: _DAYS[match[1]] + match[2]),
    (_LENGTH, _length),
    (_ISO_LENGTH, _iso_length),
)
