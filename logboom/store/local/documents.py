"""How are a day's events written to disk?"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import zstandard

from logboom.errors import DiskFull, StoreDamaged, StoreUnavailable, is_for_room
from logboom.store.local import dictionary
from logboom.store.local.blocks import (
    UNREADABLE,
    BlockPlace,
    Directory,
    dictionary_of,
    divided,
    has_block_after,
    pack,
    pack_entries,
    read_block,
)

DATA_NAME = "documents.zst"
DIRECTORY_NAME = "documents.idx"


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
        self._syncing = threading.Lock()
        self._kept_bytes = 0
        self._sync_failure: OSError | None = None
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
        self._opened = os.fstat(self._data)
        entries = directory_entries(self._folder)
        self._directory.load(entries or b"", self._data)
        self._directory.extend(self._data)
        if (
            entries is None
        ):  # nobody knows what it noted: nothing is cut off that may have been whole
            self._directory.noted = self._directory.events
        try:
            self._learn(dictionary.load(self._folder))
        except zstandard.ZstdError as error:
            raise unusable(self.path, error) from error

    @property
    def count(self) -> int:
        """Events held: the number of the next one."""
        return self._directory.events

    @property
    def is_empty(self) -> bool:
        """True when nothing was ever written, readable or not."""
        return os.fstat(self._data).st_size == 0

    def is_current(self) -> bool:
        """False when the file was removed, cut, or another one has its name: nobody finds what is written to it.

        Raises:
            OSError: The file system refuses to look.
        """
        size = self._directory.size
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return os.path.samestat(found, self._opened) and found.st_size >= size

    @property
    def noted(self) -> int:
        """Events that were whole once, though one of them may be unreadable now."""
        return self._directory.noted

    def cut_unfinished(self, trusted: int) -> None:
        """Cuts off what a crash has left unfinished, or a failed `sync` in doubt; all that is left is durable.

        Args:
            trusted: The events before this number are known to be durable; later blocks are checked, and
                written once more.

        Raises:
            StoreDamaged: A whole block lies behind one that cannot be read, or trusted events are
                missing: this is no torn end. Or the dictionary of the events is lost.
            DiskFull: The file system finds no room for what is there.
            OSError: The file system refuses.
        """
        self._forget_doubtful()
        needed = dictionary_of(self._data, self._directory.last())
        if needed and (self._dictionary is None or self._dictionary.dict_id() != needed):
            raise unusable(self.path, "it is lost, or another one")
        for place in self._directory.places_from(trusted):
            try:
                self._lines(place)
            except StoreDamaged:
                self._directory.keep(place.offset)
                break
        if self._directory.events < trusted or has_block_after(self._data, self._directory.size):
            what = "its events are lost" if self.is_empty else "events in the middle cannot be read"
            raise StoreDamaged(what, where=str(self.path))
        os.ftruncate(self._data, self._directory.size)
        os.ftruncate(self._index, 0)
        self._note(self._directory.entries())
        self._kept_bytes = self._directory.size
        self._write_again(trusted)

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
        """Makes everything appended durable. For many threads.

        A failure is told by the file system once; from then on it takes what never reached the disk for
        written. So after one all fail, until `close` or `cut_unfinished` has cut off what is in doubt.

        Raises:
            DiskFull: The file system found no room after all.
            StoreUnavailable: It is in a file that nobody finds any more.
            OSError: The disk fails.
        """
        with self._syncing:
            size = self._directory.size
            try:
                if self._sync_failure is not None:
                    raise self._sync_failure
                os.fdatasync(self._data)
            except OSError as error:
                self._sync_failure = error
                raise for_room(error, self.path) from error
            self._kept_bytes = size
        if not self.is_current():
            raise StoreUnavailable(
                "the file was removed, cut or replaced while it was written to",
                where=str(self.path), mend="it is opened anew by itself",
            )  # fmt: skip

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
        """Closes the files. Idempotent.

        What is in doubt is cut off: nobody was told that it is stored. Where even that fails,
        `cut_unfinished` of the next one writes it once more.
        """
        if self._sync_failure is not None and self._data >= 0:
            with suppress(OSError):
                os.ftruncate(self._data, self._kept_bytes)
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

    def restore_dictionary(self) -> None:
        """Writes the dictionary anew; whoever appends has it in memory.

        Raises:
            OSError: It cannot be written.
        """
        if self._dictionary is not None:
            dictionary.save(self._folder, self._dictionary)

    def _learn(self, trained: zstandard.ZstdCompressionDict | None) -> None:
        self._dictionary = trained
        self._compressor = dictionary.compressor(trained)
        self._decompressor = dictionary.decompressor(trained)

    def _write(self, data: bytes | bytearray) -> None:
        size = self._directory.size
        try:
            self._put(data, size)
        except OSError as error:
            os.ftruncate(self._data, size)
            raise for_room(error, self.path) from error

    def _put(self, data: bytes | bytearray, offset: int) -> None:
        written = 0
        while written < len(data):
            written += os.pwrite(self._data, memoryview(data)[written:], offset + written)

    def _forget_doubtful(self) -> None:
        if self._sync_failure is not None:
            os.ftruncate(self._data, self._kept_bytes)
            self._directory.keep(self._kept_bytes)
            self._sync_failure = None

    def _write_again(self, trusted: int) -> None:
        """Makes sure that blocks are on the disk, and not in memory only.

        Whoever wrote them may have ended after a failed `sync`; the file system tells no one else of it.
        """
        try:
            for place in self._directory.places_from(trusted):
                self._put(os.pread(self._data, place.size, place.offset), place.offset)
        except OSError as error:
            raise for_room(error, self.path) from error
        if trusted < self.count:
            self.sync()

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


def for_room(error: OSError, where: Path) -> OSError | DiskFull:
    """The failure to raise for an error of the file system: `DiskFull` when there is no room."""
    if not is_for_room(error):
        return error
    return DiskFull(
        "no room left for events", where=str(where), mend="free some space; ingest goes on then"
    )


def directory_entries(folder: Path) -> bytes | None:
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


def unusable(path: Path, reason: object) -> StoreDamaged:
    """The failure to raise where a day's dictionary cannot be used."""
    return StoreDamaged(f"events cannot be read: their dictionary: {reason}", where=str(path))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
