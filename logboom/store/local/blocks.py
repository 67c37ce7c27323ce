"""What does a block of events look like on disk, and where does each one lie?

A block is a header and one zstd frame, which holds one event per line as JSON. Events are numbered
from 0 in the order of arrival; a header names its first one, so the file alone tells everything.
`documents.idx` repeats how many events and bytes each block has, so that nobody need walk all the
headers; it is a convenience that may lag behind or be missing.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import zstandard

from logboom.errors import StoreDamaged

BLOCK_EVENTS = 16
BLOCK_BYTES = 65_536
"""A block ends with the event that takes it to either bound."""

ENTRY = struct.Struct("<II")
"""One block in `documents.idx`: its events, and the bytes of its header and frame."""

_MAGIC = b"LBD1"
UNREADABLE = frozenset({errno.EIO, errno.EBADMSG, errno.ENODATA, errno.EUCLEAN})
"""What a file system says when a disk cannot give back what it was given."""
_WINDOW_BYTES = 4 * 2**20
_HEADER = struct.Struct(
    "<4sIIIQ"
)  # magic, checksum, bytes of the frame, events, number of the first


class BlockPlace(NamedTuple):
    """Where a block lies.

    Attributes:
        offset: First byte of its header.
        size: Bytes of header and frame.
        first: Number of its first event.
        events: How many it holds.
    """

    offset: int
    size: int
    first: int
    events: int


def divided(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Divides events into blocks."""
    start = size = 0
    for at, line in enumerate(lines, 1):
        size += len(line)
        if at - start == BLOCK_EVENTS or size >= BLOCK_BYTES:
            yield lines[start:at]
            start, size = at, 0
    if start < len(lines):
        yield lines[start:]


def pack(compressor: zstandard.ZstdCompressor, first: int, lines: Sequence[bytes]) -> bytes:
    """Makes a block.

    Args:
        first: Number of its first event.
        lines: Each an event as JSON without a line break.
    """
    frame = compressor.compress(b"\n".join(lines))
    tail = _HEADER.pack(_MAGIC, 0, len(frame), len(lines), first)[8:]
    checksum = zlib.crc32(frame, zlib.crc32(tail))
    return _MAGIC + checksum.to_bytes(4, "little") + tail + frame


def read_block(
    data: int, place: BlockPlace, decompressor: zstandard.ZstdDecompressor, path: Path
) -> bytes:
    """Reads and checks one block.

    Args:
        data: Descriptor of the file.
        path: For messages.

    Returns:
        Its events, with a line break between them.

    Raises:
        StoreDamaged: It is not what its header or its place says.
    """
    raw = _read(data, place.size, place.offset)
    if len(raw) == place.size:
        magic, checksum, _, events, first = _HEADER.unpack_from(raw)
        sound = magic == _MAGIC and zlib.crc32(memoryview(raw)[8:]) == checksum
        if sound and (first, events) == (place.first, place.events):
            try:
                return decompressor.decompress(memoryview(raw)[_HEADER.size :])
            except zstandard.ZstdError as error:
                raise StoreDamaged(f"events cannot be read: {error}", where=str(path)) from error
    raise StoreDamaged(f"the events at byte {place.offset} cannot be read", where=str(path))


def dictionary_of(data: int, place: BlockPlace | None) -> int:
    """The number of the dictionary that a sound block needs; 0 when it needs none."""
    raw = b"" if place is None else _read(data, place.size, place.offset)
    if len(raw) <= _HEADER.size or zlib.crc32(raw[8:]) != _HEADER.unpack_from(raw)[1]:
        return 0
    return zstandard.get_frame_parameters(raw[_HEADER.size :]).dict_id


def line_of(block: bytes, number: int) -> bytes:
    """One of a block's events; taking all of them apart would cost as much as decompressing them."""
    begin = 0
    for _ in range(number):
        begin = block.index(b"\n", begin) + 1
    end = block.find(b"\n", begin)
    return block[begin:] if end < 0 else block[begin:end]


def has_block_after(data: int, offset: int) -> bool:
    """True when a whole block lies somewhere behind the unreadable bytes at `offset`, or may lie there."""
    end, at = os.fstat(data).st_size, offset + 1
    while at < end:
        window = _read(data, _WINDOW_BYTES, at)
        if not window:
            return True  # nobody can look
        found = window.find(_MAGIC)
        while found >= 0:
            if _is_block(data, at + found, end):
                return True
            found = window.find(_MAGIC, found + 1)
        at += max(1, len(window) - len(_MAGIC) + 1)
    return False


def _is_block(data: int, offset: int, end: int) -> bool:
    head = _read(data, _HEADER.size, offset)
    if len(head) < _HEADER.size:
        return False
    _, checksum, length, _, _ = _HEADER.unpack(head)
    if offset + _HEADER.size + length > end:
        return False
    frame = _read(data, length, offset + _HEADER.size)
    return bool(len(frame) == length and zlib.crc32(frame, zlib.crc32(head[8:])) == checksum)


def _read(data: int, size: int, offset: int) -> bytes:
    """Bytes of a file; none where the disk cannot give them back."""
    try:
        return os.pread(data, size, offset)
    except OSError as error:
        if error.errno in UNREADABLE:
            return b""
        raise


class Directory:
    """The blocks of one file, as far as they are known; grows with the file.

    Attributes:
        events: How many they hold.
        size: Their bytes.
        noted: Events that `documents.idx` knew, unless the file is shorter than it knew.
    """

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._offsets = array("Q")
        self.events = 0
        self.size = 0
        self.noted = 0

    def __len__(self) -> int:
        return len(self._firsts)

    def add(self, events: int, size: int) -> None:
        """Takes in the next block."""
        self._firsts.append(self.events)
        self._offsets.append(self.size)
        self.events += events
        self.size += size

    def last(self) -> BlockPlace | None:
        """The last block; None where there is none."""
        return self._place(len(self) - 1) if len(self) else None

    def find(self, numbers: Iterable[int]) -> list[BlockPlace | None]:
        """The blocks that hold events, by their numbers; None where no known one does."""
        known: dict[int, BlockPlace] = {}
        found: list[BlockPlace | None] = []
        for number in numbers:
            if not 0 <= number < self.events:
                found.append(None)
                continue
            index = bisect_right(self._firsts, number) - 1
            found.append(known.get(index) or known.setdefault(index, self._place(index)))
        return found

    def places_from(self, number: int) -> Iterator[BlockPlace]:
        """All blocks from the one that holds event `number` to the end."""
        for index in range(max(0, bisect_right(self._firsts, number) - 1), len(self)):
            place = self._place(index)
            if place.first + place.events > number:
                yield place

    def keep(self, offset: int) -> None:
        """Forgets the blocks from the one at `offset` on."""
        index = next((i for i, o in enumerate(self._offsets) if o >= offset), len(self))
        if index < len(self):
            self.events, self.size = self._firsts[index], self._offsets[index]
            del self._firsts[index:], self._offsets[index:]

    def load(self, entries: bytes, data: int) -> None:
        """Takes in what `documents.idx` says, when it is in step with the data."""
        for events, size in ENTRY.iter_unpack(entries[: len(entries) // ENTRY.size * ENTRY.size]):
            self.add(events, size)
        if self.size <= os.fstat(data).st_size:
            self.noted = self.events
        if not self.agrees(data):
            self.keep(0)

    def extend(self, data: int) -> None:
        """Takes in the blocks that follow in the file, up to the first that is not whole."""
        end = os.fstat(data).st_size
        while self.size + _HEADER.size <= end:
            head = _read(data, _HEADER.size, self.size)
            if len(head) < _HEADER.size:
                return
            magic, _, length, events, first = _HEADER.unpack(head)
            size = _HEADER.size + length
            if magic != _MAGIC or first != self.events or not events or self.size + size > end:
                return
            self.add(events, size)

    def entries(self) -> bytes:
        """All blocks as `documents.idx` has them."""
        return pack_entries((place.events, place.size) for place in self.places_from(0))

    def _place(self, index: int) -> BlockPlace:
        offset, first = self._offsets[index], self._firsts[index]
        if index + 1 == len(self):
            return BlockPlace(offset, self.size - offset, first, self.events - first)
        end, next_first = self._offsets[index + 1], self._firsts[index + 1]
        return BlockPlace(offset, end - offset, first, next_first - first)

    def agrees(self, data: int) -> bool:
        """True when the last block still lies where it is known to; else the file's end was cut off since."""
        last = self.last()
        if last is None:
            return True
        head = _read(data, _HEADER.size, last.offset)
        if len(head) < _HEADER.size or os.fstat(data).st_size < self.size:
            return False
        magic, _, length, events, first = _HEADER.unpack(head)
        found = (magic, first, events, _HEADER.size + length)
        return found == (_MAGIC, last.first, last.events, last.size)


def pack_entries(blocks: Iterable[tuple[int, int]]) -> bytes:
    """Blocks, each as its events and its bytes, as `documents.idx` has them."""
    return b"".join(ENTRY.pack(events, size) for events, size in blocks)
