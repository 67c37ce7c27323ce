"""How do many messages become one compressed row, and messages again?"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence

import zstandard

from logboom.broker.port import Message

_HEAD = struct.Struct("<II")
_LEVEL = 1


def pack(messages: Sequence[Message]) -> bytes:
    """Packs messages: lengths of the keys, lengths of the values, keys, values; zstd.

    Args:
        messages: In order; each below 4 GiB.
    """
    keys = [message.key for message in messages]
    values = [message.value for message in messages]
    lengths = array("I", [*map(len, keys), *map(len, values)])
    body = b"".join(
        (_HEAD.pack(len(messages), lengths.itemsize), lengths.tobytes(), *keys, *values)
    )
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def unpack(packed: bytes) -> list[Message]:
    """Gives back what was packed.

    Raises:
        zstandard.ZstdError: When the bytes are damaged.
    """
    body = zstandard.ZstdDecompressor().decompress(packed)
    count, item_size = _HEAD.unpack_from(body)
    lengths = array("I")
    begin = _HEAD.size
    place = begin + 2 * count * item_size
    lengths.frombytes(body[begin:place])
    pieces: list[bytes] = []
    for length in lengths:
        pieces.append(body[place : place + length])
        place += length
    return list(map(Message, pieces[:count], pieces[count:]))
