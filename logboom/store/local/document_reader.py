"""How are a day's events read by their number, while another process may append to them?

What was not synced yet may be cut off again, and other events written in its place: the places of
blocks are known only as long as the last of them is where it was.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import zstandard

from logboom.errors import StoreDamaged
from logboom.store.local import dictionary
from logboom.store.local.blocks import BlockPlace, Directory, line_of, read_block
from logboom.store.local.documents import DATA_NAME, directory_entries, unusable

_MOST_DAMAGED_TOLD = 20


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
        self._directory = self._found()

    def count(self) -> int:
        """Events that the file holds now, committed or not."""
        with self._growing:
            self._grow()
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
        known = self._directory
        spoilt: set[str] = set()
        answers = self._read(numbers, spoilt)
        if any(isinstance(one, StoreDamaged) for one in answers) and self._is_outdated(known):
            spoilt.clear()
            answers = self._read(numbers, spoilt)
        self._damaged |= set(sorted(spoilt)[: _MOST_DAMAGED_TOLD - len(self._damaged)])
        return answers

    def _read(self, numbers: Sequence[int], spoilt: set[str]) -> list[bytes | StoreDamaged]:
        """Events by their numbers; adds what is not as it was written to `spoilt`, a sentence each."""
        places = self._places(numbers)
        try:
            decompressor = dictionary.decompressor(self._trained())
        except (zstandard.ZstdError, StoreDamaged) as error:
            damaged = unusable(self._path, error)
            spoilt.add(str(damaged))
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
                spoilt |= {str(block)} if isinstance(block, StoreDamaged) else set()
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
                self._grow()
            return self._directory.find(numbers)

    def _is_outdated(self, known: Directory) -> bool:
        """Whether the places are others than those that were known."""
        with self._growing:
            self._grow()
            return self._directory is not known

    def _grow(self) -> None:
        """Takes in what was appended. Where the end that was known was cut off since, all places are found anew."""
        if not self._directory.agrees(self._data):
            self._directory = self._found()
        self._directory.extend(self._data)

    def _found(self) -> Directory:
        """What `documents.idx` says; of a day that was dropped, nothing: the blocks say the same."""
        directory = Directory()
        with suppress(FileNotFoundError):
            directory.load(directory_entries(self._folder) or b"", self._data)
        return directory

    def _trained(self) -> zstandard.ZstdCompressionDict | None:
        """The dictionary; it is there before the first block that needs it."""
        if self._dictionary is None:
            self._dictionary = dictionary.load(self._folder)
        return self._dictionary


def _number(found: tuple[int, object]) -> int:
    return found[0]
