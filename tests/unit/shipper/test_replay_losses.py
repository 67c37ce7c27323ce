"""What was planned and cannot be sent again is a fact that stays, and nothing else is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from logboom.clock import SystemClock
from logboom.config import Config, FileInput, ShipperSection, StdinInput
from logboom.event import IndexDays, source_run
from logboom.status import LossStatus
from shipper.batches import Batch
from shipper.delivery.replay import planned_batches
from shipper.events.assembly import Assembled, Assembler
from shipper.reading.noting import news_of
from shipper.reading.reading import Reader
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord
from shipper.workers.alone import OwnMaker

NOW_NS = 1_700_000_000_000_000_000
LINES = "".join(f"2026-11-21T06:24:28Z INFO shop - line {number}\n" for number in range(10))


class Shipper:
    """Reads and plans; nothing of it is ever acknowledged but on demand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state" / "registry.db"
        self.section = FileInput(path=[str(folder / "logs" / "*.log")])
        self.registry: Registry | None = None
        self.batches: list[Batch] = []
        self._read: list[Assembled] = []
        self.watcher: Watcher

    def open(self) -> Registry:
        """A new start; sources are as the file system has them now."""
        self.registry = Registry(self.path)
        self.watcher = Watcher([self.section], self.registry, self._source, SystemClock())
        self.watcher.scan()
        return self.registry

    def close(self) -> None:
        """The end, as a crash leaves it."""
        if self.registry is not None:
            for source in self.watcher.sources.values():
                source.close()
            self.registry.close()
            self.registry = None

    def plan(self) -> None:
        """Reads everything there is and plans it in one batch."""
        registry = self.open()
        section = ShipperSection(flush_after=timedelta(0))
        reader = Reader(self.watcher, registry, section, SystemClock(), OwnMaker(self._deliver))

        async def turns() -> None:
            for _ in range(4):
                await reader.turn()
                for source in self.watcher.sources.values():
                    source.next_look = 0.0

        asyncio.run(turns())
        number = registry.last_sequence + 1
        segments = [one.segment for one in self._read if one.segment is not None]
        messages = [message for one in self._read for message in one.messages]
        batch = Batch(number, segments, messages, sum(one.size_bytes for one in self._read))
        registry.advance(planned=[batch], acked=[])
        self._read = []
        self.batches.append(batch)

    def acknowledge(self) -> None:
        """The broker has taken all that was planned."""
        assert self.registry is not None
        self.registry.advance(planned=[], acked=self.batches)
        self.batches = []

    def again(self) -> list[Batch]:
        """What is sent again."""
        assert self.registry is not None
        sources = {source.id: source for source in self.watcher.sources.values()}
        return list(planned_batches(self.registry, sources, now_ns=NOW_NS))

    def losses(self) -> list[LossStatus]:
        assert self.registry is not None
        return self.registry.losses(shipper="here")

    def _source(self, record: SourceRecord, section: FileInput | StdinInput) -> Source:
        def assembler(source: Source, epoch: int) -> Assembler:
            return Assembler(
                section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
                path=source.path, max_event_bytes=100_000, days=IndexDays(Config().retention.keep),
            )  # fmt: skip

        return Source(record, section, assembler)

    async def _deliver(self, assembled: Assembled) -> None:
        self._read.append(assembled)


@pytest.fixture
def shipper(tmp_path: Path) -> Iterator[Shipper]:
    (tmp_path / "logs").mkdir()
    made = Shipper(tmp_path)
    yield made
    made.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "logs" / "app.log"
    path.parent.mkdir(exist_ok=True)
    path.write_text(LINES)
    return path


def messages_of(batches: list[Batch]) -> list[str]:
    return [orjson.loads(m.value)["message"] for batch in batches for m in batch.messages]


def test_what_is_still_there_is_sent_again_and_nothing_is_lost(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.close()
    shipper.open()
    assert len(messages_of(shipper.again())) == 10
    assert shipper.losses() == []


def test_what_was_rotated_away_is_found(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.close()
    log.rename(log.with_name("app.log.1"))
    shipper.open()
    assert len(messages_of(shipper.again())) == 10
    assert shipper.losses() == []


def test_lines_of_a_deleted_file_are_lost(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.close()
    log.unlink()
    shipper.open()
    assert messages_of(shipper.again()) == []
    (loss,) = shipper.losses()
    assert (loss.path, loss.lines, loss.bytes) == (str(log), 10, len(LINES))
    assert (dict(loss.days), loss.at_ns) == ({"2026-11-21": 10}, NOW_NS)
    assert "deleted" in loss.reason


@pytest.mark.parametrize("content", ["", "2026-11-21T06:24:29Z INFO shop - other\n" * 30])
def test_lines_of_an_overwritten_file_are_lost(shipper: Shipper, log: Path, content: str) -> None:
    shipper.plan()
    shipper.close()
    log.write_text(content)
    shipper.open()
    assert messages_of(shipper.again()) == []
    (loss,) = shipper.losses()
    assert (loss.path, loss.lines) == (str(log), 10)
    assert "overwritten" in loss.reason


def test_a_replaced_file_costs_what_was_not_acknowledged(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.acknowledge()
    with log.open("a") as file:
        file.write(LINES)
    shipper.close()
    shipper.plan()
    shipper.close()
    log.unlink()
    log.write_text("2026-11-21T07:00:00Z INFO shop - new\n")
    shipper.open()
    assert messages_of(shipper.again()) == []
    (loss,) = shipper.losses()
    assert (loss.lines, loss.bytes) == (10, len(LINES))


def test_what_was_acknowledged_is_not_lost_with_its_file(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.acknowledge()
    shipper.close()
    log.unlink()
    shipper.open()
    assert shipper.again() == []
    assert shipper.losses() == []


def test_a_loss_is_found_once_and_stays(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.close()
    log.unlink()
    shipper.open()
    shipper.again()
    found = shipper.losses()
    shipper.close()  # before anything of it was settled
    shipper.open()
    assert shipper.again() == []
    assert shipper.losses() == found


def test_what_was_being_sent_and_is_lost_is_not_told_to_be_unread_as_well(
    shipper: Shipper, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shipper.plan()
    assert shipper.registry is not None
    news_of(shipper.watcher.sources.values()).keep_in(shipper.registry)
    shipper.close()
    log.unlink()
    shipper.open()
    shipper.again()
    shipper.close()
    registry = shipper.open()
    assert [(loss.lines, loss.unread) for loss in shipper.losses()] == [(10, 0)]
    assert registry.losses_noted == 0
    assert "never read" not in caplog.text


def test_one_of_two_files_of_a_batch_is_lost(shipper: Shipper, log: Path) -> None:
    other = log.with_name("other.log")
    other.write_text(LINES.replace("line", "other"))
    shipper.plan()
    shipper.close()
    log.unlink()
    shipper.open()
    shipper.batches = shipper.again()
    assert set(messages_of(shipper.batches)) == {f"other {number}" for number in range(10)}
    shipper.acknowledge()
    shipper.close()
    shipper.open()
    assert shipper.again() == []
    assert [loss.path for loss in shipper.losses()] == [str(log)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_opened_now_is_not_lost(shipper: Shipper, log: Path) -> None:
    shipper.plan()
    shipper.close()
    log.chmod(0)
    shipper.open()
    assert shipper.again() == []
    assert shipper.losses() == []
    log.chmod(0o600)


@pytest.mark.parametrize("version", [1, 2])
def test_a_registry_of_an_older_format_learns_of_losses(
    shipper: Shipper, log: Path, version: int
) -> None:
    registry = shipper.open()
    older = {1: "ALTER TABLE planned DROP COLUMN marks; ", 2: ""}[version]
    registry._database.executescript(
        f"{older}ALTER TABLE planned DROP COLUMN dropped; DROP TABLE dropped; DROP TABLE lost;"
        f" ALTER TABLE sources DROP COLUMN packed_size;"
        f" ALTER TABLE sources DROP COLUMN seen; ALTER TABLE sources DROP COLUMN seen_guard;"
        " ALTER TABLE sources DROP COLUMN let_go; ALTER TABLE sources DROP COLUMN vanished_ns;"
        f" PRAGMA user_version={version}"
    )
    shipper.close()
    shipper.plan()
    shipper.close()
    log.unlink()
    registry = shipper.open()
    shipper.again()
    assert [loss.lines for loss in shipper.losses()] == [10]
    assert registry._database.execute("PRAGMA user_version").fetchone() == (10,)
