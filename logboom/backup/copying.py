"""How is a data folder copied while services write to it, so that the copy is one they can start from?

The rooms are copied in the order in which events pass through them: what the shipper knows, the
broker, the dead letters, the state, the store. So the copy of each room is at least as new as that of the room
before it, and what is in it twice is recognised by its id, as after a crash. Databases are copied by
SQLite itself. Of a day, the index is copied first, then the events, then their dictionary: so the
events are at least those that the index holds, and every block finds its dictionary. The index of a
day that is being written to is left out: it is made anew from the events.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from logboom.archive.digest import Digest
from logboom.backup.manifest import DayCopy, FileCopy
from logboom.backup.pieces import PIECE_BYTES, Pieces
from logboom.errors import DiskFull, LogboomError, StoreDamaged, StoreUnavailable
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DATA_NAME, DIRECTORY_NAME
from logboom.store.local.folders import DayFolder, StoreFolder

_ROOMS = ("shipper", "broker", "dead", "state")
_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", ".users", ".lock", ".new", ".kept")
_QUIET_NS = 600 * 10**9
_TRIES = 5
_AT_ONCE = 1024
_BUSY_S = 30.0


class Copier:
    """Copies one data folder into pieces.

    Args:
        data: The data folder.
        pieces: Where contents are kept.
        work: A folder for copies of databases, on the disk of the backups.
        before: The files of the backup before, by their paths.
        days_before: Its days, by their names.
        now_ns: Now, ns since the epoch.
    """

    def __init__(
        self, data: Path, pieces: Pieces, work: Path, before: Mapping[str, FileCopy],
        days_before: Mapping[str, DayCopy], now_ns: int,
    ) -> None:  # fmt: skip
        self._data = data
        self._pieces = pieces
        self._work = work
        self._before = before
        self._days_before = days_before
        self._now_ns = now_ns

    def rooms(self) -> Iterator[FileCopy]:
        """Everything but the store and the archives, in its order."""
        for room in _ROOMS:
            yield from self._folder(self._data / room)
        for path in sorted(self._data.glob("*.json")):
            yield from self._file(path)

    def archives(self) -> Iterator[FileCopy]:
        """The archives in the data folder; after the store, which a day leaves for them."""
        yield from self._folder(self._data / "archives")

    def store(self, folder: StoreFolder) -> Iterator[tuple[DayCopy | None, list[FileCopy]]]:
        """The days with their files; then, without a day, the store's other files."""
        days = folder.days()
        for day in days:
            copied = self._day(day)
            if copied is not None:
                yield copied
        own = {day.path for day in days}
        for path in sorted(folder.path.glob("*")):
            if path.is_file():
                yield None, list(self._file(path))
            elif path not in own and not _is_aside(path):
                yield None, list(self._folder(path))

    def _folder(self, folder: Path) -> Iterator[FileCopy]:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield from self._file(path)

    def _file(self, path: Path) -> Iterator[FileCopy]:
        """A file; nothing for one that is gone meanwhile, or that belongs to a database."""
        if path.name.endswith(_BESIDE):
            return
        try:
            with path.open("rb") as file:
                is_database = file.read(len(_SQLITE)) == _SQLITE
            yield self._database(path) if is_database else self._plain(path)
        except FileNotFoundError:
            return

    def _database(self, path: Path) -> FileCopy:
        """A database at one moment, copied by SQLite while others write to it."""
        self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._work / "database"
        target.unlink(missing_ok=True)
        uri = f"{path.as_uri()}?mode=ro"
        try:
            with (
                closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
        except sqlite3.DatabaseError as error:
            raise _trouble(error, path, target) from error
        copied = self._plain(target)
        target.unlink()
        return FileCopy(self._name(path), copied.size, copied.pieces)

    def _plain(self, path: Path, most: int | None = None) -> FileCopy:
        """A file as it is; of one that only grew, the pieces before its end are known."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            size = status.st_size if most is None else min(most, status.st_size)
            name = self._name(path)
            known = self._before.get(name)
            pieces: list[str] = []
            if known is not None and not self._pieces.has(known.pieces):
                known = None  # some of its pieces were spoilt: all of it is read again
            if known is not None and known.inode == status.st_ino and known.size <= size:
                if (known.size, known.changed_ns) == (size, status.st_mtime_ns):
                    return known
                if path.name == DATA_NAME:
                    pieces = list(known.pieces[: max(0, known.size // PIECE_BYTES - 1)])
            at = len(pieces) * PIECE_BYTES
            file.seek(at)
            while at < size and (content := file.read(min(PIECE_BYTES, size - at))):
                pieces.append(self._pieces.keep(content))
                at += len(content)
        return FileCopy(name, at, tuple(pieces), status.st_ino, status.st_mtime_ns)

    def _day(self, day: DayFolder) -> tuple[DayCopy, list[FileCopy]] | None:
        """A day; None when it is dropped meanwhile."""
        try:
            told = self._digest(day, DocumentReader(day.path))
            for _ in range(_TRIES):
                try:
                    return told, [*self._index(day), *self._documents(day)]
                except FileNotFoundError:
                    continue  # the index has changed meanwhile
            return told, self._documents(day)
        except FileNotFoundError:
            return None

    def _index(self, day: DayFolder) -> list[FileCopy]:
        """The index of a day that nobody writes to.

        Raises:
            FileNotFoundError: It changes meanwhile.
        """
        documents = day.path / DATA_NAME
        if self._now_ns - documents.stat().st_mtime_ns < _QUIET_NS:
            return []
        meta = (day.index / "meta.json").read_bytes()
        files = [self._plain(path) for path in sorted(day.index.iterdir()) if _is_index(path)]
        if (day.index / "meta.json").read_bytes() != meta:
            raise FileNotFoundError(str(day.index))
        return files

    def _documents(self, day: DayFolder) -> list[FileCopy]:
        data = self._plain(day.path / DATA_NAME)
        others = [
            self._plain(path)
            for path in sorted(day.path.iterdir())
            if path.is_file() and path.name not in {DATA_NAME, DIRECTORY_NAME}
            and not path.name.endswith(_BESIDE)
        ]  # fmt: skip
        return [data, *others]

    def _digest(self, day: DayFolder, reader: DocumentReader) -> DayCopy:
        """What identifies the events that the day has now; only new ones are read.

        Raises:
            StoreDamaged: One of them cannot be read.
        """
        events = reader.count()
        known = self._days_before.get(day.name)
        same = known is not None and known.events <= events and self._is_same_file(day)
        digest = Digest(known.digest) if known is not None and same else Digest()
        start = known.events if known is not None and same else 0
        for first in range(start, events, _AT_ONCE):
            lines = reader.read(range(first, min(events, first + _AT_ONCE)))
            trouble = next((line for line in lines if isinstance(line, StoreDamaged)), None)
            if trouble is not None:
                raise trouble
            digest.add(line for line in lines if isinstance(line, bytes))
        return DayCopy(day.day.isoformat(), day.name, events, digest.text())

    def _is_same_file(self, day: DayFolder) -> bool:
        path = day.path / DATA_NAME
        known = self._before.get(self._name(path))
        return known is not None and known.inode == path.stat().st_ino

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._data)) if path.is_relative_to(self._data) else path.name


def _trouble(error: sqlite3.DatabaseError, path: Path, target: Path) -> LogboomError:
    """What keeps a database from being copied."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return DiskFull("no room for a backup", where=str(target), mend="free some space")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamaged(f"the database is damaged: {error}", where=str(path))
    return StoreUnavailable(f"the database cannot be copied now: {error}", where=str(path))


def _is_index(path: Path) -> bool:
    return not path.name.endswith(_BESIDE) and not path.name.startswith(".tantivy")


def _is_aside(path: Path) -> bool:
    return path.name == "damaged" or ".dropped-" in path.name or path.name.endswith(_BESIDE)
