"""How is the registry's database opened, brought up to date, or set aside when it is damaged?"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from logboom.errors import (
    AlreadyRunning,
    ConfigError,
    LogboomError,
    RegistryFull,
    RegistryRefused,
    RegistryUnavailable,
)
from logboom.shared_database import Terms, for_os_error, is_damage, move_aside, trouble_of
from shipper.registry.dropped import DROPPED_TABLE
from shipper.registry.losses import LOST_TABLE

_SCHEMA_VERSION = 10
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
  epoch INTEGER NOT NULL, offset INTEGER NOT NULL, prefix BLOB NOT NULL, guard BLOB NOT NULL,
  lines_acked INTEGER NOT NULL DEFAULT 0, lines_empty INTEGER NOT NULL DEFAULT 0,
  lines_dead INTEGER NOT NULL DEFAULT 0, changed_ns INTEGER NOT NULL, family TEXT NOT NULL,
  packed_size INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL DEFAULT 0,
  seen_guard BLOB NOT NULL DEFAULT x'', let_go INTEGER NOT NULL DEFAULT 1,
  vanished_ns INTEGER NOT NULL DEFAULT 0
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
    8: "ALTER TABLE sources ADD COLUMN let_go INTEGER NOT NULL DEFAULT 1",
    9: "ALTER TABLE sources ADD COLUMN vanished_ns INTEGER NOT NULL DEFAULT 0",
}
"""What makes the next format of each."""


_BUSY_S = 5.0
_BUSY_AT_WORK_MS = 200
"""So long a call waits for others: longer waits are for those who can tell of them."""
_TERMS = Terms(
    owner="the registry's checkpoints",
    content="checkpoints",
    outdated="use that version again, or another data folder",
    unavailable=RegistryUnavailable,
    refused=RegistryRefused,
    full=RegistryFull,
)


class _Damaged(Exception):
    """Its content is proven to be no registry's any more."""


def open_registry(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Opens the database, and makes it when there is none.

    A damaged one is set aside and a new one is begun: nothing in it can be trusted, and files are
    read from their beginning. What the world around it does is no damage: it stays as it is.

    Returns:
        The database, and where a damaged one is now.

    Raises:
        RegistryUnavailable: It is held by another process, its disk fails or has no room.
        RegistryRefused: It must not be written, or is a database of something else.
        ConfigError: A newer logboom wrote it.
    """
    try:
        return _open(path), None
    except _Damaged:
        try:
            aside = move_aside(path)
        except OSError as error:
            raise for_os_error(error, path, RegistryRefused, RegistryFull) from error
        return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, path)
            database.execute(f"PRAGMA busy_timeout={_BUSY_AT_WORK_MS}")
        except BaseException:
            database.close()
            raise
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise _Damaged(str(error)) from error
        trouble = trouble_of(error, path, _TERMS)
        if trouble is None:
            raise
        raise trouble from error
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Brings it up to date, and looks whether it is sound and may be written."""
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise ConfigError(
            f"the registry was written by a newer logboom (its format is {version}, this one"
            f" knows {_SCHEMA_VERSION})",
            where=str(path),
            mend=_TERMS.outdated,
        )
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _Damaged(verdict)
    database.execute("BEGIN IMMEDIATE")  # one that is only to be read is told now
    database.execute("ROLLBACK")
    if version == 0:
        _fill(database, path)
    for older in range(version, _SCHEMA_VERSION) if version else ():
        with _all_or_nothing(database):
            database.execute(_MIGRATIONS[older])
            database.execute(f"PRAGMA user_version={older + 1}")


def _fill(database: sqlite3.Connection, path: Path) -> None:
    """Makes the tables of a new one."""
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise RegistryRefused(
            "is the database of another program",
            where=str(path),
            mend="move it away, or use another data folder",
        )
    with _all_or_nothing(database):
        for statement in filter(str.strip, _SCHEMA.split(";")):
            database.execute(statement)
        database.execute(
            "INSERT INTO meta VALUES ('id', ?), ('sequence', '0')", (uuid.uuid4().hex,)
        )
        database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


def lock_registry(path: Path) -> int:
    """Keeps other processes away; makes the folder when it is missing.

    Returns:
        A descriptor; closing it lets them in.

    Raises:
        AlreadyRunning: Another process has it.
        RegistryUnavailable: There is no room, or the disk fails.
        RegistryRefused: The folder must not be written.
    """
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise for_os_error(error, lock, RegistryRefused, RegistryFull) from error
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
def transaction(database: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing.

    Raises:
        RegistryError: It cannot be written; nothing was changed.
    """
    with troubles(path), _all_or_nothing(database):
        yield


@contextmanager
def patience(database: sqlite3.Connection) -> Iterator[None]:
    """Calls in here wait for others as long as while it was opened."""
    database.execute(f"PRAGMA busy_timeout={int(_BUSY_S * 1000)}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA busy_timeout={_BUSY_AT_WORK_MS}")


@contextmanager
def troubles(path: Path) -> Iterator[None]:
    """What SQLite raises in here is raised in our terms.

    Raises:
        RegistryUnavailable: It is held by another process, its disk fails or has no room.
        RegistryRefused: It must not be written, or it is damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        trouble = _damage(error, path) if is_damage(error) else trouble_of(error, path, _TERMS)
        if trouble is None:
            raise
        raise trouble from error


def _damage(error: sqlite3.DatabaseError, path: Path) -> LogboomError:
    return RegistryRefused(
        f"the registry is damaged ({error})",
        where=str(path),
        mend="it is looked through when the shipper is started again, and set aside if need be",
    )


@contextmanager
def _all_or_nothing(database: sqlite3.Connection) -> Iterator[None]:
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            with suppress(sqlite3.Error):  # the first error is the one that says why
                database.execute("ROLLBACK")
        raise
