"""Rotation by copy and truncation: the source goes on in the copy, and nothing is read twice."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from logboom.clock import SystemClock
from logboom.config import Config, FileInput, ShipperSection, StdinInput
from logboom.event import IndexDays
from shipper.batches import Batch
from shipper.events.assembly import Assembled, Assembler
from shipper.files import handles
from shipper.reading.reading import Reader
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord
from shipper.workers.alone import OwnMaker

LINE = "2026-11-21T06:24:28.{:03d}Z INFO shop - line number {}\n"


def lines(first: int, last: int) -> str:
    return "".join(LINE.format(number % 1000, number) for number in range(first, last))


class Shipping:
    """A shipper's reading half, acknowledged at once; it can be stopped and started."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.registry_path = folder / "state" / "registry.db"
        self.section = FileInput(path=[str(folder / "logs" / pattern)])
        self.messages: list[str] = []
        self._sequence = 0
        self.start()

    def start(self) -> None:
        self.registry = Registry(self.registry_path)
        clock = SystemClock()
        self.watcher = Watcher([self.section], self.registry, self._make_source, clock)
        section = ShipperSection(flush_after=timedelta(0))
        self.reader = Reader(self.watcher, self.registry, section, clock, OwnMaker(self._deliver))

    def stop(self) -> None:
        for source in self.watcher.sources.values():
            source.close()
        self.registry.close()

    def _make_source(self, record: SourceRecord, section: FileInput | StdinInput) -> Source:
        def assembler(source: Source, epoch: int) -> Assembler:
            return Assembler(
                section, source=source.id, run=f"{source.id}{epoch}"[-13:], epoch=epoch,
                path=source.path, max_event_bytes=100_000, days=IndexDays(Config().retention.keep),
            )  # fmt: skip

        return Source(record, section, assembler)

    async def _deliver(self, assembled: Assembled) -> None:
        segment = assembled.segment
        if segment is None:
            return
        self._sequence += 1
        batch = Batch(self._sequence, [segment], assembled.messages, assembled.size_bytes)
        self.registry.advance(planned=[batch], acked=[])
        self.registry.advance(planned=[], acked=[batch])
        for source in self.watcher.sources.values():
            if source.id == segment.source:
                source.settle(segment)
        self.messages += [orjson.loads(message.value)["message"] for message in assembled.messages]

    def look(self) -> None:
        """Scans and reads until nothing more comes."""
        for _ in range(4):
            self.watcher.scan()
            for source in self.watcher.sources.values():
                source.next_look = 0.0
            asyncio.run(self._turns())

    async def _turns(self) -> None:
        for _ in range(6):
            await self.reader.turn()
            for source in self.watcher.sources.values():
                source.next_look = 0.0

    def numbers(self) -> list[int]:
        return sorted(int(message.rsplit(" ", 1)[1]) for message in self.messages)


@pytest.fixture(params=["app.log", "app.log*", "*"])
def shipping(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shipping]:
    (tmp_path / "logs").mkdir()
    made = Shipping(tmp_path, request.param)
    yield made
    made.stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "app.log"


def copy_and_truncate(log: Path, name: str = "app.log.1") -> None:
    shutil.copyfile(log, log.with_name(name))
    with log.open("r+b") as file:
        file.truncate(0)


def append(log: Path, first: int, last: int) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(lines(first, last))


@pytest.mark.parametrize("name", ["app.log.1", "app.log-20261121", "app-2026-11-21.log"])
def test_what_was_not_read_before_the_truncation_is_read_from_the_copy(
    shipping: Shipping, log: Path, name: str
) -> None:
    append(log, 0, 100)
    shipping.look()
    append(log, 100, 200)
    copy_and_truncate(log, name)
    append(log, 200, 250)
    shipping.look()
    assert shipping.numbers() == list(range(250))
    append(log, 250, 300)
    shipping.look()
    assert shipping.numbers() == list(range(300))


def test_a_copy_of_what_was_read_already_is_not_read_again(shipping: Shipping, log: Path) -> None:
    append(log, 0, 100)
    shipping.look()
    copy_and_truncate(log)
    shipping.look()
    append(log, 100, 400)
    shipping.look()
    assert shipping.numbers() == list(range(400))


def test_a_copy_in_the_making_is_not_read(shipping: Shipping, log: Path) -> None:
    append(log, 0, 100)
    shipping.look()
    whole = log.read_bytes()
    copy = log.with_name("app.log.1")
    for size in (0, 7, 40, 3000, len(whole)):
        copy.write_bytes(whole[:size])
        shipping.look()
    with log.open("r+b") as file:
        file.truncate(0)
    append(log, 100, 110)
    shipping.look()
    assert shipping.numbers() == list(range(110))


def test_copied_and_truncated_while_nobody_looked(shipping: Shipping, log: Path) -> None:
    append(log, 0, 100)
    shipping.look()
    shipping.stop()
    append(log, 100, 200)
    copy_and_truncate(log)
    append(log, 200, 300)
    shipping.start()
    shipping.look()
    assert shipping.numbers() == list(range(300))


def test_again_and_again_with_restarts(shipping: Shipping, log: Path) -> None:
    for turn in range(6):
        append(log, turn * 50, turn * 50 + 30)
        shipping.look()
        append(log, turn * 50 + 30, turn * 50 + 50)
        if turn % 2:
            shipping.stop()
        older = log.with_name("app.log.2")
        if log.with_name("app.log.1").exists():
            log.with_name("app.log.1").rename(older)
        copy_and_truncate(log)
        if turn % 2:
            shipping.start()
        shipping.look()
    assert shipping.numbers() == list(range(300))


def test_a_truncation_without_a_copy_begins_anew(shipping: Shipping, log: Path) -> None:
    append(log, 0, 100)
    shipping.look()
    log.write_text(lines(100, 120))
    shipping.look()
    assert shipping.numbers() == list(range(120))


def test_a_rotated_file_that_begins_alike_is_no_copy(shipping: Shipping, log: Path) -> None:
    log.with_name("app.log.1").write_text(lines(0, 40) + lines(500, 540))
    log.write_text(lines(0, 40) + lines(600, 640))
    shipping.look()
    named = len(list(log.parent.glob(Path(shipping.section.path[0]).name)))
    assert len(shipping.messages) == 80 * named


def age(path: Path, seconds: int) -> None:
    """A file was changed so long ago."""
    when_ns = SystemClock().now_ns() - seconds * 10**9
    os.utime(path, ns=(when_ns, when_ns))


def test_copied_and_truncated_after_it_was_found_and_before_it_was_read(
    shipping: Shipping, log: Path
) -> None:
    append(log, 0, 100)
    age(log, 60)
    shipping.watcher.scan()
    for source in shipping.watcher.sources.values():
        source.found_at -= 10.0  # something else was in its way
    append(log, 100, 200)
    copy_and_truncate(log)
    append(log, 200, 250)
    shipping.look()
    assert shipping.numbers() == list(range(250))


def test_copied_and_truncated_twice_between_a_start_and_the_first_reading(
    shipping: Shipping, log: Path
) -> None:
    append(log, 0, 100)
    shipping.look()
    shipping.stop()
    append(log, 100, 200)
    shipping.start()
    shipping.watcher.scan()
    copy_and_truncate(log, "app.log.2")
    age(log.with_name("app.log.2"), 5)
    append(log, 200, 300)
    copy_and_truncate(log)
    append(log, 300, 350)
    shipping.look()
    assert shipping.numbers() == list(range(350))


def test_copies_that_are_shifted_while_somebody_looks_for_one(
    shipping: Shipping, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two openings the copy moves on to the next name: it is looked for again."""
    append(log, 0, 100)
    shipping.look()
    shutil.copyfile(log, log.with_name("app.log.2"))
    shutil.copyfile(os.devnull, log.with_name("app.log.1"))
    os.truncate(log, 0)
    opened: list[str] = []
    open_file = handles._open

    def shift_then_open(path: str) -> int:
        opened.append(path)
        if opened.count(path) == 1 and path.endswith(".2"):
            for number in (2, 1):
                log.with_name(f"app.log.{number}").rename(log.with_name(f"app.log.{number + 1}"))
        return open_file(path)

    monkeypatch.setattr(handles, "_open", shift_then_open)
    shipping.look()
    append(log, 100, 110)
    shipping.look()
    assert shipping.numbers() == list(range(110))
