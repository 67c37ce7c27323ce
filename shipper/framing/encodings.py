"""How is a text encoded, and where do its lines end? Asked before anything is cut or decoded."""

from __future__ import annotations

import codecs
import sys
from array import array

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
MARK_BYTES = 4
"""So many first bytes of a file are needed to know its encoding."""


def actual_encoding(named: str, head: bytes) -> str:
    """The encoding of a text that begins with these bytes.

    A byte order mark wins over the Unicode encoding that was named, or that is taken for granted;
    UTF-16 without one is in the order of Intel's processors, which nearly all of it is.
    """
    name = _name(named)
    if name not in {"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"}:
        return named
    marked = _MARKS.get(head[:2])
    if marked is not None and head[:4] != codecs.BOM_UTF32_LE:
        return marked
    return "utf-16-le" if name == "utf-16" else named


def unit_of(encoding: str) -> int:
    """Bytes of the smallest unit of an encoding: 2 for UTF-16, else 1."""
    return 2 if _name(encoding).startswith("utf-16") else 1


def _name(encoding: str) -> str:
    """The usual name of an encoding; making the framing tells of those that do not exist."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding


class LineEnds:
    """Counts line ends in raw bytes.

    Args:
        encoding: Of the bytes.
    """

    def __init__(self, encoding: str) -> None:
        name = _name(encoding)
        self._unit = unit_of(encoding)
        order = "big" if name.endswith("be") else "little"
        self._line_end = "\n".encode(f"utf-16-{order[0]}e") if self._unit == 2 else b"\n"
        self._value = int.from_bytes(self._line_end, sys.byteorder)

    def count(self, data: bytes) -> int:
        """Line ends in bytes that begin at the beginning of a unit."""
        if self._unit == 1:
            return data.count(b"\n")
        return array("H", data[: len(data) // 2 * 2]).count(self._value)

    def more(self, before: bytes, data: bytes) -> int:
        """Line ends that data adds to bytes that begin at the beginning of a unit."""
        if self._unit == 1:
            return data.count(b"\n")
        return self.count(before + data) - self.count(before)

    def is_last(self, data: bytes) -> bool:
        """True when bytes that begin at the beginning of a unit end with a line end."""
        return len(data) % self._unit == 0 and data.endswith(self._line_end)
