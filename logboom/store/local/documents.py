"""How are a day's events written to disk, and read back by their number?"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import zstandard

from logboom.errors import DiskFull, StoreDamaged, is_for_room
from logboom.store.local import dictionary
from logboom.store.local.blocks import (
    UNREADABLE,
    BlockPlace,
    Directory,
    dictionary_of,
    divided,
    has_block_after,
    line_of,
    pack,
    pack_entries,
    read_block,
)

DATA_NAME = "documents.zst"
DIRECTORY_NAME = "documents.idx"

_MOST_DAMAGED_TOLD = 20


class DocumentWriter:
    """Appends events to a day's documents. One per day at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the files; `cut_unfinished` is to be called before anything else.

        Raises:
            DiskFull: No room for the files.
            StoreDamaged: The dictionary of the events cannot be used.
            OSError: The file system refuses a file.
        """
        self.path = folder / DATA_NAME
        self._folder = folder
        self._data = self._index = -1
        self._index_is_behind = False
        self._directory = Directory()
        self._trainer = dictionary.Trainer()
        try:
            self._open_files()
        except BaseException:
            self.close()
            raise

    def _open_files(self) -> None:
        try:
            self._data = _open(self.path)
            self._index = _open(self._folder / DIRECTORY_NAME)
        except OSError as error:
            raise for_room(error, self._folder) from error
        entries = _entries(self._folder)
        self._directory.load(entries or b"", self._data)
        self._directory.extend(self._data)
        if (
            entries is None
        ):  # nobody knows what it noted: nothing is cut off that may have been whole
            self._directory.noted = self._directory.events
        try:
            self._learn(dictionary.load(self._folder))
        except zstandard.ZstdError as error:
            raise _unusable(self.path, error) from error

    @property
    def count(self) -> int:
        """Events held: the number of the next one."""
        return self._directory.events

    @property
    def is_empty(self) -> bool:
        """True when nothing was ever written, readable or not."""
        return os.fstat(self._data).st_size == 0

    @property
    def noted(self) -> int:
        """Events that were whole once, though one of them may be unreadable now."""
        return self._directory.noted

    def cut_unfinished(self, trusted: int) -> None:
        """Cuts off what a crash has left unfinished.

        Args:
            trusted: The events before this number are known to be durable; later blocks are checked.

        Raises:
            StoreDamaged: A whole block lies behind one that cannot be read, or trusted events are
                missing: this is no torn end. Or the dictionary of the events is lost.
        """
        needed = dictionary_of(self._data, self._directory.last())
        if needed and (self._dictionary is None or self._dictionary.dict_id() != needed):
            raise _unusable(self.path, "it is lost, or another one")
        for place in self._directory.places_from(trusted):
            try:
                self._lines(place)
            except StoreDamaged:
                self._directory.keep(place.offset)
                break
        if self._directory.events < trusted or has_block_after(self._data, self._directory.size):
            raise StoreDamaged("events in the middle cannot be read", where=str(self.path))
        os.ftruncate(self._data, self._directory.size)
        os.ftruncate(self._index, 0)
        self._note(self._directory.entries())

    def append(self, lines: Sequence[bytes]) -> None:
        """Writes events; they are durable after `sync`.

        Args:
            lines: Each an event as JSON without a line break.

        Raises:
            DiskFull: None of them was written.
        """
        data = bytearray()
        sizes: list[tuple[int, int]] = []
        first = self.count
        for block in divided(lines):
            packed = pack(self._compressor, first, block)
            data += packed
            sizes.append((len(block), len(packed)))
            first += len(block)
        self._write(data)
        for entry in sizes:
            self._directory.add(*entry)
        self._note(pack_entries(sizes))
        if self._dictionary is None:
            self._train(lines)

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
        """The events from `number` on, each with its number.

        Raises:
            StoreDamaged: One of them cannot be read.
        """
        for place in self._directory.places_from(number):
            for at, line in enumerate(self._lines(place), place.first):
                if at >= number:
                    yield at, line

    def close(self) -> None:
        """Closes the files. Idempotent."""
        for descriptor in {self._data, self._index} - {-1}:
            os.close(descriptor)
        self._data = self._index = -1

    def _lines(self, place: BlockPlace) -> list[bytes]:
        return read_block(self._data, place, self._decompressor, self.path).split(b"\n")

    def _train(self, lines: Sequence[bytes]) -> None:
        trained = self._trainer.add(lines)
        if trained is None:
            return
        try:
            dictionary.save(self._folder, trained)
        except OSError as error:
            if is_for_room(error):
                return  # it goes without; the next write will find out about the room
            raise
        self._learn(trained)

    def _learn(self, trained: zstandard.ZstdCompressionDict | None) -> None:
        self._dictionary = trained
        self._compressor = dictionary.compressor(trained)
        self._decompressor = dictionary.decompressor(trained)

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
        """Adds to the directory file; without room, or where its disk fails, it stays behind until it is next opened."""
        if self._index_is_behind:
            return
        try:
            end = os.fstat(self._index).st_size
            self._index_is_behind = os.pwrite(self._index, entries, end) < len(entries)
        except OSError as error:
            if not is_for_room(error) and error.errno not in UNREADABLE:
                raise
            self._index_is_behind = True


class DocumentReader:
    """Reads a day's events while another process may append to them. For many threads.

    The file is closed when nobody holds the reader any more: a search that still reads a day that
    has been dropped comes to its end.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the documents.

        Raises:
            FileNotFoundError: There are none (any more).
        """
        self._path = folder / DATA_NAME
        self._folder = folder
        self._data = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._data)
        self._growing = threading.Lock()
        self._damaged: set[str] = set()
        try:
            self._dictionary = dictionary.load(folder)  # before the day can be dropped
        except StoreDamaged:
            self._dictionary = None  # each read asks for it again, and tells
        self._directory = Directory()
        try:
            self._directory.load(_entries(folder) or b"", self._data)
        except FileNotFoundError:
            self._directory.extend(self._data)

    def count(self) -> int:
        """Events that the file holds now, committed or not."""
        with self._growing:
            self._directory.extend(self._data)
            return self._directory.events

    def is_current(self) -> bool:
        """False when another file has this one's name: the day was dropped, or set aside, and came again.

        Raises:
            FileNotFoundError: It has not come again.
        """
        return os.path.samestat(os.fstat(self._data), self._path.stat())

    def troubles(self) -> Sequence[str]:
        """What could not be read so far, a sentence each."""
        return sorted(self._damaged)

    def read(self, numbers: Sequence[int]) -> list[bytes | StoreDamaged]:
        """Events by their numbers, in the order of the numbers; each block is read once.

        Returns:
            Each event as JSON, or why it cannot be read.
        """
        places = self._places(numbers)
        try:
            decompressor = dictionary.decompressor(self._trained())
        except (zstandard.ZstdError, StoreDamaged) as error:
            damaged = _unusable(self._path, error)
            self._damaged.add(str(damaged))
            return [damaged for _ in numbers]
        lines: dict[int, bytes | StoreDamaged] = {}
        last: BlockPlace | None = None
        block: bytes | StoreDamaged = b""
        for number, place in sorted(zip(numbers, places, strict=True), key=_number):
            if place is None:
                missing = StoreDamaged(f"event {number} is missing", where=str(self._path))
                lines[number] = missing
                continue
            if place is not last:  # one block at a time is in memory
                last, block = place, self._block(place, decompressor)
            lines[number] = (
                block if isinstance(block, StoreDamaged) else self._line(block, place, number)
            )
        return [lines[number] for number in numbers]

    def _block(
        self, place: BlockPlace, decompressor: zstandard.ZstdDecompressor
    ) -> bytes | StoreDamaged:
        try:
            return read_block(self._data, place, decompressor, self._path)
        except StoreDamaged as error:
            if len(self._damaged) < _MOST_DAMAGED_TOLD:
                self._damaged.add(str(error))
            return error

    def _line(self, block: bytes, place: BlockPlace, number: int) -> bytes | StoreDamaged:
        try:
            return line_of(block, number - place.first)
        except ValueError:
            return StoreDamaged(f"event {number} is missing", where=str(self._path))

    def _places(self, numbers: Sequence[int]) -> list[BlockPlace | None]:
        """Where events lie; None for those that are not there."""
        with self._growing:
            if max(numbers, default=-1) >= self._directory.events:
                self._directory.extend(self._data)
            return self._directory.find(numbers)

    def _trained(self) -> zstandard.ZstdCompressionDict | None:
        """The dictionary; it is there before the first block that needs it."""
        if self._dictionary is None:
            self._dictionary = dictionary.load(self._folder)
        return self._dictionary


def for_room(error: OSError, where: Path) -> OSError | DiskFull:
    """The failure to raise for an error of the file system: `DiskFull` when there is no room."""
    if not is_for_room(error):
        return error
    return DiskFull(
        "no room left for events", where=str(where), mend="free some space; ingest goes on then"
    )


def _entries(folder: Path) -> bytes | None:
    """What `documents.idx` says; None where the disk cannot give it back: the blocks say the same.

    Raises:
        OSError: The file system refuses, for another reason.
    """
    try:
        return (folder / DIRECTORY_NAME).read_bytes()
    except OSError as error:
        if error.errno not in UNREADABLE:
            raise
        return None


def _unusable(path: Path, reason: object) -> StoreDamaged:
    return StoreDamaged(f"events cannot be read: their dictionary: {reason}", where=str(path))


def _number(found: tuple[int, object]) -> int:
    return found[0]


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
