"""What does the shipper know about its sources, durably?

A SQLite database in WAL mode with full synchronisation. It holds the checkpoint of every source,
and the *plan* of every batch that is not acknowledged yet: which spans it consists of and when
they were read. After a crash exactly those spans are sent again, under their old numbers.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import zstandard

from logboom.errors import AlreadyRunning, ConfigError, DiskFull
from logboom.status import LossStatus
from shipper.batches import Batch, Segment
from shipper.dropped import DROPPED_TABLE, count_dropped, read_dropped
from shipper.losses import LOST_TABLE, Loss, row_of, statuses_of

_SCHEMA_VERSION = 5
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
  epoch INTEGER NOT NULL, offset INTEGER NOT NULL, prefix BLOB NOT NULL, guard BLOB NOT NULL,
  lines_acked INTEGER NOT NULL DEFAULT 0, lines_empty INTEGER NOT NULL DEFAULT 0,
  lines_dead INTEGER NOT NULL DEFAULT 0, changed_ns INTEGER NOT NULL, family TEXT NOT NULL
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
}
"""What makes the next format of each."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What is known of one source.

    Attributes:
        id: Opaque and unique.
        path: Last known path.
        family: The path under which an input named it: its own, or that of the file it was
            rotated away from.
        device: Of its file; evidence only.
        inode: Of its file; evidence only.
        epoch: How often it has begun anew from offset 0.
        offset: Checkpoint: everything before it is durable downstream.
        prefix: The first bytes of the file.
        guard: The last bytes before the checkpoint.
        acked: Events that the broker has acknowledged, by (run, day).
        dropped: Lines that rules have dropped, by the rule's name.
    """

    id: str
    path: str
    family: str
    device: int
    inode: int
    epoch: int
    offset: int
    prefix: bytes
    guard: bytes
    changed_ns: int
    lines_acked: int = 0
    lines_empty: int = 0
    lines_dead: int = 0
    acked: dict[tuple[str, str], int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


class Registry:
    """The shipper's memory. One process at a time; threads take turns.

    Args:
        path: The database; its folder is made when it is missing.

    Raises:
        AlreadyRunning: Another process has it open.
        DiskFull: There is no room to open it.
        ConfigError: A newer logboom wrote it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = _lock(path)
        self._turn = threading.Lock()
        self.set_aside: Path | None = None
        try:
            self._database = self._open_or_set_aside()
        except BaseException:
            os.close(self._lock)
            raise

    def _open_or_set_aside(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            if _is_about_room(error):
                raise DiskFull("no room for the registry", where=str(self._path)) from error
            self.set_aside = self._move_away()
            return self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            database.close()
            raise ConfigError(
                f"the registry was written by a newer logboom (its format is {version}, this one"
                f" knows {_SCHEMA_VERSION})",
                where=str(self._path),
                mend="use that version again, or another data folder",
            )
        for older in range(version, _SCHEMA_VERSION) if version else ():
            with _transaction(database):
                database.execute(_MIGRATIONS[older])
                database.execute(f"PRAGMA user_version={older + 1}")
        if version == 0:
            with _transaction(database):
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    database.execute(statement)
                database.execute(
                    "INSERT INTO meta VALUES ('id', ?), ('sequence', '0')", (uuid.uuid4().hex,)
                )
                database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        database.execute("SELECT count(*) FROM sources")
        return database

    def _move_away(self) -> Path:
        for number in range(1, 1000):
            target = self._path.with_name(f"{self._path.name}.damaged-{number}")
            if not target.exists():
                break
        self._path.rename(target)
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        return target

    def close(self) -> None:
        """Lets go of the database and of the lock."""
        self._database.close()
        os.close(self._lock)

    @property
    def id(self) -> str:
        """Unique id of this registry: the name under which its batches are numbered."""
        row = self._database.execute("SELECT value FROM meta WHERE key='id'").fetchone()
        return str(row[0])

    @property
    def last_sequence(self) -> int:
        """Number of the last batch that was planned; 0 before the first."""
        row = self._database.execute("SELECT value FROM meta WHERE key='sequence'").fetchone()
        return int(row[0])

    @property
    def first_start(self) -> bool:
        """True until `started` was called once."""
        return self._database.execute("SELECT 1 FROM meta WHERE key='started'").fetchone() is None

    def started(self) -> None:
        """Remembers that the first scan for files is over."""
        self._database.execute("INSERT OR IGNORE INTO meta VALUES ('started', '1')")

    def sources(self) -> list[SourceRecord]:
        """All sources that were ever added and not forgotten."""
        rows = self._database.execute(
            "SELECT id, path, family, device, inode, epoch, offset, prefix, guard, changed_ns,"
            " lines_acked, lines_empty, lines_dead FROM sources"
        )
        records = {row[0]: SourceRecord(*row) for row in rows}
        for source, run, day, events in self._database.execute("SELECT * FROM acked"):
            if source in records:
                records[source].acked[run, day] = events
        for source, dropped in read_dropped(self._database).items():
            if source in records:
                records[source].dropped.update(dropped)
        return list(records.values())

    def put(self, records: Iterable[SourceRecord]) -> None:
        """Adds sources, or replaces what is known of them, except for the ledger's counts.

        Raises:
            DiskFull: There is no room; nothing was changed.
        """
        rows = [
            (
                r.id,
                r.path,
                r.family,
                r.device,
                r.inode,
                r.epoch,
                r.offset,
                r.prefix,
                r.guard,
                r.changed_ns,
            )
            for r in records
        ]
        with self._turn, _transaction(self._database):
            self._database.executemany(
                "INSERT INTO sources (id, path, family, device, inode, epoch, offset, prefix, guard,"
                " changed_ns) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET"
                " path=excluded.path, family=excluded.family, device=excluded.device, inode=excluded.inode,"
                " epoch=excluded.epoch, offset=excluded.offset, prefix=excluded.prefix,"
                " guard=excluded.guard, changed_ns=excluded.changed_ns",
                rows,
            )

    def set_prefixes(self, prefixes: Mapping[str, bytes]) -> None:
        """Keeps a better fingerprint of the first bytes: source id → fingerprint.

        Raises:
            DiskFull: There is no room; nothing was changed.
        """
        with self._turn, _transaction(self._database):
            self._database.executemany(
                "UPDATE sources SET prefix=? WHERE id=?",
                [(p, name) for name, p in prefixes.items()],
            )

    def advance(self, *, planned: Sequence[Batch], acked: Sequence[Batch]) -> None:
        """In one transaction: plans batches that are about to be sent, and settles acknowledged ones.

        Args:
            planned: In ascending order of their numbers; each above all that were planned before.
            acked: In the order in which they were planned.

        Raises:
            DiskFull: There is no room; nothing was changed.
        """
        with self._turn, _transaction(self._database):
            self._plan(planned)
            for batch in acked:
                self._settle(batch)

    def _plan(self, batches: Sequence[Batch]) -> None:
        compressor = zstandard.ZstdCompressor(level=1)
        self._database.executemany(
            "INSERT INTO planned VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (batch.sequence, position, *_planned_row(segment, compressor))
                for batch in batches
                for position, segment in enumerate(batch.segments)
            ),
        )
        if batches:
            self._database.execute(
                "UPDATE meta SET value=? WHERE key='sequence'", (str(batches[-1].sequence),)
            )

    def _settle(self, batch: Batch) -> None:
        run = self._database.execute
        run("DELETE FROM planned WHERE sequence=?", (batch.sequence,))
        for segment in batch.segments:
            run(
                "UPDATE sources SET lines_acked=lines_acked+?, lines_empty=lines_empty+?,"
                " lines_dead=lines_dead+? WHERE id=?",
                (segment.lines, segment.empty_lines, segment.dead_lines, segment.source),
            )
            count_dropped(self._database, segment.source, segment.dropped)
            run(
                "UPDATE sources SET offset=?, guard=? WHERE id=? AND epoch=?",
                (segment.end, segment.guard, segment.source, segment.epoch),
            )
            for day, events in segment.days.items():
                run(
                    "INSERT INTO acked VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET"
                    " events=events+excluded.events",
                    (segment.source, segment.run, day, events),
                )

    def lose(self, sequence: int, losses: Sequence[Loss]) -> None:
        """Turns planned segments, whose bytes are gone, from a plan into a fact that stays.

        Args:
            sequence: Number of the batch that they were planned in.

        Raises:
            DiskFull: There is no room; nothing was changed.
        """
        with self._turn, _transaction(self._database):
            for loss in losses:
                segment = loss.segment
                self._database.execute(
                    "INSERT OR IGNORE INTO lost VALUES (?,?,?,?,?,?,?,?,?)", row_of(loss)
                )
                self._database.execute(
                    "DELETE FROM planned WHERE sequence=? AND run=? AND start=?",
                    (sequence, segment.run, segment.start),
                )

    def losses(self, *, shipper: str) -> list[LossStatus]:
        """Everything that was ever lost, by run, for the status stream of a shipper."""
        with self._turn:
            rows = self._database.execute("SELECT * FROM lost ORDER BY run, start").fetchall()
        return statuses_of(rows, shipper=shipper)

    def planned(self) -> Iterator[tuple[int, list[Segment]]]:
        """The batches that were planned and not settled, by ascending number."""
        rows = self._database.execute(
            "SELECT * FROM planned ORDER BY sequence, position"
        ).fetchall()
        decompressor = zstandard.ZstdDecompressor()
        for sequence in dict.fromkeys(row[0] for row in rows):
            segments = [_segment(row[2:], decompressor) for row in rows if row[0] == sequence]
            yield sequence, segments


def _planned_row(segment: Segment, compressor: zstandard.ZstdCompressor) -> tuple[object, ...]:
    days = ",".join(f"{day}:{events}" for day, events in segment.days.items())
    return (
        segment.source, segment.run, segment.epoch, segment.start, segment.end, segment.read_ns,
        segment.starts.tobytes(), segment.ends.tobytes(),
        compressor.compress("\n".join(segment.timestamps).encode()),
        segment.lines, segment.empty_lines, days, segment.guard,
        orjson.dumps(segment.marks, option=orjson.OPT_NON_STR_KEYS), orjson.dumps(segment.dropped),
    )  # fmt: skip


def _segment(row: tuple[object, ...], decompressor: zstandard.ZstdDecompressor) -> Segment:
    (
        source, run, epoch, start, end, read_ns, starts, ends, stamps, lines, empty, days, guard,
        marks, dropped,
    ) = row  # fmt: skip
    text = decompressor.decompress(stamps).decode()  # type: ignore[arg-type] # a BLOB column
    return Segment(
        source=str(source), run=str(run), epoch=int(epoch), start=int(start), end=int(end),  # type: ignore[call-overload] # INTEGER columns
        read_ns=int(read_ns), starts=_offsets(starts), ends=_offsets(ends),  # type: ignore[call-overload,arg-type]
        timestamps=text.split("\n") if text else [], lines=int(lines), empty_lines=int(empty),  # type: ignore[call-overload]
        days={d: int(n) for d, n in (p.split(":") for p in str(days).split(",") if p)},
        guard=bytes(guard),  # type: ignore[call-overload]
        marks={int(number): tags for number, tags in orjson.loads(marks).items()},  # type: ignore[arg-type]
        dropped=orjson.loads(dropped),  # type: ignore[arg-type]
    )  # fmt: skip


def _offsets(blob: bytes) -> array[int]:
    offsets = array("I")
    offsets.frombytes(blob)
    return offsets


def _lock(path: Path) -> int:
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
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
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
