"""Which events wait in the embedded broker, in which order, and how far has each group read?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from logboom.broker.local_sqlite import TERMS
from logboom.shared_database import SharedDatabase

_VERSION = 2
_SCHEMA = """
CREATE TABLE batches
  (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE TABLE taken
  (producer TEXT, sequence INTEGER, identity INTEGER NOT NULL, PRIMARY KEY (producer, sequence))
  WITHOUT ROWID;
CREATE TABLE groups (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ends
  (id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO ends VALUES (0, 0, 0);
"""
_REMEMBERED = 1024
_SPARE_BYTES = 64 * 2**20
_GIVEN_BACK_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """A producer's batch as one compressed row.

    Attributes:
        sequence: The producer's number of it.
        count: Messages in it.
        identity: Which events it holds: tells a batch sent again from another one.
        packed: The messages, see `logboom.broker.packing`.
    """

    sequence: int
    count: int
    identity: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A row as it is read.

    Attributes:
        first: Offset of its first message.
        count: Messages in it.
        packed: The messages, see `logboom.broker.packing`.
    """

    first: int
    count: int
    packed: bytes


class EventLog:
    """The events that wait, in order. One object per thread; any number of processes.

    Args:
        folder: Has the file `events.db`.

    Raises:
        DiskFull: There is no room to make it.
        BrokerRefused: The file is damaged, of another version, or must not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.db"
        self._file = SharedDatabase(
            self._path, synchronous="FULL", schema=_SCHEMA, version=_VERSION, terms=TERMS
        )
        self._data_version = -1

    def append(self, producer: str, batch: PackedBatch, max_bytes: int) -> bool:
        """Appends a batch, unless this very batch is here already.

        Returns:
            False when the log is full; then nothing was changed.

        Raises:
            DiskFull: The disk has no room; nothing was changed.
            BrokerUnavailable: The file is damaged, or held by another process.
        """
        with self._file.transaction() as database:
            known = database.execute(
                "SELECT identity FROM taken WHERE producer=? AND sequence=?",
                (producer, batch.sequence),
            ).fetchone()
            if known == (batch.identity,):
                return True
            first, size = database.execute("SELECT next, bytes FROM ends").fetchone()
            if size and size + len(batch.packed) > max_bytes:
                return False
            database.execute(
                "INSERT INTO batches VALUES (?,?,?)", (first, batch.count, batch.packed)
            )
            database.execute(
                "UPDATE ends SET next=next+?, bytes=bytes+?", (batch.count, len(batch.packed))
            )
            self._remember(database, producer, batch)
        return True

    def _remember(self, database: sqlite3.Connection, producer: str, batch: PackedBatch) -> None:
        """Numbers far below are forgotten: a producer never has so many batches under way."""
        database.execute(
            "INSERT OR REPLACE INTO taken VALUES (?,?,?)",
            (producer, batch.sequence, batch.identity),
        )
        database.execute(
            "DELETE FROM taken WHERE producer=? AND sequence<?",
            (producer, batch.sequence - _REMEMBERED),
        )

    def has_news(self) -> bool:
        """False when no other process or thread has changed the log since the last call."""
        with self._file.troubles():
            (version,) = self._file.connection.execute("PRAGMA data_version").fetchone()
        news = version != self._data_version
        self._data_version = version
        return bool(news)

    def read(self, position: int, max_messages: int) -> Iterator[StoredBatch]:
        """Batches from the one that a position lies in on, about `max_messages` messages."""
        room = max_messages
        with self._file.troubles():
            rows = self._file.connection.execute(
                "SELECT first, count, packed FROM batches WHERE first + count > ? AND first >="
                " coalesce((SELECT max(first) FROM batches WHERE first <= ?), 0) ORDER BY first",
                (position, position),
            )
            try:
                for row in rows:
                    yield StoredBatch(*row)
                    room -= row[1]
                    if room <= 0:
                        return
            finally:
                rows.close()

    def committed(self, group: str) -> int:
        """Next offset that a group will read; the oldest one for a new group."""
        with self._file.troubles():
            (position,) = self._file.connection.execute(
                "SELECT coalesce((SELECT position FROM groups WHERE name=?),"
                " (SELECT min(first) FROM batches), (SELECT next FROM ends))",
                (group,),
            ).fetchone()
        return int(position)

    def end(self) -> int:
        """Offset that the next message will get."""
        with self._file.troubles():
            return int(self._file.connection.execute("SELECT next FROM ends").fetchone()[0])

    def join(self, group: str) -> None:
        """Makes a group known: what it has not committed is kept from now on."""
        with self._file.transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO groups VALUES (?,?)", (group, self.committed(group))
            )

    def behind(self, first: int) -> int:
        """The offset at which what follows the row of an offset begins, whatever the row says.

        Raises:
            BrokerUnavailable: The file is damaged, or held by another process.
        """
        with self._file.troubles():
            (end,) = self._file.connection.execute(
                "SELECT coalesce((SELECT min(first) FROM batches WHERE first > ?), next) FROM ends",
                (first,),
            ).fetchone()
        return int(end)

    def commit(self, group: str, position: int) -> None:
        """Moves a group on, and deletes what every group has passed.

        Raises:
            DiskFull: The disk has no room; nothing was changed.
            BrokerUnavailable: The file is damaged, or held by another process.
        """
        with self._file.transaction() as database:
            database.execute(
                "INSERT INTO groups VALUES (?,?) ON CONFLICT (name) DO UPDATE SET"
                " position=excluded.position",
                (group, position),
            )
            (passed,) = database.execute("SELECT min(position) FROM groups").fetchone()
            (freed_bytes,) = database.execute(
                "SELECT coalesce(sum(length(packed)), 0) FROM batches"
                " WHERE first < ? AND first + count <= ?",
                (passed, passed),
            ).fetchone()
            database.execute(
                "DELETE FROM batches WHERE first < ? AND first + count <= ?", (passed, passed)
            )
            database.execute("UPDATE ends SET bytes=bytes-?", (freed_bytes,))
        self._give_back()

    def _give_back(self) -> None:
        """Shrinks the file, a piece at a time, when much of it is free."""
        with self._file.troubles():
            run = self._file.connection.execute
            (page_bytes,) = run("PRAGMA page_size").fetchone()
            (free_pages,) = run("PRAGMA freelist_count").fetchone()
            (waiting_bytes,) = run("SELECT bytes FROM ends").fetchone()
            spare_bytes = free_pages * page_bytes
            if spare_bytes > (waiting_bytes + _SPARE_BYTES if waiting_bytes else 0):
                run(f"PRAGMA incremental_vacuum({_GIVEN_BACK_BYTES // page_bytes})").fetchall()

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
