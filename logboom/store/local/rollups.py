"""Where do the embedded store's rollups rest? In a SQLite file beside the days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Protocol, TypeVar
from uuid import uuid4

import orjson

from logboom.errors import StoreDamaged, StoreRefused, StoreUnavailable, TooManyRows
from logboom.own_thread import OwnThread
from logboom.rollups import MOST_ROWS, Durations, Room, Row, Tier
from logboom.shared_database import SharedDatabase, Terms, for_os_error
from logboom.store.local.days import Days
from logboom.store.local.summing import summarise
from logboom.store.local.translate import Translator

FILE_NAME = "rollups.sqlite3"
KEPT_NAME = f"{FILE_NAME}.kept"
"""Beside the file: how often rows were kept in it. It is not in a copy of the file, nor in a backup."""
_VERSION = 1
_BEYOND_US = 2**53
_SCHEMA = """
CREATE TABLE rows (
  tier INTEGER NOT NULL, start_us INTEGER NOT NULL, service TEXT NOT NULL, host TEXT NOT NULL,
  level TEXT NOT NULL, events INTEGER NOT NULL, errors INTEGER NOT NULL, requests INTEGER NOT NULL,
  server_errors INTEGER NOT NULL, last_ms INTEGER NOT NULL, durations BLOB NOT NULL,
  PRIMARY KEY (tier, start_us, service, host, level)
) WITHOUT ROWID;
"""
_TERMS = Terms(
    owner="the rollups",
    content="rates that were worked out of days that are gone",
    outdated="use the logboom that wrote it, or a newer one",
    unavailable=StoreUnavailable,
    refused=StoreRefused,
)
_COLUMNS = (
    "start_us, service, host, level, events, errors, requests, server_errors, last_ms, durations"
)
_IDENTITY = "CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL)"
_CHANGES = "CREATE TABLE IF NOT EXISTS changes (times INTEGER NOT NULL)"
_KEEP = f"""
INSERT INTO rows (tier, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET events=excluded.events, errors=excluded.errors,
  requests=excluded.requests, server_errors=excluded.server_errors, last_ms=excluded.last_ms,
  durations=excluded.durations
WHERE excluded.events >= rows.events
"""  # noqa: S608 - a constant
_READ = f"""
SELECT {_COLUMNS} FROM rows WHERE tier=? AND start_us>=? AND start_us<? AND (? IS NULL OR service=?)
ORDER BY start_us, service, host, level LIMIT ?
"""  # noqa: S608 - a constant

_Result = TypeVar("_Result")


class Runner(Protocol):
    """Does work in one of the store's threads."""

    def __call__(self, work: Callable[[], _Result]) -> Awaitable[_Result]:
        """Gives what the work gives."""
        ...


class LocalRollups:
    """The embedded store's `Rollups`.

    Args:
        folder: Of the store.
        days: Its days.
        translator: Of queries.
        run: Does work in the store's threads.
    """

    def __init__(self, folder: Path, days: Days, translator: Translator, run: Runner) -> None:
        self._path = folder / FILE_NAME
        self._kept = folder / KEPT_NAME
        self._days = days
        self._translator = translator
        self._run = run
        self._inode = 0
        self._file = OwnThread("rollups", self._open, SharedDatabase.close, closed=StoreUnavailable)

    async def summarise(self, start_us: int, end_us: int) -> Sequence[Row]:
        """Works out the rows of minutes; see `Rollups.summarise`."""
        return await self._run(lambda: self._summarise(start_us, end_us))

    def _summarise(self, start_us: int, end_us: int) -> list[Row]:
        wanted = datetime.fromtimestamp(start_us // 1_000_000, UTC).date()
        view = self._days.view()
        if wanted in view.unreadable:
            raise StoreDamaged(f"the day {wanted} cannot be read", where=str(self._path.parent))
        for day in view.days:
            if day.folder.day == wanted:
                return summarise(day, self._translator, start_us, end_us)
        return []

    async def keep(self, tier: Tier, rows: Sequence[Row]) -> None:
        """Keeps rows in one transaction; see `Rollups.keep`."""
        written = [(tier.value, *_columns(row)) for row in rows]

        def write(file: SharedDatabase) -> None:
            with file.transaction() as connection:
                connection.executemany(_KEEP, written)
                times = _changes(connection) + 1
                _set_changes(connection, times)
            _write(self._kept, str(times))

        await self._file.do(write)

    async def rows(
        self, tier: Tier, start_us: int, end_us: int, *, service: str | None = None
    ) -> Sequence[Row]:
        """The rows that are kept; see `Rollups.rows`."""

        def read(file: SharedDatabase) -> list[Row]:
            asked = (tier.value, start_us, end_us, service, service, MOST_ROWS + 1)
            with file.troubles():
                return [_row(columns) for columns in file.connection.execute(_READ, asked)]

        found = await self._file.do(read)
        if len(found) > MOST_ROWS:
            raise TooManyRows(
                f"there are more than {MOST_ROWS} rows",
                suggestion="ask for a shorter range of time, or for one service",
            )
        return found

    async def rooms(self) -> Sequence[Room]:
        """The file; see `Rollups.rooms`. An older copy of it gets another id: it lacks what came since."""

        def read(file: SharedDatabase) -> list[Room]:
            if not self._is_the_one_opened():
                raise StoreUnavailable(
                    "was removed or replaced while it was open", where=str(self._path),
                    mend="stop all of logboom and start it again: rates are then worked out anew",
                )  # fmt: skip
            with file.transaction() as connection:
                times = _times(self._kept)
                if _changes(connection) < times:
                    connection.execute("DROP TABLE IF EXISTS identity")
                    _set_changes(connection, times)
                connection.execute(_IDENTITY)
                found = connection.execute("SELECT id FROM identity").fetchone()
                if found is None:
                    found = (uuid4().hex,)
                    connection.execute("INSERT INTO identity VALUES (?)", found)
            return [Room(FILE_NAME, str(found[0]), 0, _BEYOND_US, Tier.HOUR)]

        return await self._file.do(read)

    def _is_the_one_opened(self) -> bool:
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    async def expire(self, tier: Tier, before_us: int) -> None:
        """Forgets old rows; see `Rollups.expire`."""

        def forget(file: SharedDatabase) -> None:
            with file.transaction() as connection:
                connection.execute(
                    "DELETE FROM rows WHERE tier=? AND start_us<?", (tier.value, before_us)
                )
            with file.troubles():
                file.connection.execute("PRAGMA incremental_vacuum")

        await self._file.do(forget)

    async def close(self) -> None:
        """Lets go of the file. Idempotent."""
        await self._file.close()

    def _open(self) -> SharedDatabase:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise for_os_error(error, self._path.parent, StoreRefused) from error
        file = SharedDatabase(
            self._path, synchronous="FULL", schema=_SCHEMA, version=_VERSION, terms=_TERMS
        )
        self._inode = self._path.stat().st_ino
        return file


def _changes(connection: Connection) -> int:
    """How often rows were kept in a file."""
    connection.execute(_CHANGES)
    found = connection.execute("SELECT times FROM changes").fetchone()
    return 0 if found is None else int(found[0])


def _set_changes(connection: Connection, times: int) -> None:
    connection.execute("DELETE FROM changes")
    connection.execute("INSERT INTO changes VALUES (?)", (times,))


def _times(path: Path) -> int:
    """The number in a file; 0 where there is none."""
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return 0


def _write(path: Path, text: str) -> None:
    """Writes a file that is whole at any moment.

    Raises:
        LogboomError: It cannot be written now.
    """
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.write_text(text, encoding="ascii")
        unfinished.replace(path)
    except OSError as error:
        raise for_os_error(error, path, StoreUnavailable) from error


_Columns = tuple[int, str, str, str, int, int, int, int, int, bytes]


def _columns(row: Row) -> _Columns:
    durations = {str(key): count for key, count in row.durations.bins.items()}
    if row.durations.zeros:
        durations["zeros"] = row.durations.zeros
    return (
        row.start_us, row.service, row.host, row.level, row.events, row.errors, row.requests,
        row.server_errors, row.last_ms, orjson.dumps(durations) if durations else b"",
    )  # fmt: skip


def _row(columns: _Columns) -> Row:
    bins: dict[str, int] = orjson.loads(columns[-1]) if columns[-1] else {}
    zeros = bins.pop("zeros", 0)
    durations = Durations(zeros, {int(key): count for key, count in bins.items()})
    return Row(*columns[:-1], durations=durations)
