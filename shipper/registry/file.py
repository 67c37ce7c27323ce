"""How is the registry's database opened, brought up to date, or set aside when it is damaged?"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logboom.errors import AlreadyRunning, ConfigError, DiskFull
from shipper.registry.dropped import DROPPED_TABLE
from shipper.registry.losses import LOST_TABLE

_SCHEMA_VERSION = 8
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
  epoch INTEGER NOT NULL, offset INTEGER NOT NULL, prefix BLOB NOT NULL, guard BLOB NOT NULL,
  lines_acked INTEGER NOT NULL DEFAULT 0, lines_empty INTEGER NOT NULL DEFAULT 0,
  lines_dead INTEGER NOT NULL DEFAULT 0, changed_ns INTEGER NOT NULL, family TEXT NOT NULL,
  packed_size INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL DEFAULT 0,
  seen_guard BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
CREATE TABLE acked (
  source TEXT NOT NULL, run TEXT NOT NULL, day TEXT NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (source, run, day)
) WITHOUT ROWID;
CREATE TABLE planned (
  sequence INTEGER NOT NULL, position INTEGER NOT NULL, source TEXT NOT NULL, run TEXT NOT NULL,
  epoch INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, read_ns INTEGER NOT NULL,
  starts BLOB NOT NULL, ends BLOB NOT NULL, timestamps BLOB NOT NULL, lines INTEGER NOT NULL,
  empty_lines INTEGER NOT NULL, days TEXT NOT NULL, guard BLOB NOT NULL,
  marks BLOB NOT NULL DEFAULT '{{}}', dropped BLOB NOT NULL DEFAULT '{{}}',
  PRIMARY KEY (sequence, position)
) WITHOUT ROWID;
{LOST_TABLE};
{DROPPED_TABLE}
"""
_MIGRATIONS = {
    1: "ALTER TABLE planned ADD COLUMN marks BLOB NOT NULL DEFAULT '{}'",
    2: LOST_TABLE,
    3: "ALTER TABLE planned ADD COLUMN dropped BLOB NOT NULL DEFAULT '{}'",
    4: DROPPED_TABLE,
    5: "ALTER TABLE sources ADD COLUMN packed_size INTEGER NOT NULL DEFAULT 0",
    6: "ALTER TABLE sources ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
    7: "ALTER TABLE sources ADD COLUMN seen_guard BLOB NOT NULL DEFAULT x''",
}
"""What makes the next format of each."""


def open_registry(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Opens the database, and makes it when there is none.

    A damaged one is set aside and a new one is begun: nothing in it can be trusted, and files are
    read from their beginning.

    Returns:
        The database, and where a damaged one is now.

    Raises:
        DiskFull: There is no room to open it.
        ConfigError: A newer logboom wrote it.
    """
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if _is_about_room(error):
            raise DiskFull("no room for the registry", where=str(path)) from error
        aside = _move_away(path)
        return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        database.close()
        raise ConfigError(
            f"the registry was written by a newer logboom (its format is {version}, this one"
            f" knows {_SCHEMA_VERSION})",
            where=str(path),
            mend="use that version again, or another data folder",
        )
    for older in range(version, _SCHEMA_VERSION) if version else ():
        with transaction(database):
            database.execute(_MIGRATIONS[older])
            database.execute(f"PRAGMA user_version={older + 1}")
    if version == 0:
        with transaction(database):
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
            database.execute(
                "INSERT INTO meta VALUES ('id', ?), ('sequence', '0')", (uuid.uuid4().hex,)
            )
            database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        database.close()
        raise sqlite3.DatabaseError(verdict)
    return database


def _move_away(path: Path) -> Path:
    for number in range(1, 1000):
        target = path.with_name(f"{path.name}.damaged-{number}")
        if not target.exists():
            break
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return target


def lock_registry(path: Path) -> int:
    """Keeps other processes away.

    Returns:
        A descriptor; closing it lets them in.

    Raises:
        AlreadyRunning: Another process has it.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunning(
            "another logboom shipper uses this data folder",
            where=str(path.parent),
            mend="stop it, or give this one a folder of its own with `data:` or --data",
        ) from error
    return descriptor


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All or nothing.

    Raises:
        DiskFull: There is no room; nothing was changed.
    """
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        _roll_back(database)
        if _is_about_room(error):
            raise DiskFull("no room to write the registry's checkpoints") from error
        raise
    except BaseException:
        _roll_back(database)
        raise


def _roll_back(database: sqlite3.Connection) -> None:
    if database.in_transaction:
        database.execute("ROLLBACK")


def _is_about_room(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
