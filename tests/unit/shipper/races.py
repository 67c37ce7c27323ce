"""Logs that are rotated in the very moment in which somebody looks: how tests make that happen."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import FileInput, StdinInput
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.delivery.replay import planned_batches
from shipper.events.assembly import Assembler
from shipper.files import handles
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry, SourceRecord

FIRST = b"".join(b"2026-11-21T06:24:28Z INFO a - the first file's line %d\n" % n for n in range(90))
HALF = FIRST.index(b"\n", len(FIRST) // 2) + 1
SECOND = b"".join(b"2026-11-21T06:25:28Z INFO a - the second one's %d\n" % n for n in range(50))


def make_source(record: SourceRecord, section: FileInput | StdinInput) -> Source:
    def assembler(source: Source, epoch: int) -> Assembler:
        return Assembler(
            section, source=source.id, run=source_run(source.id, epoch), epoch=epoch,
            path=source.family, max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
        )  # fmt: skip

    return Source(record, section, assembler)


def plan_the_rest(registry: Registry, log: Path) -> None:
    """The registry knows the log up to its middle, and has a plan for the rest of it."""
    watcher = Watcher([FileInput(path=[str(log)])], registry, make_source, SystemClock())
    (source,) = watcher.scan()
    for number, (piece, acked) in enumerate([(FIRST[:HALF], True), (FIRST[HALF:], False)], 1):
        taken = source.take(piece, read_ns=1)
        assert taken.segment is not None
        batch = Batch(number, [taken.segment], taken.messages, taken.size_bytes)
        registry.advance(planned=[batch], acked=[batch] if acked else [])
    source.close()


def rotate(log: Path) -> None:
    log.rename(log.with_name("app.log.1"))
    log.write_bytes(SECOND)


def shift(log: Path, text: bytes) -> None:
    """One more rotation of a log that was rotated before; a new file has that text."""
    numbered = sorted(log.parent.glob("app.log.*"), reverse=True)
    for path in numbered:
        path.rename(log.with_name(f"app.log.{int(path.suffix[1:]) + 1}"))
    log.rename(log.with_name("app.log.1"))
    log.write_bytes(text)


def once(act: Callable[[], None]) -> Callable[[], None]:
    """Does something at the first call only."""
    todo = [act]
    return lambda: todo.pop()() if todo else None


def start(log: Path, registry: Registry) -> Watcher:
    return Watcher([FileInput(path=[str(log)])], registry, make_source, SystemClock())


def settle(watcher: Watcher) -> int:
    """Scans as a shipper does before anything is sent; how often it took."""
    scans = 0
    while not watcher.is_settled:
        watcher.scan()
        scans += 1
    return scans


def opened(registry: Registry, log: Path) -> dict[str, Source]:
    watcher = start(log, registry)
    settle(watcher)
    return {source.id: source for source in watcher.sources.values()}


def close(watcher: Watcher) -> None:
    for source in watcher.sources.values():
        source.close()


def age(path: Path, seconds: int) -> None:
    """Gives a file another time of change, counted from now."""
    when_ns = SystemClock().now_ns() + seconds * 10**9
    os.utime(path, ns=(when_ns, when_ns))


def read(watcher: Watcher) -> None:
    """Everything is read and acknowledged."""
    for source in watcher.sources.values():
        assert source.file is not None
        taken = source.take(source.file.read(10**6).data, read_ns=1)
        assert taken.segment is not None
        source.settle(taken.segment)


def content_of(source: Source) -> bytes:
    """What its file begins with."""
    assert source.file is not None
    return source.file.content.pread(HALF, 0)


def rotate_before_openings(
    monkeypatch: pytest.MonkeyPatch, at: set[int], rotating: Callable[[int], None]
) -> None:
    """Rotates just before some of the openings of files, which are counted from 0."""
    openings, really_open = count(), handles._open

    def rotate_then_open(path: str) -> int:
        number = next(openings)
        if number in at:
            rotating(number)
        return really_open(path)

    monkeypatch.setattr(handles, "_open", rotate_then_open)


def assert_all_is_sent_again(registry: Registry, sources: dict[str, Source]) -> None:
    (batch,) = planned_batches(registry, sources, now_ns=1)
    assert len(batch.messages) == FIRST[HALF:].count(b"\n")
    assert registry.losses(shipper="s") == []
    for source in sources.values():
        source.close()
