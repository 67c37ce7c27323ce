"""What was posted last under each key? A file of its own, that never waits for the events' fsync."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from logboom.broker.local_sqlite import TERMS
from logboom.shared_database import SharedDatabase

_VERSION = 1
_SCHEMA = "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"


class StatusBoard:
    """The last entry of every key. One object per thread; any number of processes.

    Args:
        folder: Has the file `status.db`.

    Raises:
        DiskFull: There is no room to make it.
        BrokerRefused: The file is damaged, of another version, or must not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = SharedDatabase(
            folder / "status.db",
            synchronous="NORMAL",
            schema=_SCHEMA,
            version=_VERSION,
            terms=TERMS,
        )

    def post(self, entries: Mapping[str, bytes | None]) -> None:
        """Replaces entries, and forgets those that are None. They may be lost when the machine loses power.

        Raises:
            DiskFull: The disk has no room; nothing was changed.
        """
        with self._file.transaction() as database:
            posted = [(key, value) for key, value in entries.items() if value is not None]
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?,?)", posted)
            forgotten = [(key,) for key, value in entries.items() if value is None]
            database.executemany("DELETE FROM entries WHERE key=?", forgotten)

    def read(self) -> dict[str, bytes]:
        """All entries."""
        with self._file.troubles():
            return dict(self._file.connection.execute("SELECT key, value FROM entries"))

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
