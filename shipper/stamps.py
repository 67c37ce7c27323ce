"""How are the times of many events held without an object for each of them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap
from operator import eq
from typing import overload

STAMP_BYTES = 24
"""A time with thousandths: `2026-11-21T06:24:28.566Z`."""

_STEP = STAMP_BYTES + 1
_DAY_BYTES = 10


class Stamps(Sequence[str]):
    """Times of so many bytes each.

    Args:
        text: Each with a line break behind it.
    """

    __hash__ = None  # type: ignore[assignment] # as any sequence that is equal to a list

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __len__(self) -> int:
        """How many there are."""
        return len(self._text) // _STEP

    def __iter__(self) -> Iterator[str]:
        """All of them, in order."""
        return iter(self._text.decode("latin-1").split("\n")[:-1])

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        """One of them, or some."""
        if isinstance(at, slice):
            return list(self)[at]
        place = range(len(self))[at] * _STEP
        return self._text[place : place + STAMP_BYTES].decode("latin-1")

    def __eq__(self, other: object) -> bool:
        """Equal to any sequence of the same times."""
        if isinstance(other, Stamps):
            return self._text == other._text
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(starmap(eq, zip(self, other, strict=True)))

    def __repr__(self) -> str:
        """For people."""
        return f"Stamps({list(self)!r})"

    def joined(self) -> bytes:
        """With line breaks between them."""
        return self._text[:-1]

    def days(self) -> Mapping[str, int]:
        """How many are of each day, as their first letters say."""
        text = self._text
        first = text[:_DAY_BYTES]
        if text.count(first + b"T") == len(self):  # the usual case, and nothing else has its form
            return {first.decode("latin-1"): len(self)} if text else {}
        return Counter(stamp[:_DAY_BYTES] for stamp in self)


def joined(stamps: Sequence[str]) -> bytes:
    """Times with line breaks between them."""
    return stamps.joined() if isinstance(stamps, Stamps) else "\n".join(stamps).encode()


def days_of(stamps: Sequence[str]) -> Mapping[str, int]:
    """How many times are of each day, as their first letters say."""
    return stamps.days() if isinstance(stamps, Stamps) else Counter(s[:_DAY_BYTES] for s in stamps)
