"""What does the shipper know about its sources, durably?

A SQLite database in WAL mode with full synchronisation. It holds the checkpoint of every source,
and the *plan* of every batch that is not acknowledged yet: which spans it consists of and when
they were read. After a crash exactly those spans are sent again, under their old numbers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from logboom.status import LossStatus
from shipper.batches import Batch, Segment
from shipper.registry import plans
from shipper.registry.dropped import count_dropped, read_dropped
from shipper.registry.file import lock_registry, open_registry, patience, transaction, troubles
from shipper.registry.losses import Loss, row_of, statuses_of


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
        prefix: The first bytes of the file; as they were seen, as long as `offset` is 0.
        guard: The last bytes before the checkpoint.
        acked: Events that the broker has acknowledged, by (run, day).
        packed_size: Bytes of a compressed file when the last of its text was acknowledged; 0 before.
        seen: Where its file was seen to end in this epoch; 0 when nothing is known of it.
        seen_guard: The last bytes before that, as long as `offset` is 0.
        let_go: Nobody follows its file any more: what became of that is no news.
        vanished_ns: When its file was found to be gone without knowing whether anything had followed
            what was read, ns since the epoch; 0 when that is not so.
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
    packed_size: int = 0
    seen: int = 0
    seen_guard: bytes = b""
    let_go: bool = False
    vanished_ns: int = 0
    acked: dict[tuple[str, str], int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


class Registry:
    """The shipper's memory. One process at a time; threads take turns.

    Attributes:
        losses_noted: Grows with every loss that is written down.

    Args:
        path: The database; its folder is made when it is missing.

    Raises:
        AlreadyRunning: Another process has it open.
        RegistryUnavailable: There is no room for it, its disk fails, or it is held by others.
        RegistryRefused: It must not be written, or is no registry.
        ConfigError: A newer logboom wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = lock_registry(path)
        self._turn = threading.Lock()
        self.losses_noted = 0
        try:
            self._database, self.set_aside = open_registry(path)
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Lets go of the database and of the lock."""
        self._database.close()
        os.close(self._lock)

    @property
    def id(self) -> str:
        """Unique id of this registry: the name under which its batches are numbered."""
        return str(self._rows("SELECT value FROM meta WHERE key='id'")[0][0])

    @property
    def last_sequence(self) -> int:
        """Number of the last batch that was planned; 0 before the first."""
        return int(self._rows("SELECT value FROM meta WHERE key='sequence'")[0][0])

    @property
    def first_start(self) -> bool:
        """True until the first scan for files was over once: see `put`."""
        return not self._rows("SELECT 1 FROM meta WHERE key='started'")

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with troubles(self._path):
            return self._database.execute(statement).fetchall()

    def sources(self) -> list[SourceRecord]:
        """All sources that were ever added and not forgotten."""
        rows = self._rows(
            "SELECT id, path, family, device, inode, epoch, offset, prefix, guard, changed_ns,"
            " lines_acked, lines_empty, lines_dead, packed_size, seen, seen_guard, let_go, vanished_ns"
            " FROM sources"
        )
        records = {row[0]: SourceRecord(*row) for row in rows}
        for source, run, day, events in self._rows("SELECT * FROM acked"):
            if source in records:
                records[source].acked[run, day] = events
        with troubles(self._path):
            dropped = read_dropped(self._database)
        for source, counts in dropped.items():
            if source in records:
                records[source].dropped.update(counts)
        return list(records.values())

    def put(self, records: Iterable[SourceRecord], *, started: bool = False) -> None:
        """Adds sources, or replaces what is known of them, except for the ledger's counts.

        A checkpoint never goes back: what was settled since a record was made counts.

        Args:
            records: Of the sources.
            started: The first scan for files is over with them.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        rows = [
            (r.id, r.path, r.family, r.device, r.inode, r.epoch, r.offset, r.prefix, r.guard,
             r.changed_ns, r.packed_size, r.seen, r.seen_guard, r.let_go, r.vanished_ns)
            for r in records
        ]  # fmt: skip
        with self._turn, transaction(self._database, self._path):
            self._database.executemany(
                "INSERT INTO sources (id, path, family, device, inode, epoch, offset, prefix, guard,"
                " changed_ns, packed_size, seen, seen_guard, let_go, vanished_ns)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (id) DO UPDATE"
                " SET path=excluded.path, family=excluded.family, device=excluded.device,"
                " inode=excluded.inode, epoch=excluded.epoch, prefix=excluded.prefix,"
                " offset=CASE WHEN epoch=excluded.epoch AND offset>excluded.offset"
                " THEN offset ELSE excluded.offset END,"
                " guard=CASE WHEN epoch=excluded.epoch AND offset>excluded.offset"
                " THEN guard ELSE excluded.guard END,"
                " changed_ns=excluded.changed_ns,"
                " packed_size=excluded.packed_size, seen=excluded.seen,"
                " seen_guard=excluded.seen_guard, let_go=excluded.let_go,"
                " vanished_ns=excluded.vanished_ns",
                rows,
            )
            if started:
                self._database.execute("INSERT OR IGNORE INTO meta VALUES ('started', '1')")

    def forget(self, sources: Sequence[str]) -> None:
        """Nothing is known any more of sources that are gone for good.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        names = [(name,) for name in sources]
        with self._turn, transaction(self._database, self._path):
            self._database.executemany("DELETE FROM sources WHERE id=?", names)
            self._database.executemany("DELETE FROM acked WHERE source=?", names)
            self._database.executemany("DELETE FROM dropped WHERE source=?", names)

    def look_again(
        self, *, prefixes: Mapping[str, bytes], seen: Mapping[str, int],
        unread: Collection[str] = (), seen_guards: Mapping[str, bytes] | None = None,
    ) -> None:  # fmt: skip
        """Keeps what more is known of files than when they were found.

        Args:
            prefixes: Source id → a better fingerprint of the first bytes.
            seen: Source id → where its file was seen to end.
            unread: Those whose first bytes were seen only: once some are read, they do not count.
            seen_guards: Source id → the last bytes before that end.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        guards = seen_guards or {}
        with self._turn, transaction(self._database, self._path):
            self._database.executemany(
                "UPDATE sources SET prefix=? WHERE id=? AND (offset=0 OR NOT ?)",
                [(p, name, name in unread) for name, p in prefixes.items()],
            )
            self._database.executemany(
                "UPDATE sources SET seen=?, seen_guard=? WHERE id=?",
                [(end, guards.get(name, b""), name) for name, end in seen.items()],
            )

    def set_paths(
        self, paths: Mapping[str, str], *, changed_ns: int, let_go: Mapping[str, int] | None = None
    ) -> None:
        """Keeps where files are now, or were when they were let go: source id → path.

        Args:
            paths: Source id → path.
            changed_ns: The present, ns since the epoch.
            let_go: Source id → its `vanished_ns`, of those that nobody follows any more.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        with self._turn, transaction(self._database, self._path):
            self._database.executemany(
                "UPDATE sources SET path=?, changed_ns=? WHERE id=?",
                [(path, changed_ns, name) for name, path in paths.items()],
            )
            self._database.executemany(
                "UPDATE sources SET let_go=1, vanished_ns=? WHERE id=?",
                [(vanished_ns, name) for name, vanished_ns in (let_go or {}).items()],
            )

    def advance(self, *, planned: Sequence[Batch], acked: Sequence[Batch]) -> None:
        """In one transaction: plans batches that are about to be sent, and settles acknowledged ones.

        Args:
            planned: In ascending order of their numbers; each above all that were planned before.
            acked: In the order in which they were planned.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        with self._turn, transaction(self._database, self._path):
            self._plan(planned)
            for batch in acked:
                self._settle(batch)

    def _plan(self, batches: Sequence[Batch]) -> None:
        compressor = zstandard.ZstdCompressor(level=1)
        self._database.executemany(
            "INSERT INTO planned VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (batch.sequence, position, *plans.row_of(segment, compressor))
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
                "UPDATE sources SET offset=?, guard=?,"
                " prefix=CASE offset WHEN 0 THEN x'' ELSE prefix END WHERE id=? AND epoch=?",
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
            RegistryError: It cannot be written; nothing was changed.
        """
        with self._turn, patience(self._database), transaction(self._database, self._path):
            for loss in losses:
                segment = loss.segment
                self._database.execute(
                    "INSERT OR IGNORE INTO lost VALUES (?,?,?,?,?,?,?,?,?)", row_of(loss)
                )
                self._database.execute(
                    "DELETE FROM planned WHERE sequence=? AND run=? AND start=?",
                    (sequence, segment.run, segment.start),
                )
                self._database.execute(
                    "UPDATE sources SET seen=0, seen_guard=x'' WHERE id=? AND epoch=? AND seen<=?",
                    (segment.source, segment.epoch, segment.end),
                )
        self.losses_noted += len(losses)

    def lose_unread(self, loss: Loss) -> None:
        """Notes bytes that were never read, and so never planned.

        Raises:
            RegistryError: It cannot be written; nothing was changed.
        """
        with self._turn, transaction(self._database, self._path):
            self._database.execute(
                "INSERT OR IGNORE INTO lost VALUES (?,?,?,?,?,?,?,?,?)", row_of(loss)
            )
            self._database.execute(
                "UPDATE sources SET seen=0, seen_guard=x'' WHERE id=? AND epoch=?",
                (loss.segment.source, loss.segment.epoch),
            )
        self.losses_noted += 1

    def losses(self, *, shipper: str) -> list[LossStatus]:
        """Everything that was ever lost, by run, for the status stream of a shipper."""
        with self._turn:
            rows = self._rows("SELECT * FROM lost ORDER BY run, start")
        return statuses_of(rows, shipper=shipper)

    def planned_ends(self) -> dict[str, tuple[int, bytes]]:
        """Source → up to where it was planned, and the last bytes before: more to know it by."""
        rows = self._rows(
            "SELECT planned.source, planned.end, planned.guard FROM planned"
            " JOIN sources ON sources.id = planned.source AND sources.epoch = planned.epoch"
            " ORDER BY sequence, position"
        )
        return {source: (end, guard) for source, end, guard in rows}

    def planned(self) -> Iterator[tuple[int, list[Segment]]]:
        """The batches that were planned and not settled, by ascending number."""
        rows = self._rows("SELECT * FROM planned ORDER BY sequence, position")
        decompressor = zstandard.ZstdDecompressor()
        for sequence in dict.fromkeys(row[0] for row in rows):
            segments = [
                plans.segment_of(row[2:], decompressor) for row in rows if row[0] == sequence
            ]
            yield sequence, segments
