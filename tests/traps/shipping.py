"""A shipper's reading half over real files, acknowledged at once or on demand."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from logboom.clock import ManualClock
from logboom.config import Config, FileInput, ShipperSection, StdinInput
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.delivery.replay import planned_batches
from shipper.events.assembly import Assembled, Assembler
from shipper.reading.noting import news_of
from shipper.reading.reading import Reader
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord
from shipper.workers.alone import OwnMaker

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAX_EVENT_BYTES = 100_000
STRANGE_NAMES = [
    "app.log_old", "app-20261122-web1.log", "X-20261122-004-B.log", "app.log.old_saved"
]  # fmt: skip
"""Names of rotated logs that say nothing."""


class Shipping:
    """Reads what an input names; time passes only when it is told to.

    Args:
        folder: `logs` in it is read, the registry is beside.
        pattern: Of names in `logs`.
        acknowledge: Every batch at once; else `acknowledge` does.
        open_files: How many may be open.
        settings: Of the input.
    """

    def __init__(
        self, folder: Path, pattern: str = "*", *, acknowledge: bool = True, open_files: int = 512,
        **settings: object,
    ) -> None:  # fmt: skip
        self.logs = folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self.registry_path = folder / "state" / "registry.db"
        self.section = FileInput.model_validate({"path": str(self.logs / pattern), **settings})
        self.clock = ManualClock(NOW)
        self.events: list[dict[str, object]] = []
        self.order: list[str] = []
        self.planned: list[Batch] = []
        self.skipped: list[int] = []
        self._acknowledges = acknowledge
        self._open_files = open_files
        self.start()

    def start(self) -> None:
        self.registry = Registry(self.registry_path)
        self.watcher = Watcher(
            [self.section],
            self.registry,
            self._make_source,
            self.clock,
            open_files=self._open_files,
        )
        section = ShipperSection(flush_after=timedelta(0))
        self.reader = Reader(
            self.watcher, self.registry, section, self.clock, OwnMaker(self.deliver),
            skipped=self.skipped.append,
        )  # fmt: skip
        self.sources: dict[str, Source] = {}
        self._scan()

    def stop(self) -> None:
        for source in self.watcher.sources.values():
            source.close()
        self.registry.close()

    def restart(self) -> list[Batch]:
        """Ends as a crash does, starts again, and gives what is sent again."""
        self.stop()
        self.planned = []
        self.start()
        return list(planned_batches(self.registry, self.sources, now_ns=self.clock.now_ns()))

    @contextmanager
    def unwatched(self, *, is_down: bool) -> Iterator[None]:
        """What happens meanwhile is found by the next look, or, when it is down, by the next start."""
        if is_down:
            self.stop()
        yield
        if is_down:
            self.start()

    def _make_source(self, record: SourceRecord, section: FileInput | StdinInput) -> Source:
        return Source(record, section, self._assembler)

    def _assembler(self, source: Source, epoch: int) -> Assembler:
        return Assembler(
            source.section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
            path=source.family, max_event_bytes=MAX_EVENT_BYTES, days=IndexDays(Config().retention.keep),
        )  # fmt: skip

    def _scan(self) -> None:
        for source in self.watcher.scan():
            self.sources[source.id] = source

    async def deliver(self, assembled: Assembled) -> None:
        segment = assembled.segment
        if segment is None:
            return
        number = self.registry.last_sequence + 1
        batch = Batch(number, [segment], assembled.messages, assembled.size_bytes)
        self.registry.advance(planned=[batch], acked=[])
        self.planned.append(batch)
        self.events += [orjson.loads(message.value) for message in assembled.messages]
        self.order.append(self.sources[segment.source].path.rpartition("/")[2])
        if self._acknowledges:
            self.acknowledge(self.planned)

    def acknowledge(self, batches: Sequence[Batch]) -> None:
        """The broker has these."""
        self.registry.advance(planned=[], acked=batches)
        for batch in tuple(batches):
            for segment in batch.segments:
                self.sources[segment.source].settle(segment)
            self.planned.remove(batch)

    def note(self) -> None:
        """What is known of files is kept, as every second."""
        news_of(self.watcher.sources.values()).keep_in(self.registry)

    def look(self, *, passing_s: float = 6.0) -> None:
        """Time passes, files are looked for and are read until nothing more comes."""
        for _ in range(3):
            self.clock.advance(passing_s / 3)
            self.watcher.hurry()
            self._scan()
            asyncio.run(self._turns())

    async def _turns(self) -> None:
        for _ in range(4):
            self.clock.advance(0.05)
            while await self.reader.turn():
                pass

    def texts(self) -> list[str]:
        """What was shipped, in order."""
        return [str(event["message"]) for event in self.events]

    def numbers(self) -> list[int]:
        """Numbers at the end of the texts, ascending."""
        return sorted(int(text.rsplit(" ", 1)[1]) for text in self.texts())

    def tags(self) -> set[str]:
        """All tags of what was shipped."""
        found: set[str] = set()
        for event in self.events:
            tags = event.get("tags", [])
            assert isinstance(tags, list)
            found |= {str(tag) for tag in tags}
        return found


def lines(first: int, last: int) -> str:
    """Lines with these numbers at their ends."""
    stamp = "2026-11-21T06:24:28.{:03d}Z INFO shop - line number {}\n"
    return "".join(stamp.format(number % 1000, number) for number in range(first, last))


def long_lines(first: int, last: int) -> str:
    """The same with a thousand characters each: several pieces of reading, and few events."""
    return lines(first, last).replace("line number", f"{'much ' * 190} line number")


def append(log: Path, first: int, last: int) -> None:
    """Writes lines at the end of a file."""
    with log.open("a", encoding="utf-8") as file:
        file.write(lines(first, last))


def compress(path: Path) -> Path:
    """What logrotate does: the compressed file is there before the other is deleted."""
    packed = path.with_name(f"{path.name}.gz")
    with path.open("rb") as file, gzip.open(packed, "wb") as out:
        shutil.copyfileobj(file, out)
    times = path.stat()
    os.utime(packed, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.unlink()
    return packed


def give_inode_again(log: Path, inode: int, text: str) -> None:
    """Writes a log anew until it has the inode of the one before, if the file system gives it."""
    log.unlink()
    for attempt in range(200):
        log.write_text(text)
        if log.stat().st_ino == inode:
            return
        log.rename(log.parent.parent / f"keep{attempt}")
    pytest.skip("this file system does not use inodes again")
