"""How are values found that are nearly all distinct, such as trace ids?

As terms of their own they would be half of the index and of the work. Instead, each value becomes
four numbers of twelve bits of its hash, each of them a term that many documents share; together they
name it: among a thousand million documents, another one answers to all four about once in 300,000
searches. Only whole values can be looked for.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_BITS = 12
_PARTS = 4
_PRIME = 2**48 - 59
_HEX = re.compile(r"(?:[0-9a-f]{16}){1,2}")

PRESENT_TOKEN = _PARTS << _BITS
"""A further number of every document that has a value."""


def tokens(value: str) -> tuple[int, int, int, int]:
    """The numbers that stand for a value, each of a range of its own."""
    if _HEX.fullmatch(value) is not None:  # as W3C and others write ids
        number = int(value, 16) + len(value)
    else:
        digest = blake2b(value.encode("utf-8", "replace"), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
    mixed = number % _PRIME
    return (
        mixed & 0xFFF,
        mixed >> 12 & 0xFFF | 0x1000,
        mixed >> 24 & 0xFFF | 0x2000,
        mixed >> 36 | 0x3000,
    )
