"""How are SQLite files opened that several processes share, and what do their errors mean for us?"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from logboom.errors import DiskFull, LogboomError, is_for_room

_BUSY_S = 30.0
_PAGE_BYTES = 16_384
_JOURNAL_BYTES = 16 * 2**20
_ROOM_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_RIGHTS_CODES = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})


@dataclass(frozen=True, slots=True)
class Terms:
    """In whose words a file's troubles are told.

    Attributes:
        owner: Whose file it is, as in "no room for ...".
        content: What it holds, as in "... may still be saved".
        outdated: How to mend that another version wrote it.
        unavailable: Raised when trying again may help.
        refused: Raised when it does not.
        full: Raised when there is no room.
    """

    owner: str
    content: str
    outdated: str
    unavailable: type[LogboomError]
    refused: type[LogboomError]
    full: type[DiskFull] = DiskFull


class SharedDatabase:
    """A SQLite file in WAL mode that several processes share. One object per thread.

    Args:
        path: The file; made when it is missing.
        synchronous: `FULL` for an fsync per transaction, `NORMAL` for one per checkpoint.
        schema: Statements that make the tables of a new file.
        version: Number of that schema.
        terms: In whose words its troubles are told.

    Raises:
        DiskFull: There is no room to make it.
        LogboomError: `terms.refused`: it is damaged (then it was set aside, if nobody else has it
            open), of another version, or must not be written.
    """

    def __init__(
        self, path: Path, *, synchronous: str, schema: str, version: int, terms: Terms
    ) -> None:
        self._path = path
        self._terms = terms
        self._damaged = False
        self._users = _hold_shared(path, terms)
        try:
            with self.troubles():
                self.connection = sqlite3.connect(
                    path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
                )
                try:
                    self._prepare(synchronous, schema, version)
                except BaseException:
                    self.connection.close()
                    raise
        except BaseException as error:
            if self._damaged:
                raise _set_aside(path, self._users, terms) from error
            os.close(self._users)
            raise

    def _prepare(self, synchronous: str, schema: str, version: int) -> None:
        run = self.connection.execute
        run(f"PRAGMA page_size={_PAGE_BYTES}")
        run("PRAGMA auto_vacuum=INCREMENTAL")
        run("PRAGMA secure_delete=OFF")  # Debian's default would write every deleted page
        run("PRAGMA journal_mode=WAL")
        run(f"PRAGMA journal_size_limit={_JOURNAL_BYTES}")
        run(f"PRAGMA synchronous={synchronous}")
        if self._is_empty():
            with self.transaction():
                if self._is_empty():  # nobody else was faster
                    for statement in filter(str.strip, schema.split(";")):
                        run(statement)
                    run(f"PRAGMA user_version={version}")
        if self._version() != version:
            raise self._terms.refused(
                f"has format {self._version()}, this logboom knows {version}",
                where=str(self._path),
                mend=self._terms.outdated,
            )

    def _is_empty(self) -> bool:
        return not self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in it happens, or nothing of it. Durable at its end when so opened.

        Raises:
            DiskFull: There is no room; nothing was changed.
            LogboomError: `terms.unavailable`: the file is damaged, or held by another process.
        """
        with self.troubles():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    with contextlib.suppress(
                        sqlite3.Error
                    ):  # the first error is the one that says why
                        self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def troubles(self) -> Iterator[None]:
        """What SQLite raises in here is raised in our terms."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._damaged = self._damaged or is_damage(error)
            trouble = trouble_of(error, self._path, self._terms)
            if trouble is None:
                raise
            raise trouble from error

    def close(self) -> None:
        """Lets go of the file."""
        self.connection.close()
        os.close(self._users)


def _hold_shared(path: Path, terms: Terms) -> int:
    """Counts us among the users of a file, so that nobody moves it away under us."""
    try:
        _make(path)
        lock = os.open(f"{path}.users", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise for_os_error(error, path, terms.refused, terms.full) from error
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _make(path: Path) -> None:
    """Makes an empty file, for its owner alone; SQLite makes those beside it alike.

    One that is there is never opened: to close it again would take SQLite's own locks from all of
    this process's connections (POSIX; https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    if path.exists():
        return
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}.new")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """True when a file's content is to blame, and not what the world does to it."""
    return _code(error) in _DAMAGE_CODES


def trouble_of(error: sqlite3.DatabaseError, path: Path, terms: Terms) -> LogboomError | None:
    """What to raise for an error of SQLite's; None for a bug."""
    code, where = _code(error), str(path)
    if code in _ROOM_CODES:
        cause = "" if code == sqlite3.SQLITE_FULL else f", or its disk fails ({error})"
        return terms.full(
            f"no room for {terms.owner}{cause}",
            where=where,
            mend="free some space",
        )
    if code in _DAMAGE_CODES:
        return terms.unavailable(
            f"the file is damaged ({error}); {terms.content} may still be saved",
            where=where,
            mend="stop logboom and repair it with sqlite3's .recover, or move it away",
        )
    if code in _BUSY_CODES:
        return terms.unavailable("is held by another process", where=where)
    if code in _RIGHTS_CODES or (code == sqlite3.SQLITE_CANTOPEN and not _may_be_written(path)):
        return terms.refused(
            f"cannot be opened for writing ({error})", where=where, mend="check its rights"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return terms.unavailable(
            f"cannot be opened ({error})",
            where=where,
            mend="check the room on its disk, and how many files may be open",
        )
    return None


def _may_be_written(path: Path) -> bool:
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        return False
    return os.access(path.parent, os.W_OK | os.X_OK)


def _code(error: sqlite3.DatabaseError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def move_aside(path: Path) -> Path:
    """Moves a damaged file and those beside it away, never over another one.

    Its journal goes first: one that stayed behind would be taken for that of the next file.

    Returns:
        Where it is now.
    """
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{target}{suffix}")
    return target


def _set_aside(path: Path, users: int, terms: Terms) -> LogboomError:
    """Moves a damaged file away, never over another one, and says so."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return terms.refused(
            "the file is damaged, and other processes have it open",
            where=str(path),
            mend="stop all of logboom and start it again: the file is then set aside",
        )
    else:
        target = move_aside(path)
        return terms.refused(
            f"the file was damaged and is set aside as {target.name}: {terms.content} is there",
            where=str(path),
            mend=f"an empty one is begun; save what is left with `sqlite3 {target.name} .recover`",
        )
    finally:
        os.close(users)


def for_os_error(
    error: OSError, path: Path, refused: type[LogboomError], full: type[DiskFull] = DiskFull
) -> LogboomError:
    """What to raise for a failure of the file system; `refused` when trying again does not help."""
    is_refused = isinstance(error, PermissionError | NotADirectoryError | FileExistsError)
    if is_refused or error.errno == errno.EROFS:
        return refused(error.strerror or str(error), where=str(path), mend="check its rights")
    mend = "free some space" if is_for_room(error) else None
    return full(error.strerror or str(error), where=str(path), mend=mend)
