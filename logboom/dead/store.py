"""Where are dead letters kept, by whichever process, and which of them are on their way back?

A SQLite file in the data folder, in WAL mode with full synchronisation. Shipper, processor, API and
command line open it for one act at a time, so that none of them holds up another. A replay is a plan
that is written down before anything is published: after a crash the same events go out again under
the same number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from logboom.dead.letter import Letter, LetterHead
from logboom.dead.tables import (
    HEAD,
    change_bytes,
    forget,
    head_of,
    insert,
    make_tables,
    meta_of,
    set_meta,
    status_of,
    version_of,
    waiting_in,
)
from logboom.errors import DeadLettersFull, DeadLettersUnavailable, DiskFull
from logboom.status import DeadStatus

FILE_NAME = "letters.db"
_BUSY_S = 20.0


@dataclass(frozen=True, slots=True)
class Replay:
    """Letters that go back together.

    Attributes:
        store: Id of the store of dead letters: the producer's name is made of it.
        sequence: Number of the replay, from 1.
        letters: By the order of their burial.
    """

    store: str
    sequence: int
    letters: Sequence[Letter]


class DeadLetters:
    """The dead letters of one data folder, for all processes that use it.

    Args:
        folder: Made with the first letter.
        max_bytes: Bytes of events that it holds at most.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._max_bytes = max_bytes

    @property
    def path(self) -> Path:
        """The database."""
        return self._path

    def signature(self) -> tuple[tuple[int, int], ...]:
        """Differs from an earlier one when something was written meanwhile; empty without letters."""
        found = []
        for path in (self._path, self._path.with_name(f"{FILE_NAME}-wal")):
            with suppress(OSError):
                status = path.stat()
                if status.st_size:  # looking alone leaves an empty one behind
                    found.append((status.st_mtime_ns, status.st_size))
        return tuple(found)

    def bury(self, letters: Sequence[Letter]) -> None:
        """Keeps letters; returns when they are on the disk.

        A letter that is there already, from before a crash, is replaced.

        Raises:
            DeadLettersFull: There are too many; nothing was kept.
            DiskFull: There is no room; nothing was kept.
            DeadLettersUnavailable: The file cannot be used now.
        """
        with self._writing() as database:
            for letter in letters:
                forget(database, "event=? AND part=? AND replay IS NULL", _name(letter))
                insert(database, letter)
            total = sum(letter.head.size for letter in letters)
            if change_bytes(database, total) > self._max_bytes:
                raise DeadLettersFull(
                    f"the dead letters are full: {self._max_bytes} bytes",
                    where=str(self._path),
                    mend="mend their cause and send them with `logboom dead replay`, discard them, or"
                    " raise dead_letters.max_bytes",
                )

    def withdraw(self, events: Sequence[str]) -> None:
        """Takes the shipper's letters of events back that were sent after all.

        Raises:
            DiskFull: There is no room; nothing was changed.
            DeadLettersUnavailable: The file cannot be used now.
        """
        if not self._is_there():
            return
        with self._writing() as database:
            for event in events:
                forget(database, "event=? AND part=? AND replay IS NULL", (event, "shipper"))

    def heads(self, *, limit: int | None = None) -> list[LetterHead]:
        """The letters by the order of their burial, at most `limit` of them.

        Raises:
            DeadLettersUnavailable: The file cannot be read now.
        """
        with self._reading() as database:
            if database is None:
                return []
            rows = database.execute(
                f"SELECT {HEAD} FROM letters ORDER BY number LIMIT ?",  # noqa: S608 - a constant
                (-1 if limit is None else limit,),
            )
            return [head_of(row) for row in rows]

    def get(self, event: str) -> list[Letter]:
        """The letters of one event: none, or one, or two when a replay of it was refused again.

        Raises:
            DeadLettersUnavailable: The file cannot be read now.
        """
        with self._reading() as database:
            if database is None:
                return []
            rows = database.execute(
                f"SELECT {HEAD}, value FROM letters WHERE event=? ORDER BY number",  # noqa: S608 - a constant
                (event,),
            )
            return [Letter(head_of(row[:-1]), row[-1]) for row in rows]

    def status(self, *, at_ns: int) -> DeadStatus | None:
        """What the status stream is told of them; None when there never was a letter.

        Raises:
            DeadLettersUnavailable: The file cannot be read now.
        """
        with self._reading() as database:
            if database is None:
                return None
            return status_of(database, at_ns)

    def plan(self, events: Sequence[str] | None, *, most: int) -> Replay | None:
        """Decides durably what goes back next.

        Args:
            events: Ids of events, or None for all.
            most: Letters in one replay.

        Returns:
            The replay that was planned before and not finished, if there is one; None when nothing
            waits.

        Raises:
            DiskFull: There is no room; nothing was changed.
            DeadLettersUnavailable: The file cannot be used now.
        """
        if not self._is_there():
            return None
        with self._writing() as database:
            unfinished = database.execute("SELECT min(replay) FROM letters").fetchone()[0]
            if unfinished is not None:
                return _replay(database, unfinished)
            sequence = int(meta_of(database, "sequence")) + 1
            chosen = waiting_in(database, events, most)
            if not chosen:
                return None
            set_meta(database, "sequence", str(sequence))
            database.executemany(
                "UPDATE letters SET replay=? WHERE number=?", [(sequence, n) for n in chosen]
            )
            return _replay(database, sequence)

    def finish(self, replay: Replay, *, refused: Mapping[str, str], at_ns: int) -> None:
        """Settles a replay: its letters are gone from here in the moment they count as sent.

        Args:
            replay: What was published.
            refused: Events of it that are refused still, with the reason: they stay.
            at_ns: Now, ns since the epoch.

        Raises:
            DiskFull: There is no room; nothing was changed.
            DeadLettersUnavailable: The file cannot be used now.
        """
        with self._writing() as database:
            for event, reason in refused.items():
                forget(database, "event=? AND replay IS NULL", (event,))
                database.execute(
                    "UPDATE letters SET replay=NULL, reason=?, at_ns=? WHERE event=? AND replay=?",
                    (reason, at_ns, event, replay.sequence),
                )
            database.execute(
                "INSERT INTO replayed SELECT source, run, day, count(*), sum(lines) FROM letters"
                " WHERE replay=? AND part='shipper' GROUP BY source, run, day"
                " ON CONFLICT DO UPDATE SET events=events+excluded.events, lines=lines+excluded.lines",
                (replay.sequence,),
            )
            forget(database, "replay=?", (replay.sequence,))

    def discard(self, events: Sequence[str]) -> list[LetterHead]:
        """Gives letters up for good; how many they were stays known, the events do not.

        Args:
            events: Ids of events. Their letters on the way back stay.

        Returns:
            Those that are gone now.

        Raises:
            DiskFull: There is no room; nothing was changed.
            DeadLettersUnavailable: The file cannot be used now.
        """
        if not self._is_there():
            return []
        gone: list[LetterHead] = []
        with self._writing() as database:
            for event in dict.fromkeys(events):
                rows = database.execute(
                    f"SELECT {HEAD} FROM letters WHERE event=? AND replay IS NULL",  # noqa: S608 - a constant
                    (event,),
                )
                gone += [head_of(row) for row in rows]
                database.execute(
                    "INSERT INTO discarded SELECT part, source, run, day, count(*), sum(lines)"
                    " FROM letters WHERE event=? AND replay IS NULL GROUP BY part, source, run, day"
                    " ON CONFLICT DO UPDATE SET events=events+excluded.events,"
                    " lines=lines+excluded.lines",
                    (event,),
                )
                forget(database, "event=? AND replay IS NULL", (event,))
        return gone

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; the file is made when it is missing."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
            ) as file:
                file.execute("PRAGMA journal_mode=WAL")
                file.execute("PRAGMA synchronous=FULL")
                file.execute("BEGIN IMMEDIATE")
                try:
                    make_tables(file)
                    yield file
                    file.execute("COMMIT")
                finally:
                    if file.in_transaction:
                        file.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error
        except OSError as error:
            raise DeadLettersUnavailable(
                f"dead letters cannot be kept: {error.strerror}", where=str(self._folder)
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One look, of one moment; None when there is nothing to look at."""
        if not self._is_there():
            yield None
            return
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as file:
                file.execute("BEGIN")
                yield file if version_of(file) else None
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error

    def _is_there(self) -> bool:
        try:
            return self._path.exists()
        except OSError as error:
            raise DeadLettersUnavailable(
                f"the dead letters cannot be looked at: {error.strerror}", where=str(self._path)
            ) from error

    def _trouble(self, error: sqlite3.DatabaseError) -> DiskFull | DeadLettersUnavailable:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return DiskFull("no room for dead letters", where=str(self._path))
        return DeadLettersUnavailable(
            f"the dead letters cannot be used: {error}", where=str(self._path)
        )


def _name(letter: Letter) -> tuple[str, str]:
    return letter.head.event, letter.head.part


def _replay(database: sqlite3.Connection, sequence: int) -> Replay:
    rows = database.execute(
        f"SELECT {HEAD}, value FROM letters WHERE replay=? ORDER BY number",  # noqa: S608 - a constant
        (sequence,),
    )
    letters = [Letter(head_of(row[:-1]), row[-1]) for row in rows]
    return Replay(meta_of(database, "id"), sequence, letters)
