"""How are values found that are nearly all distinct, such as trace ids?

As terms of their own they would be half of the index and of the work. Instead, 64 bits of each value
are kept in a column, and a few of those bits as a term that leads to the few documents to look at.
Two values share their 64 bits about once in 10^19 pairs. Only whole values can be looked for.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_ALL_BITS = 2**64 - 1
_SPREAD = 0x9E3779B97F4A7C15  # odd: multiplying by it loses nothing, and mixes the upper bits
_GROUP_SHIFT = 52

_HEX = re.compile(r"(?:[0-9a-f]{16}){1,2}")


def token(value: str) -> int:
    """64 bits that stand for a value."""
    if _HEX.fullmatch(value) is not None:  # as W3C and others write ids
        number = int(value, 16)
        if len(value) == 32:
            number ^= number >> 64
        else:
            number = ~number
    else:
        digest = blake2b(value.encode("utf-8", "replace"), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
    return number * _SPREAD & _ALL_BITS


def group(one: int) -> int:
    """The term of a token: one of 4096."""
    return one >> _GROUP_SHIFT
