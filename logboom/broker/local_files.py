"""The embedded broker's files: the log of events, the board of states, the producers' locks."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from logboom.errors import AlreadyRunning, BrokerUnavailable, DiskFull

_BUSY_S = 30.0
_REMEMBERED = 1024
_LOG_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches
  (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS seen
  (producer TEXT, sequence INTEGER, PRIMARY KEY (producer, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ends
  (id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT OR IGNORE INTO ends VALUES (0, 0, 0);
"""
_BOARD_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class EventLog:
    """The events that wait, in order. One object per thread; any number of processes.

    Args:
        folder: Has the database.

    Raises:
        DiskFull: There is no room to make it.
        BrokerUnavailable: The database is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.db"
        with _troubles(self._path):
            self._database = _open(self._path, "FULL", _LOG_SCHEMA)

    def append(
        self, producer: str, sequence: int, count: int, packed: bytes, max_bytes: int
    ) -> bool:
        """Appends a batch, unless this producer's batch of that number is here already.

        Returns:
            False when the log is full; then nothing was changed.

        Raises:
            DiskFull: The disk has no room; nothing was changed.
        """
        with _troubles(self._path), _transaction(self._database) as database:
            first, size = database.execute("SELECT next, bytes FROM ends").fetchone()
            known = database.execute(
                "SELECT 1 FROM seen WHERE producer=? AND sequence=?", (producer, sequence)
            )
            if known.fetchone() is not None or count == 0:
                return True
            if size and size + len(packed) > max_bytes:
                return False
            database.execute("INSERT INTO batches VALUES (?,?,?)", (first, count, packed))
            database.execute("UPDATE ends SET next=next+?, bytes=bytes+?", (count, len(packed)))
            database.execute("INSERT INTO seen VALUES (?,?)", (producer, sequence))
            database.execute(
                "DELETE FROM seen WHERE producer=? AND sequence<?",
                (producer, sequence - _REMEMBERED),
            )
        return True

    def read(self, position: int, max_messages: int) -> list[tuple[int, int, bytes]]:
        """Batches from a position on: (first offset, count, packed), about `max_messages`."""
        rows: list[tuple[int, int, bytes]] = []
        room = max_messages
        with _troubles(self._path):
            cursor = self._database.execute(
                "SELECT first, count, packed FROM batches WHERE first + count > ? AND first >= ?"
                " ORDER BY first",
                (position, self._begin(position)),
            )
            for row in cursor:
                rows.append(row)
                room -= row[1]
                if room <= 0:
                    break
        return rows

    def _begin(self, position: int) -> int:
        """First offset of the batch that a position lies in."""
        row = self._database.execute(
            "SELECT max(first) FROM batches WHERE first <= ?", (position,)
        ).fetchone()
        return row[0] if row[0] is not None else 0

    def committed(self, group: str) -> int:
        """Next offset that a group will read."""
        with _troubles(self._path):
            row = self._database.execute(
                "SELECT position FROM groups WHERE name=?", (group,)
            ).fetchone()
            if row is not None:
                return int(row[0])
            (first,) = self._database.execute(
                "SELECT coalesce(min(first), (SELECT next FROM ends)) FROM batches"
            ).fetchone()
        return int(first)

    def join(self, group: str) -> None:
        """Makes a group known: what it has not committed is kept from now on."""
        position = self.committed(group)
        with _troubles(self._path), _transaction(self._database) as database:
            database.execute("INSERT OR IGNORE INTO groups VALUES (?,?)", (group, position))

    def end(self) -> int:
        """Offset that the next message will get."""
        with _troubles(self._path):
            return int(self._database.execute("SELECT next FROM ends").fetchone()[0])

    def commit(self, group: str, position: int) -> None:
        """Moves a group on, and deletes what every group has passed."""
        with _troubles(self._path), _transaction(self._database) as database:
            database.execute(
                "INSERT INTO groups VALUES (?,?) ON CONFLICT (name) DO UPDATE SET"
                " position=excluded.position",
                (group, position),
            )
            passed = database.execute("SELECT min(position) FROM groups").fetchone()[0]
            (freed,) = database.execute(
                "SELECT coalesce(sum(length(packed)), 0) FROM batches WHERE first + count <= ?",
                (passed,),
            ).fetchone()
            database.execute("DELETE FROM batches WHERE first + count <= ?", (passed,))
            database.execute("UPDATE ends SET bytes=bytes-?", (freed,))

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()


class StatusBoard:
    """The last entry of every key. One object per thread; any number of processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "status.db"
        with _troubles(self._path):
            self._database = _open(self._path, "NORMAL", _BOARD_SCHEMA)

    def post(self, entries: Mapping[str, bytes]) -> None:
        """Replaces entries."""
        with _troubles(self._path), _transaction(self._database) as database:
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?,?)", entries.items())

    def read(self) -> dict[str, bytes]:
        """All entries."""
        with _troubles(self._path):
            return dict(self._database.execute("SELECT key, value FROM entries"))

    def close(self) -> None:
        """Lets go of the database."""
        self._database.close()


def hold_producer(folder: Path, producer: str) -> int:
    """Makes sure that one process at a time publishes under a name.

    Raises:
        AlreadyRunning: Another one does.
    """
    name = hashlib.blake2b(producer.encode(), digest_size=8).hexdigest()
    path = folder / f"producer-{name}.lock"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunning(
            "another process publishes under the same name", where=producer, mend="stop it first"
        ) from error
    return descriptor


def release_producer(descriptor: int) -> None:
    """Lets another process publish under the name."""
    os.close(descriptor)


def _open(path: Path, synchronous: str, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    if database.execute("PRAGMA auto_vacuum").fetchone()[0] == 0:
        database.execute("PRAGMA auto_vacuum=FULL")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"PRAGMA synchronous={synchronous}")
    with _transaction(database):
        for statement in filter(str.strip, schema.split(";")):
            database.execute(statement)
    return database


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


_ROOM_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def _troubles(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _ROOM_CODES:
            raise DiskFull("no room for the embedded broker", where=str(path)) from error
        if code in _DAMAGE_CODES:
            raise BrokerUnavailable(
                "the file is damaged; events in it may still be saved",
                where=str(path),
                mend="stop logboom, move the file away or repair it with sqlite3's .recover",
            ) from error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BrokerUnavailable("is held by another process", where=str(path)) from error
        raise
