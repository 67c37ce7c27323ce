"""Which stretch of time do plain words mean, in whichever language they are written?

English and Korean are read by rules (`phrases`), other languages by the same rules once they are
translated (`translation`). What is left, full dates above all, goes to dateparser, behind guards:
it drops the clock time of some texts without a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logboom.errors import QueryError
from logboom.query.aside import about_to_take_long
from logboom.query.moments import Reading, add, floor
from logboom.query.parts_of_day import said_in_full
from logboom.query.phrases import read_phrase, read_translated
from logboom.query.spellings import names_two_clocks

_HANGUL = re.compile(r"[가-힣]")
_LETTERS = re.compile(r"[^\W\d_]{3}|[月日年時]")
_OWN_LETTERS = re.compile(r"[^\W\d_]{3}|[^\W\d_\x00-\x7f]{2}|[月日年時]")
_SHORT_WORD = re.compile(r"[a-z]{1,4}", re.ASCII)
_PLAIN_WORD = re.compile(r"[a-z]+", re.ASCII)
_NUMERIC_DAY = re.compile(r"(?:^|\s)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s|$)", re.ASCII)
_NUMBER = re.compile(r"\d+", re.ASCII)
_MOST_NUMBERS = 10
"""Of one time: year, month, day, hour, minute, second, fraction, offset."""
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
    lowered = said_in_full(" ".join(text.lower().split()))
    here = now.astimezone(zone)
    read = read_phrase(lowered, here)
    if read is not None:
        return read
    _refuse_two_meanings(text)
    if lowered.startswith("now") or _HANGUL.search(text) or not _OWN_LETTERS.search(text):
        return None
    about_to_take_long()
    from logboom.query.translation import LANGUAGES, MORE_LANGUAGES  # noqa: PLC0415

    return (
        _read_translated(lowered, here, LANGUAGES)
        or _read_elsewhere(text, here, zone)
        or _read_alike(lowered, here, MORE_LANGUAGES)
    )


def _read_translated(text: str, here: datetime, languages: tuple[str, ...]) -> Reading | None:
    """What a text means in the first of some languages that has all of its words."""
    from logboom.query.translation import in_english  # noqa: PLC0415

    return read_translated(text, here, lambda words: in_english(words, languages))


def _read_alike(text: str, here: datetime, languages: tuple[str, ...]) -> Reading | None:
    """What a text means in all of some languages that know it.

    Raises:
        QueryError: When it means one thing in one and another in the next.
    """
    from logboom.query.translation import in_english, speaking  # noqa: PLC0415

    known = [(code,) for code in speaking(text, languages)]
    if _SHORT_WORD.fullmatch(text):
        # Of the shortest words, only today and the like: abbreviations are words of other languages.
        known = [code for code in known if (in_english(text, code) or "").endswith("today")]
    readings = {_read_translated(text, here, code) for code in known} - {None}
    if len(readings) > 1:
        raise QueryError(
            f"{text!r} means different times in different languages",
            suggestion="write it in English, or as for example 2024-01-31 or now-1d/d",
        )
    read = next(iter(readings), None)
    is_instant = read is not None and read.start == read.end
    return None if is_instant and _PLAIN_WORD.fullmatch(text) else read


def _read_elsewhere(text: str, here: datetime, zone: tzinfo) -> Reading | None:
    if names_two_clocks(text) or not _LETTERS.search(text):
        return None
    found = _ask(text, here, zone)
    if found is None:
        return None
    if _drops_a_number(text, found, here, zone):
        return None
    if _NAMES_CLOCK.search(text):
        return Reading(found, found)
    local = found.astimezone(zone)
    is_day = local == floor(local, "d")
    return Reading(local, add(local, 1, "d")) if is_day else Reading(found, found)


def _drops_a_number(text: str, found: datetime, here: datetime, zone: tzinfo) -> bool:
    """Whether what was found would be the same with another number somewhere in the text."""
    numbers = [*_NUMBER.finditer(text)]
    if len(numbers) > _MOST_NUMBERS:
        return True
    others = (
        f"{text[: at.start()]}{(int(at[0][0]) + 1) % 10}{text[at.start() + 1 :]}" for at in numbers
    )
    return any(_ask(other, here, zone) == found for other in others)


def _refuse_two_meanings(text: str) -> None:
    ambiguous = _NUMERIC_DAY.search(text)
    if ambiguous is None:
        return
    first, second, year = ambiguous.groups()
    readings = {f"{year}-{second:>02}-{first:>02}", f"{year}-{first:>02}-{second:>02}"}
    possible = sorted(day for day in readings if int(day[5:7]) <= 12 and int(day[8:]) <= 31)
    if not possible:
        raise ValueError("it names no day")
    raise QueryError(
        f"{text!r} can be read with the day or with the month first"
        if len(possible) > 1
        else f"{text!r} does not have its year first",
        suggestion=f"write {' or '.join(possible)}",
    )


def _ask(text: str, here: datetime, zone: tzinfo) -> datetime | None:
    import dateparser  # noqa: PLC0415 - takes a fifth of a second to load

    from logboom.query.translation import LANGUAGES, speaking  # noqa: PLC0415

    return dateparser.parse(
        text,
        languages=["en", *speaking(text, LANGUAGES[1:])],
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
