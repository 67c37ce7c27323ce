"""How are an event's fields written as one JSON object, so that it can be spliced?

What the splicer would have to look into is looked into here: the time, a stack trace in a text of
several lines, and what the wrapper of a text says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import repeat
from typing import Any

import orjson

from shipper.events.columns import Alike, alike, written
from shipper.events.shapes import ADDED
from shipper.framing.frames import MULTILINE
from shipper.parsers.port import TIME, Fields, Row, Rows
from shipper.parsers.stacktrace import extract_error
from shipper.placing import TARGETS, timestamp_text

_MOST_REMEMBERED = 1024
_YEAR_AND_MILLISECONDS = re.compile(r"[0-9]{4}-.{4,60}[.,][0-9]{3}").fullmatch
_POINTS = frozenset(".,")
_TIMES = frozenset(name for name, target in TARGETS.items() if target == TIME)
_SEVERAL_LINES = (MULTILINE,)


class LineWriter:
    """Writes fields as objects.

    Args:
        zone: Of times that name none.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._times = _Times(zone)
        self._wrappings: dict[str, bytes] = {}

    def parsed(
        self, fields: Fields, text: str, *, marks: tuple[str, ...], wrapped: Fields | None,
        read_ns: int,
    ) -> bytes:  # fmt: skip
        """What a parser found, with all that there is to say of the text; nothing when it is unusual.

        Args:
            fields: The parser's.
            text: The event's whole text.
            marks: What framing found remarkable.
            wrapped: What the text's wrapper says.
            read_ns: When it was read, ns since the epoch.
        """
        content: dict[str, Any] = {**fields}
        if (marks and not self._add_lines(content, text, marks)) or (
            wrapped and not self._add_wrapping(content, wrapped)
        ):
            return b""
        stamp = content.get(TIME)
        moment = self._times.read(stamp, read_ns) if type(stamp) is str else None
        if moment is None:
            return b""
        content[TIME] = moment
        try:
            line = orjson.dumps(content)
        except TypeError:
            return b""
        return b"" if b":null" in line else line  # NaN and infinity, perhaps

    def rows(self, kind: Rows, rows: Mapping[int, Row], *, read_ns: int) -> dict[int, bytes]:
        """What a parser found in texts of one line; nothing for those that are unusual.

        Args:
            kind: What the values are.
            rows: By the number of the event.
            read_ns: When they were read, ns since the epoch.
        """
        return {
            number: line
            for same in alike(kind, rows)
            for number, line in zip(same.numbers, self._of_same(kind, same, read_ns), strict=True)
        }

    def _of_same(self, kind: Rows, same: Alike, read_ns: int) -> list[bytes]:
        """Column by column, since that takes a third of the time."""
        if TIME not in same.columns:
            return [b""] * len(same.numbers)
        columns: dict[str, Sequence[str]] = {**same.columns}
        moments = list(map(self._times.read, columns[TIME], repeat(read_ns)))
        columns[TIME] = [moment or "" for moment in moments]
        lines = written(columns, kind.conversions)
        if None in moments:
            return [b"" if m is None else line for m, line in zip(moments, lines, strict=True)]
        return lines

    def wrapped_object(self, text: str, wrapped: Fields) -> bytes:
        """A text that is an object, with what its wrapper says; nothing when that is unusual.

        The wrapper's time is left out: an object without one is none of the usual ones.
        """
        if text[:2] != '{"' or text[-1:] != "}" or len(wrapped) != 2 or TIME not in wrapped:
            return b""
        stream = wrapped.get("stream")
        if type(stream) is not str:
            return b""
        added = self._wrappings.get(stream)
        if added is None:
            added = b"," + orjson.dumps({f"{ADDED}stream": stream})[1:]
            if len(self._wrappings) < _MOST_REMEMBERED:
                self._wrappings[stream] = added
        try:
            return text[:-1].encode() + added
        except UnicodeEncodeError:
            return b""

    def _add_lines(self, content: dict[str, Any], text: str, marks: tuple[str, ...]) -> bool:
        """The stack trace in a text of several lines; False when more is remarkable about it."""
        if marks != _SEVERAL_LINES or any(name.startswith("error") for name in content):
            return False
        message = content.pop("message", None)
        if type(message) is not str:
            return False
        added = {"message": message, "tags": MULTILINE}
        added |= extract_error(text) or extract_error(message) or {}
        content.update((ADDED + name, value) for name, value in added.items())
        return True

    def _add_wrapping(self, content: dict[str, Any], wrapped: Fields) -> bool:
        """What a wrapper says where the text says nothing; False when that is not simple."""
        has_time = not _TIMES.isdisjoint(content)
        for name, value in wrapped.items():
            if name in _TIMES:
                if not has_time:
                    content[TIME] = value
                    has_time = True
            elif type(value) is str:
                content[ADDED + name] = value
            else:
                return False
        return True


class _Times:
    """Reads times, remembering the seconds: what follows one is most often of the same."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._seconds: dict[str, str] = {}

    def read(self, text: str, read_ns: int) -> str | None:
        """A time as ISO 8601 in UTC; None when it is none, or can be two instants."""
        fraction = text[-3:]
        known = self._seconds.get(text[:-4])
        if known is not None and text[-4] in _POINTS and fraction.isdecimal() and text.isascii():
            return f"{known}.{fraction}Z"
        if _YEAR_AND_MILLISECONDS(text) is None:
            return timestamp_text(text, self._zone, read_ns)
        known = self._learn(text[:-4], read_ns)
        return None if known is None else f"{known}.{fraction}Z"

    def _learn(self, second: str, read_ns: int) -> str | None:
        whole = timestamp_text(f"{second}.000", self._zone, read_ns)
        known = whole[:-5] if whole is not None and whole.endswith(".000Z") else None
        if len(self._seconds) >= _MOST_REMEMBERED:
            self._seconds.clear()
        if known is not None:
            self._seconds[second] = known
        return known
