"""What do a phrase's words, in whichever language, say in English?

The words are those of dateparser's data, which say the names that Unicode's CLDR gives to days and
weeks apart from lengths of time. The former are put in words of their own here: ``letzte Woche``
is ``1 week before this week``, and ``vor einer Woche`` is ``1 week ago``. A language's data are
loaded when a text has a word of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from dateparser.conf import settings
from dateparser.languages.loader import default_loader
from dateparser.languages.locale import Locale

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "ja", "zh")
"""Tried first, in this order."""

MORE_LANGUAGES = (
    "ru", "uk", "pl", "tr", "cs", "sv", "da", "nb", "fi", "hu", "ro", "el", "ar", "he", "hi", "vi",
    "th", "id", "bg", "sk", "hr", "fa", "zh-Hant",
)  # fmt: skip
"""Tried behind: what two of them read differently is refused."""

_NAMED = re.compile(r"(?:in (\d) (day|week|month|year)|(\d) (day|week|month|year) ago)")
_PRESENT = re.compile(r"0 (hour|minute) ago")
_WORD_KEYS = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january",
    "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "second", "minute", "hour", "day", "week", "month", "year", "ago", "in",
    "skip", "pertain",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_HAN_LENGTH = re.compile(
    r"(?P<tens>[一二三四五六七八九])?(?P<ten>十)(?P<ones>[一二三四五六七八九])?"
    r"(?=\s*{unit})|(?P<count>[一二两兩三四五六七八九])(?=\s*{unit})".replace(
        "{unit}", r"(?:个|個|か|ヶ)?(?:秒|分|小时|小時|時間|天|日|周|週|星期|月|年)"
    )
)
_HAN_WHOLE = re.compile(
    r"[一二两兩三四五六七八九十]+[个個]?(?:秒|分|小时|小時|時間|天|周|週|星期)[钟鐘]?"
)
_HAN_WEEKDAY = re.compile(r"([上下本])(周|週)([一二三四五六日])")
_MEASURE_WORD = re.compile(r"(?<=\d)\s*[个個](?=小时|小時|星期)")
_HAN_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)}
_HAN_DIGITS |= {"两": 2, "兩": 2}


@lru_cache(maxsize=256)
def in_english(text: str, languages: tuple[str, ...]) -> str | None:
    """Translates a phrase.

    Args:
        text: In lower case, its words divided by single spaces.
        languages: Codes, in the order in which they are tried.

    Returns:
        What the first language that has all of the words says, without words that say nothing;
        None when no language has all of them.
    """
    written = _with_digits(text) if _HAN.search(text) else text
    for code in speaking(written, languages):
        named = _named(written, code)
        if named is not None:
            return named
        locale = _locale(code)
        if locale.is_applicable(written, settings=settings):
            said = locale.translate(written, settings=settings)
            return " ".join(said.replace("_", " ").split())
    return None


def speaking(text: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some languages that a text has a word of."""
    words = set(_words(text))
    return tuple(code for code in languages if not words.isdisjoint(_vocabulary(code)))


def _words(text: str) -> list[str]:
    """The words of a text without accents, and each character of scripts without spaces."""
    words = _WORD.findall(_plain(text))
    return [*words, *(c for word in words if not word.isascii() for c in word)]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@cache
def _vocabulary(code: str) -> frozenset[str]:
    info = default_loader.get_locale(code).info
    phrases = [phrase for key in _WORD_KEYS for phrase in info.get(key, ())]
    for group in ("relative-type", "relative-type-regex"):
        phrases += [phrase for found in info.get(group, {}).values() for phrase in found]
    if info.get("no_word_spacing"):
        return frozenset(c for phrase in phrases for c in _words(phrase) if len(c) == 1)
    return frozenset(word for phrase in phrases for word in _WORD.findall(_plain(phrase)))


@cache
def _locale(code: str) -> Locale:
    info = default_loader.get_locale(code).info
    return Locale(code, {**info, "relative-type": _told_apart(info)})


def _named(text: str, code: str) -> str | None:
    """What a day, a week or so is called, which some languages' data would write out first."""
    info = _locale(code).info
    head, _, last = text.rpartition(" ")
    phrase = head if last in info.get("skip", ()) else text
    named = (stretch for stretch, phrases in info["relative-type"].items() if phrase in phrases)
    return next(named, None)


def _told_apart(info: Mapping[str, Any]) -> dict[str, list[str]]:
    """The phrases for days, weeks and so on, apart from those for lengths of time.

    Left out are those with two meanings: in Hindi, yesterday and tomorrow are one word.
    """
    said = Counter(phrase for phrases in info["relative-type"].values() for phrase in set(phrases))
    backward = {word for phrase in info.get("ago", ()) for word in phrase.split()}
    told: dict[str, list[str]] = defaultdict(list)
    for meaning, phrases in info["relative-type"].items():
        for phrase in (phrase for phrase in phrases if said[phrase] == 1):
            is_length = not backward.isdisjoint(phrase.split())
            told[meaning if is_length else _stretch(meaning)].append(phrase)
    return told


def _stretch(meaning: str) -> str:
    present = _PRESENT.fullmatch(meaning)
    if present is not None:
        return f"this {present[1]}"
    named = _NAMED.fullmatch(meaning)
    if named is None:
        return meaning
    count, unit = named[1] or named[3], named[2] or named[4]
    way = "after" if named[1] else "before"
    return f"{count} {unit} {way} {'today' if unit == 'day' else f'this {unit}'}"


def _with_digits(text: str) -> str:
    """``三天前`` with the digit 3, ``上周五`` as a week and a day; ``一昨日`` has no number."""
    text = _HAN_WEEKDAY.sub(r"\1\2 \2\3", text)
    if text[-1] in "前后後" or _HAN_WHOLE.fullmatch(text):
        text = _HAN_LENGTH.sub(_number, text)
    return _MEASURE_WORD.sub("", text)


def _number(match: re.Match[str]) -> str:
    if match["count"]:
        return str(_HAN_DIGITS[match["count"]])
    tens = _HAN_DIGITS[match["tens"]] if match["tens"] else 1
    return str(tens * 10 + (_HAN_DIGITS[match["ones"]] if match["ones"] else 0))
