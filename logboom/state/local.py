"""What do services on one machine remember? Rows of a SQLite file that their processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from logboom.clock import Clock
from logboom.errors import StateConflict, StateFull, StateRefused, StateUnavailable
from logboom.own_thread import OwnThread
from logboom.shared_database import SharedDatabase, Terms, for_os_error
from logboom.state.bounds import (
    check_deletions,
    check_kind,
    check_limit,
    check_name,
    check_part,
    check_writes,
)
from logboom.state.port import ANY_VERSION, AnyVersion, Expected, Record, Write, written

FILE_NAME = "state.sqlite3"
_VERSION = 1
_SCHEMA = """
CREATE TABLE records (
  kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,
  written_ns INTEGER NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE versions (id INTEGER PRIMARY KEY CHECK (id = 0), last INTEGER NOT NULL);
INSERT INTO versions VALUES (0, 0);
"""
_TERMS = Terms(
    owner="the state",
    content="what was remembered in it",
    outdated="use the logboom that wrote it, or a newer one",
    unavailable=StateUnavailable,
    refused=StateRefused,
    full=StateFull,
)
_COLUMNS = "kind, key, value, version, written_ns"
_BEHIND_ALL = "\U0010ffff" * 101  # longer than any key


class LocalState:
    """The state of one data folder, for all processes that use it.

    Args:
        folder: Made when it is first used.
        clock: Tells when a record is written.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE_NAME
        self._clock = clock
        self._file = OwnThread("state", self._open, SharedDatabase.close, closed=StateUnavailable)

    @property
    def address(self) -> str:
        """The file."""
        return str(self._path)

    async def get(self, kind: str, key: str) -> Record | None:
        """The record as last written by anybody; see `State.get`."""
        check_name(kind, key)
        return await self._file.do(lambda file: _get(file, kind, key))

    async def put(
        self, kind: str, key: str, value: Mapping[str, Any], *, expected: Expected = ANY_VERSION
    ) -> Record:
        """Writes a record; see `State.put`."""
        one = Write(kind, key, value, expected)
        return written(one, await self.put_many([one]))

    async def put_many(self, writes: Sequence[Write]) -> Sequence[Record | None]:
        """Writes many records in one transaction; see `State.put_many`."""
        values = check_writes(writes)
        now_ns = self._clock.now_ns()
        return await self._file.do(lambda file: _put(file, writes, values, now_ns))

    async def delete(
        self, kind: str, key: str, *, expected: str | Literal[AnyVersion.ANY] = ANY_VERSION
    ) -> bool:
        """Forgets a record; see `State.delete`."""
        check_name(kind, key)
        return await self._file.do(lambda file: _delete(file, kind, key, expected))

    async def delete_many(self, kind: str, versions: Mapping[str, str]) -> int:
        """Forgets many records in one transaction; see `State.delete_many`."""
        check_deletions(kind, versions)
        if not versions:
            return 0
        return await self._file.do(lambda file: _delete_many(file, kind, versions))

    async def list(
        self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[Record]:
        """Records of one kind by key; see `State.list`."""
        check_kind(kind)
        check_limit(limit)
        check_part(kind, prefix)
        check_part(kind, after)
        return await self._file.do(lambda file: _list(file, kind, prefix, after, limit))

    async def close(self) -> None:
        """Lets go of the file. Idempotent."""
        await self._file.close()

    def _open(self) -> SharedDatabase:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise for_os_error(error, self._path.parent, StateRefused, StateFull) from error
        return SharedDatabase(
            self._path, synchronous="FULL", schema=_SCHEMA, version=_VERSION, terms=_TERMS
        )


def _get(file: SharedDatabase, kind: str, key: str) -> Record | None:
    with file.troubles():
        row = file.connection.execute(
            f"SELECT {_COLUMNS} FROM records WHERE kind=? AND key=?",  # noqa: S608 - a constant
            (kind, key),
        ).fetchone()
    return None if row is None else _record(row)


def _put(
    file: SharedDatabase, writes: Sequence[Write], values: Sequence[bytes], now_ns: int
) -> list[Record | None]:
    records: list[Record | None] = []
    with file.transaction() as connection:
        for write, value in zip(writes, values, strict=True):
            if not _is_expected(connection, write.kind, write.key, write.expected):
                records.append(None)
                continue
            row = (write.kind, write.key, value, _next_version(connection), now_ns)
            connection.execute(
                f"INSERT OR REPLACE INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                row,
            )
            records.append(_record(row))
    return records


def _delete(
    file: SharedDatabase, kind: str, key: str, expected: str | Literal[AnyVersion.ANY]
) -> bool:
    with file.transaction() as connection:
        if not _is_expected(connection, kind, key, expected):
            raise StateConflict("was changed by somebody else", where=f"{kind} {key}")
        return bool(
            connection.execute("DELETE FROM records WHERE kind=? AND key=?", (kind, key)).rowcount
        )


def _delete_many(file: SharedDatabase, kind: str, versions: Mapping[str, str]) -> int:
    with file.transaction() as connection:
        found = connection.executemany(
            "DELETE FROM records WHERE kind=? AND key=? AND CAST(version AS TEXT)=?",
            ((kind, key, version) for key, version in versions.items()),
        )
        return found.rowcount


def _list(file: SharedDatabase, kind: str, prefix: str, after: str, limit: int) -> list[Record]:
    with file.troubles():
        rows = file.connection.execute(
            f"SELECT {_COLUMNS} FROM records WHERE kind=? AND key>? AND key>=? AND key<=?"  # noqa: S608 - a constant
            " ORDER BY key LIMIT ?",
            (kind, after, prefix, prefix + _BEHIND_ALL, limit),
        ).fetchall()
    return [_record(row) for row in rows]


def _is_expected(connection: sqlite3.Connection, kind: str, key: str, expected: Expected) -> bool:
    if expected is AnyVersion.ANY:
        return True
    row = connection.execute(
        "SELECT version FROM records WHERE kind=? AND key=?", (kind, key)
    ).fetchone()
    return (None if row is None else str(row[0])) == expected


def _next_version(connection: sqlite3.Connection) -> int:
    """Never the same again, so that a record deleted and made anew is not taken for the old one."""
    row = connection.execute("UPDATE versions SET last = last + 1 RETURNING last").fetchone()
    return int(row[0])


def _record(row: tuple[str, str, bytes, int, int]) -> Record:
    kind, key, value, version, written_ns = row
    return Record(kind, key, orjson.loads(value), str(version), written_ns)
