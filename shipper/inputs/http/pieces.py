"""Which parts does a protobuf message have? Told without decoding them all at once.

A decoder takes hundreds of bytes for a message of two, so a body is walked over and its records are
decoded one by one. Source: protobuf's wire format.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipper.inputs.http.speaking import TooMuch

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_WIDTHS = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST_VARINT = 10


class NotProtobuf(ValueError):
    """The bytes are no message."""


class Walker:
    """Walks over messages, up to a bound.

    Args:
        max_pieces: More parts than that, in all messages together, are too many.
    """

    def __init__(self, *, max_pieces: int) -> None:
        self._left = max_pieces

    def pieces(self, message: memoryview) -> Iterator[tuple[int, memoryview]]:
        """The parts with a length of their own: field number, bytes.

        Raises:
            NotProtobuf: It is no message.
            TooMuch: It has too many parts.
        """
        at, end = 0, len(message)
        while at < end:
            tag, at = (message[at], at + 1) if message[at] < 0x80 else _varint(message, at)
            kind = tag & 7
            if kind == _LENGTH:
                length, at = _varint(message, at)
                self._count()
                if at + length > end:
                    raise NotProtobuf("a part is cut off")
                yield tag >> 3, message[at : at + length]
                at += length
            else:
                self._count()
                at = _behind(message, at, kind)
        if at > end:
            raise NotProtobuf("a number is cut off")

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuch


def _behind(message: memoryview, at: int, kind: int) -> int:
    if kind == _VARINT:
        return _varint(message, at)[1]
    if kind not in _WIDTHS:
        raise NotProtobuf(f"there is no wire type {kind}")
    return at + _WIDTHS[kind]


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    for byte in message[at : at + _LONGEST_VARINT]:
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise NotProtobuf("a number is cut off")
