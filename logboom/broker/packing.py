"""How do many messages become one compressed row, and messages again?"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain, groupby, pairwise, repeat, starmap
from operator import attrgetter, sub

import zstandard

from logboom.broker.port import Message
from logboom.broker.runs import Run, Runs

_HEAD = struct.Struct("<II")
_LEVEL = 1
_SIZE = "I"


class Unpackable(ValueError):
    """The bytes of a row are damaged: nobody will ever read them."""


class Packer:
    """Packs batches. One object per thread: it keeps a compressor.

    A row is a zstd frame, with a checksum, of: the number of messages and of runs of equal keys;
    the length of each run, of each run's key and of each value, as 32-bit numbers; the keys; the
    values.
    """

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)

    def pack(self, messages: Sequence[Message]) -> bytes:
        """Packs messages.

        Args:
            messages: In order; each below 4 GiB.
        """
        runs = messages.runs if isinstance(messages, Runs) else _runs(messages)
        keys = [run.key for run in runs]
        sizes = array(_SIZE, map(len, runs))
        sizes.extend(map(len, keys))
        for run in runs:
            sizes.extend(map(sub, run.ends, chain((0,), run.ends)))
        head = _HEAD.pack(len(messages), len(runs))
        texts = [run.text for run in runs]
        return self._compressor.compress(b"".join((head, sizes.tobytes(), *keys, *texts)))


def _runs(messages: Sequence[Message]) -> list[Run]:
    by_key = groupby(messages, key=attrgetter("key"))
    return [Run.of(key, [message.value for message in run]) for key, run in by_key]


class Unpacker:
    """Unpacks batches. One object per thread: it keeps a decompressor."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor()

    def unpack(self, packed: bytes, expected: int) -> list[Message]:
        """Gives back what was packed.

        Args:
            packed: What `Packer.pack` gave.
            expected: So many messages are to be in it.

        Raises:
            Unpackable: The bytes are damaged, or say other lengths than they have.
        """
        try:
            body = self._decompressor.decompress(packed)
        except zstandard.ZstdError as error:
            raise Unpackable(f"it cannot be unpacked: {error}") from error
        if len(body) < _HEAD.size:
            raise Unpackable(f"it has {len(body)} bytes")
        count, runs = _HEAD.unpack_from(body)
        if count != expected:
            raise Unpackable(f"it has {count} messages, its row says {expected}")
        sizes = array(_SIZE)
        begin = _HEAD.size
        place = begin + (2 * runs + count) * sizes.itemsize
        is_whole = place <= len(body)
        if is_whole:
            sizes.frombytes(body[begin:place])
            is_whole = sum(sizes[:runs]) == count and sum(sizes[runs:]) == len(body) - place
        if not is_whole:
            raise Unpackable("its lengths do not add up")
        ends = accumulate(sizes[runs:], initial=place)
        pieces = [body[start:end] for start, end in pairwise(ends)]
        keys = chain.from_iterable(starmap(repeat, zip(pieces[:runs], sizes[:runs], strict=True)))
        return list(map(Message, keys, pieces[runs:]))
