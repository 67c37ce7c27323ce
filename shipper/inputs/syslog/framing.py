"""Where does a message begin and end in a TCP stream?

Source: RFC 6587. A stream whose first bytes are a length, a space and ``<`` counts octets; in every
other one messages end with a line break, or with NUL where the sender ends its first message so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from logboom.bounds import TRUNCATED
from shipper.framing.frames import UNTERMINATED

_MOST_LENGTH_BYTES = 10
_COUNTED = re.compile(rb"[1-9]\d{0,9} <")
_MAY_BE_COUNTED = re.compile(rb"[1-9]\d{0,9} ?")
_BREAKS = re.compile(rb"[\r\n]*+")
_LENGTH = re.compile(rb"([1-9]\d{0,9}) ")
_MAY_BE_LENGTH = re.compile(rb"(?:[1-9]\d{0,9})?")


class _Form(Enum):
    """How a stream separates its messages."""

    UNKNOWN = auto()
    COUNTED = auto()
    LINES = auto()
    NULS = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A message, or a part of one that is too long.

    Attributes:
        data: Without what separates it from others.
        tags: What is remarkable about it.
        goes_on: True when it is not the first part of its message.
    """

    data: bytes
    tags: tuple[str, ...] = ()
    goes_on: bool = False


def cut_to_size(data: bytes, max_bytes: int, *, goes_on: bool = False) -> list[Piece]:
    """One message, or its parts where it is too long."""
    if len(data) <= max_bytes:
        return [Piece(data, (), goes_on)]
    last = (len(data) - 1) // max_bytes
    return [
        Piece(
            data[number * max_bytes : (number + 1) * max_bytes],
            (TRUNCATED,) if number < last else (),
            goes_on or number > 0,
        )
        for number in range(last + 1)
    ]


class StreamFraming:
    """Cuts one connection's bytes into messages; holds back one message at most.

    Args:
        max_bytes: A longer message is cut there.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._form = _Form.UNKNOWN
        self._buffer = b""
        self._left = 0
        self._goes_on = False
        self.broken = False
        """True once a stream that counted octets has lost count: then line breaks are believed."""

    def feed(self, data: bytes) -> list[Piece]:
        """Takes bytes, and gives the messages that are whole now."""
        self._buffer = self._buffer + data if self._buffer else data
        pieces: list[Piece] = []
        if self._form is _Form.UNKNOWN:
            self._form = self._recognise(self._buffer)
        if self._form is _Form.COUNTED:
            self._counted(pieces)
        if self._form in {_Form.LINES, _Form.NULS}:
            self._separated(pieces)
        return pieces

    def end(self) -> list[Piece]:
        """The stream has ended: what is left is flagged."""
        rest, self._buffer = self._buffer, b""
        if self._form is not _Form.COUNTED:
            rest = rest.rstrip(b"\r\n\0")
        return [Piece(rest, (UNTERMINATED,), self._goes_on)] if rest else []

    def _recognise(self, begin: bytes) -> _Form:
        if _COUNTED.match(begin):
            return _Form.COUNTED
        if _MAY_BE_COUNTED.fullmatch(begin) and len(begin) <= _MOST_LENGTH_BYTES + 1:
            return _Form.UNKNOWN
        newline, nul = begin.find(b"\n"), begin.find(b"\0")
        if newline < 0 and nul < 0:
            return _Form.UNKNOWN if len(begin) <= self._max_bytes else _Form.LINES
        if nul < 0:
            return _Form.LINES
        is_end = begin[nul + 1 : nul + 2] in {b"", b"<"} and not 0 <= newline < nul
        return _Form.NULS if is_end or begin.endswith(b"\0") else _Form.LINES

    def _counted(self, pieces: list[Piece]) -> None:
        buffer, place = self._buffer, 0
        while place < len(buffer):
            if not self._left:
                breaks = _BREAKS.match(buffer, place)
                place = breaks.end() if breaks else place
                head = _LENGTH.match(buffer, place)
                if head is None:
                    self._lose_count(buffer, place)
                    break
                self._left, place = int(head[1]), head.end()
            take = min(self._left, self._max_bytes)
            if len(buffer) - place < take:
                break
            self._left -= take
            tags = (TRUNCATED,) if self._left else ()
            pieces.append(Piece(buffer[place : place + take], tags, self._goes_on))
            self._goes_on = self._left > 0
            place += take
        self._buffer = buffer[place:]

    def _lose_count(self, buffer: bytes, place: int) -> None:
        rest = buffer[place : place + _MOST_LENGTH_BYTES + 1]
        if not _MAY_BE_LENGTH.fullmatch(rest):
            self.broken, self._form = True, _Form.LINES

    def _separated(self, pieces: list[Piece]) -> None:
        separator = b"\0" if self._form is _Form.NULS else b"\n"
        *lines, rest = self._buffer.split(separator)
        for line in lines:
            self._add_line(pieces, line)
        limit = self._max_bytes
        while len(rest) > limit:
            pieces.append(Piece(rest[:limit], (TRUNCATED,), self._goes_on))
            self._goes_on, rest = True, rest[limit:]
        self._buffer = rest

    def _add_line(self, pieces: list[Piece], line: bytes) -> None:
        line = line.strip(b"\r\n\0")
        if line:
            pieces += cut_to_size(line, self._max_bytes, goes_on=self._goes_on)
        self._goes_on = False
