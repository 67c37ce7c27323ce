"""How are values found that are nearly all distinct, such as trace ids?

As terms of their own they would be half of the index and of the work. Instead, each value becomes
four numbers of twelve bits of its hash, each of them a term that many documents share; together they
name it: among a thousand million documents, another one answers to all four about once in 300,000
searches. Only whole values can be looked for.
"""

from __future__ import annotations

from typing import Final

from xxhash import xxh3_64_intdigest

_BITS = 12
_PARTS = 4
_MASK = (1 << _BITS) - 1

PRESENT_TOKEN = _PARTS << _BITS
"""A further number of every document that has a value."""


def tokens(value: str) -> tuple[int, int, int, int]:
    """The numbers that stand for a value, each of a range of its own."""
    mixed = _mixed(value)
    return (
        mixed & _MASK,
        mixed >> 12 & _MASK | 0x1000,
        mixed >> 24 & _MASK | 0x2000,
        mixed >> 36 & _MASK | 0x3000,
    )


def tokens_text(value: str) -> str:
    """The same and `PRESENT_TOKEN`, as a list in JSON. This runs once for most of the events."""
    mixed = _mixed(value)
    return (
        _FIRST[mixed & _MASK]
        + _SECOND[mixed >> 12 & _MASK]
        + _THIRD[mixed >> 24 & _MASK]
        + _FOURTH[mixed >> 36 & _MASK]
    )


def _mixed(value: str) -> int:
    return xxh3_64_intdigest(value.encode("utf-8", "replace"))


def _texts(part: int, before: str, behind: str) -> tuple[str, ...]:
    begin = part << _BITS
    return tuple(f"{before}{number}{behind}" for number in range(begin, begin + _MASK + 1))


_FIRST: Final = _texts(0, "[", ",")
_SECOND: Final = _texts(1, "", ",")
_THIRD: Final = _texts(2, "", ",")
_FOURTH: Final = _texts(3, "", f",{PRESENT_TOKEN}]")
