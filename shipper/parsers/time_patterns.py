"""Times in a form that the input names, in Java's letters or strftime's.

Sources: java.time.format.DateTimeFormatter; the C standard's strftime.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from logboom.errors import ConfigError
from logboom.spellings import SPELLINGS
from shipper.parsers.moments import SECOND, Instant, from_parts
from shipper.parsers.port import Fields, HeadedParser, Parser

_LONGEST = 128
_HOUR_NS = 3600 * SECOND
_ALWAYS_READ = frozenset({"ISO8601", "UNIX", "UNIX_MS"})
_TWO, _WORD = r"[ \d]?\d", r"[^\W\d_]{2,14}+\.?"
_OFFSET = r"Z|[+-]\d\d(?::?\d\d)?"
_ZONE = rf"{_OFFSET}|(?:GMT|UTC)(?:[+-]\d\d:?\d\d)?|[A-Z]{{2,5}}|[A-Z][A-Za-z_]{{1,30}}/[A-Za-z_/+-]{{1,40}}"
_STRFTIME: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Y": ("y", r"\d{4}"), "y": ("yy", r"\d\d"), "m": ("m", _TWO), "b": ("b", _WORD),
        "B": ("b", _WORD), "h": ("b", _WORD), "d": ("d", _TWO), "e": ("d", _TWO), "j": ("j", r"\d{3}"),
        "H": ("H", _TWO), "k": ("H", _TWO), "I": ("H", _TWO), "l": ("H", _TWO), "M": ("M", r"\d\d"),
        "S": ("S", r"\d\d"), "f": ("f", r"\d{1,9}"), "L": ("f", r"\d{3}"), "N": ("f", r"\d{1,9}"),
        "p": ("p", r"[AaPp]\.?[Mm]\.?|오전|오후|午前|午後|上午|下午"), "z": ("z", _OFFSET),
        "Z": ("z", _ZONE), "s": ("s", r"\d{1,11}"), "a": ("", _WORD), "A": ("", _WORD),
    }
)  # fmt: skip
_SHORT: Final = MappingProxyType(
    {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M", "n": "\n", "t": "\t"}
)
_STRFTIME_PART = re.compile(r"%[-_0^#E:O]?(.)|([^%])", re.DOTALL)
_JAVA_PART = re.compile(r"'((?:[^']|'')*+)'|([A-Za-z])\2*+|([^A-Za-z'])", re.DOTALL)
_JAVA_HOURS = frozenset("HkKh")
_JAVA: Final = MappingProxyType(
    {
        "m": ("M", _TWO), "s": ("S", _TWO), "d": ("d", _TWO), "D": ("j", r"\d{1,3}"), "E": ("", _WORD),
        "a": _STRFTIME["p"], **dict.fromkeys("XxZ", ("z", _OFFSET)), **dict.fromkeys("zVO", ("z", _ZONE)),
    }
)  # fmt: skip


class TimePattern:
    """One form of times.

    Args:
        pattern: With a percent sign it is strftime's, else Java's.

    Raises:
        ConfigError: When it has letters that mean nothing, or one part twice.
    """

    def __init__(self, pattern: str) -> None:
        pieces = _strftime(pattern) if "%" in pattern else _java(pattern)
        try:
            self._match = re.compile("".join(pieces)).fullmatch
        except re.error as error:
            raise _wrong(pattern, "it has a part twice") from error
        if "(?P<" not in "".join(pieces):
            raise _wrong(pattern, "it has no part of a time")

    def read(self, text: str, zone: tzinfo, reference_ns: int) -> Instant | None:
        """The instant of a text; None when it is not of this form."""
        match = self._match(text)
        if match is None:
            return None
        return from_parts(match.groupdict(), zone, reference_ns)


def _strftime(pattern: str) -> list[str]:
    for letter, meaning in _SHORT.items():
        pattern = pattern.replace(f"%{letter}", meaning)
    pieces: list[str] = []
    for match in _STRFTIME_PART.finditer(pattern):
        letter, plain = match.groups()
        if plain is not None or letter == "%":
            pieces.append(re.escape(plain or "%"))
        elif letter in _STRFTIME:
            pieces.append(_group(*_STRFTIME[letter]))
        else:
            raise _wrong(pattern, f"%{letter} is not known")
    return pieces


def _java(pattern: str) -> list[str]:
    pieces: list[str] = []
    for match in _JAVA_PART.finditer(pattern):
        quoted, letter, plain = match.groups()
        if quoted is not None:
            pieces.append(re.escape(quoted.replace("''", "'") or "'"))
        elif plain is not None:
            pieces.append({"[": "(?:", "]": ")?"}.get(plain, re.escape(plain)))
        else:
            pieces.append(_java_letters(pattern, letter, len(match[0])))
    if pattern.count("[") != pattern.count("]"):
        raise _wrong(pattern, "a bracket is not closed")
    return pieces


def _java_letters(pattern: str, letter: str, count: int) -> str:
    if letter in "yu":
        return _group("yy", r"\d\d") if count == 2 else _group("y", r"\d{4}")
    if letter in "ML":
        return _group("m", _TWO) if count <= 2 else _group("b", _WORD)
    if letter in _JAVA_HOURS:
        return _group("H", _TWO)
    if letter == "S":
        return _group("f", rf"\d{{{min(count, 9)}}}" if count > 1 else r"\d{1,9}")
    if letter in _JAVA:
        return _group(*_JAVA[letter])
    raise _wrong(pattern, f"{letter * count} is not known")


def _group(name: str, expression: str) -> str:
    return f"(?P<{name}>{expression})" if name else f"(?:{expression})"


def _wrong(pattern: str, why: str) -> ConfigError:
    return ConfigError(
        f"{pattern!r} is not a form of times: {why}", where="timestamp_format",
        mend="write for example dd.MM.yyyy HH:mm:ss, or %d.%m.%Y %H:%M:%S",
    )  # fmt: skip


class FormedTime(str):
    """The text of a time, together with the forms that it may have."""

    __slots__ = ("patterns",)

    patterns: tuple[TimePattern, ...]

    def read(self, zone: tzinfo, reference_ns: int) -> Instant | None:
        """The instant by the first form that fits; None when none does."""
        if len(self) > _LONGEST:
            return None
        return _read(str(self), self.patterns, zone, reference_ns // _HOUR_NS * _HOUR_NS)


@lru_cache(maxsize=4096)
def _read(
    text: str, patterns: tuple[TimePattern, ...], zone: tzinfo, reference_ns: int
) -> Instant | None:
    for pattern in patterns:
        found = pattern.read(text.strip(), zone, reference_ns)
        if found is not None:
            return found
    return None


class TimedParser:
    """A parser whose times are read in the forms that the input names; others as always.

    Args:
        parser: Finds the fields.
        patterns: Tried in order.

    Raises:
        ConfigError: As `TimePattern`.
    """

    def __init__(self, parser: Parser, patterns: Sequence[str]) -> None:
        self._parser = parser
        self._patterns = tuple(TimePattern(p) for p in patterns if p not in _ALWAYS_READ)

    @property
    def name(self) -> str:
        """The format's name."""
        return self._parser.name

    def learn(self, head: Sequence[str]) -> None:
        """See `HeadedParser.learn`."""
        if isinstance(self._parser, HeadedParser):
            self._parser.learn(head)

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        fields = self._parser.parse(text)
        if fields is not None:
            for name, value in fields.items():
                if SPELLINGS.get(name) == "@timestamp" and isinstance(value, str):
                    fields[name] = formed = FormedTime(value)
                    formed.patterns = self._patterns
        return fields
