"""How are a day's events kept on disk, and read back by their number?

`documents.zst` holds blocks of up to `BLOCK_EVENTS` events: a header, then one zstd frame with one
event per line as JSON. Events are numbered from 0 in the order of arrival; a header names its first
one, so the file alone tells everything. `documents.idx` repeats how many events and bytes each block
has, so that nobody need walk all headers; it is a convenience that may lag behind or be missing.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from logboom.errors import DiskFull, StoreDamaged

BLOCK_EVENTS = 128
DATA_NAME = "documents.zst"
DIRECTORY_NAME = "documents.idx"

_LEVEL = 3
_MAGIC = b"LBD1"
_HEADER = struct.Struct(
    "<4sIIIQ"
)  # magic, checksum, bytes of the frame, events, number of the first
_ENTRY = struct.Struct("<II")  # events, bytes of header and frame
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class BlockPlace:
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


class Directory:
    """The blocks of one file, as far as they are known; grows with the file."""

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._offsets = array("Q")
        self.events = 0
        self.size = 0

    def __len__(self) -> int:
        return len(self._firsts)

    def add(self, events: int, size: int) -> None:
        """Takes in the next block."""
        self._firsts.append(self.events)
        self._offsets.append(self.size)
        self.events += events
        self.size += size

    def find(self, number: int) -> BlockPlace:
        """The block that holds an event.

        Raises:
            KeyError: No known block holds it.
        """
        index = bisect_right(self._firsts, number) - 1
        if number >= self.events or index < 0:
            raise KeyError(number)
        return self._place(index)

    def places_from(self, number: int) -> Iterator[BlockPlace]:
        """All blocks from the one that holds event `number`, or would, to the end."""
        for index in range(max(0, bisect_right(self._firsts, number) - 1), len(self)):
            place = self._place(index)
            if place.first + place.events > number:
                yield place

    def keep(self, offset: int) -> None:
        """Forgets the blocks from the one at `offset` on."""
        index = bisect_right(self._offsets, offset - 1)
        if index < len(self):
            self.events, self.size = self._firsts[index], self._offsets[index]
            del self._firsts[index:], self._offsets[index:]

    def _place(self, index: int) -> BlockPlace:
        last = index + 1 == len(self)
        end, next_first = (
            (self.size, self.events)
            if last
            else (self._offsets[index + 1], self._firsts[index + 1])
        )
        offset, first = self._offsets[index], self._firsts[index]
        return BlockPlace(offset, end - offset, first, next_first - first)

    def load(self, data: int, folder: Path) -> None:
        """Takes in what `documents.idx` says, when it is in step with the data, for a start."""
        try:
            raw = (folder / DIRECTORY_NAME).read_bytes()
        except FileNotFoundError:
            return
        for events, size in _ENTRY.iter_unpack(raw[: len(raw) // _ENTRY.size * _ENTRY.size]):
            self.add(events, size)
        if len(self) and not self._agrees(data):
            self.keep(0)

    def extend(self, data: int) -> None:
        """Takes in the blocks that follow in the file, up to the first that is not whole."""
        end = os.fstat(data).st_size
        while self.size + _HEADER.size <= end:
            magic, _, length, events, first = _HEADER.unpack(
                os.pread(data, _HEADER.size, self.size)
            )
            size = _HEADER.size + length
            if magic != _MAGIC or first != self.events or not events or self.size + size > end:
                return
            self.add(events, size)

    def _agrees(self, data: int) -> bool:
        last = self._place(len(self) - 1)
        head = os.pread(data, _HEADER.size, last.offset)
        if len(head) < _HEADER.size or os.fstat(data).st_size < self.size:
            return False
        magic, _, length, events, first = _HEADER.unpack(head)
        found = (magic, first, events, _HEADER.size + length)
        return found == (_MAGIC, last.first, last.events, last.size)


def read_block(data: int, place: BlockPlace, path: Path) -> list[bytes]:
    """Reads and checks one block.

    Args:
        data: Descriptor of the file.
        path: For messages.

    Returns:
        Its events, each as UTF-8 JSON.

    Raises:
        StoreDamaged: It is not what its header or its place says.
    """
    raw = os.pread(data, place.size, place.offset)
    if len(raw) == place.size:
        magic, checksum, _, _, first = _HEADER.unpack_from(raw)
        if magic == _MAGIC and first == place.first and zlib.crc32(raw[8:]) == checksum:
            frame = memoryview(raw)[_HEADER.size :]
            events = zstandard.ZstdDecompressor().decompress(frame).split(b"\n")
            if len(events) == place.events:
                return events
    raise StoreDamaged(f"the events at byte {place.offset} cannot be read", where=str(path))


class DocumentWriter:
    """Appends events to a day's documents. One per day at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the files; `cut_unfinished` is to be called before anything else.

        Raises:
            DiskFull: No room for the files.
        """
        self.path = folder / DATA_NAME
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        try:
            self._data = _open(self.path)
            self._index = _open(folder / DIRECTORY_NAME)
        except OSError as error:
            raise for_room(error, folder) from error
        self._directory = Directory()
        self._directory.load(self._data, folder)
        self._directory.extend(self._data)

    @property
    def count(self) -> int:
        """Events held: the number of the next one."""
        return self._directory.events

    def cut_unfinished(self, trusted: int) -> None:
        """Cuts off what a crash has left unfinished.

        Args:
            trusted: The events before this number are known to be durable; later blocks are checked.

        Raises:
            StoreDamaged: A whole block lies behind one that cannot be read, or trusted events are
                missing: this is no torn end.
            DiskFull: No room for the directory.
        """
        for place in self._directory.places_from(trusted):
            try:
                read_block(self._data, place, self.path)
            except StoreDamaged:
                self._directory.keep(place.offset)
                break
        if self._directory.events < trusted or _has_block_after(self._data, self._directory.size):
            raise StoreDamaged("events in the middle cannot be read", where=str(self.path))
        os.ftruncate(self._data, self._directory.size)
        self._write_directory()

    def append(self, events: Sequence[bytes]) -> None:
        """Writes events; they are durable after `sync`.

        Args:
            events: Each as JSON without a line break.

        Raises:
            DiskFull: None of them was written.
        """
        data = bytearray()
        sizes: list[tuple[int, int]] = []
        for start in range(0, len(events), BLOCK_EVENTS):
            block = events[start : start + BLOCK_EVENTS]
            packed = self._pack(self.count + start, block)
            sizes.append((len(block), len(packed)))
            data += packed
        self._write(data)
        for count, size in sizes:
            self._directory.add(count, size)
        self._note(b"".join(_ENTRY.pack(*entry) for entry in sizes))

    def sync(self) -> None:
        """Makes everything appended durable.

        Raises:
            DiskFull: The file system found no room after all.
        """
        try:
            os.fdatasync(self._data)
        except OSError as error:
            raise for_room(error, self.path) from error

    def read_from(self, number: int) -> Iterator[tuple[int, bytes]]:
        """The events from `number` on, each with its number."""
        for place in self._directory.places_from(number):
            for at, event in enumerate(read_block(self._data, place, self.path), place.first):
                if at >= number:
                    yield at, event

    def close(self) -> None:
        """Closes the files. Idempotent."""
        for descriptor in {self._data, self._index} - {-1}:
            os.close(descriptor)
        self._data = self._index = -1

    def _pack(self, first: int, events: Sequence[bytes]) -> bytes:
        frame = self._compressor.compress(b"\n".join(events))
        tail = _HEADER.pack(_MAGIC, 0, len(frame), len(events), first)[8:]
        checksum = zlib.crc32(frame, zlib.crc32(tail))
        return _MAGIC + checksum.to_bytes(4, "little") + tail + frame

    def _write(self, data: bytes | bytearray) -> None:
        size = self._directory.size
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._data, memoryview(data)[written:], size + written)
        except OSError as error:
            os.ftruncate(self._data, size)
            raise for_room(error, self.path) from error

    def _note(self, entries: bytes) -> None:
        """Adds to the directory file; without room it stays behind until it is next opened."""
        if self._index_behind:
            return
        try:
            self._index_behind = os.write(self._index, entries) < len(entries)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._index_behind = True

    def _write_directory(self) -> None:
        self._index_behind = False
        os.ftruncate(self._index, 0)
        os.lseek(self._index, 0, os.SEEK_SET)
        places = self._directory.places_from(0)
        self._note(b"".join(_ENTRY.pack(place.events, place.size) for place in places))


class DocumentReader:
    """Reads a day's events while another process may append to them. For many threads."""

    def __init__(self, folder: Path) -> None:
        """Opens the documents.

        Raises:
            FileNotFoundError: There are none (any more).
        """
        self._path = folder / DATA_NAME
        self._data = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        self._directory = Directory()
        self._directory.load(self._data, folder)
        self._growing = threading.Lock()

    def count(self) -> int:
        """Events that the file holds now, committed or not."""
        with self._growing:
            self._directory.extend(self._data)
            return self._directory.events

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """Events by their numbers, in the order of the numbers.

        Raises:
            StoreDamaged: One of them cannot be read.
        """
        blocks: dict[int, list[bytes]] = {}
        found: list[bytes] = []
        for number in numbers:
            place = self._find(number)
            events = blocks.get(place.offset)
            if events is None:
                events = blocks[place.offset] = read_block(self._data, place, self._path)
            found.append(events[number - place.first])
        return found

    def close(self) -> None:
        """Closes the file. Idempotent."""
        if self._data >= 0:
            os.close(self._data)
            self._data = -1

    def _find(self, number: int) -> BlockPlace:
        with self._growing:
            if number >= self._directory.events:
                self._directory.extend(self._data)
            try:
                return self._directory.find(number)
            except KeyError:
                raise StoreDamaged(f"event {number} is missing", where=str(self._path)) from None


def for_room(error: OSError, where: Path) -> OSError | DiskFull:
    """The failure to raise for an error of the file system: `DiskFull` when there is no room."""
    if error.errno not in _NO_ROOM:
        return error
    return DiskFull(
        "no room left for events", where=str(where), mend="free some space; ingest goes on then"
    )


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)


def _has_block_after(data: int, offset: int) -> bool:
    """True when a whole block follows somewhere behind the unreadable bytes at `offset`."""
    rest = os.pread(data, max(0, os.fstat(data).st_size - offset), offset)
    at = rest.find(_MAGIC, 1)
    while at >= 0 and at + _HEADER.size <= len(rest):
        _, checksum, length, _, _ = _HEADER.unpack_from(rest, at)
        end = at + _HEADER.size + length
        if end <= len(rest) and zlib.crc32(rest[at + 8 : end]) == checksum:
            return True
        at = rest.find(_MAGIC, at + 1)
    return False
