"""A registry without room holds up what was found, and changes nothing of what is known."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from logboom.broker.local import LocalBroker
from logboom.clock import SystemClock
from logboom.config import Config, FileInput, LocalBrokerSection, ShipperSection
from logboom.dead import DeadLetters
from logboom.errors import RegistryFull
from shipper.batches import Batch
from shipper.events.treatment import Treatment
from shipper.files.hints import FolderHints
from shipper.inputs.spools import Spools
from shipper.reading.sources import Source
from shipper.reading.watching import Watcher
from shipper.registry.losses import unread
from shipper.registry.registry import Registry, SourceRecord
from shipper.run import Shipper
from shipper.shipping import Equipment, Shipping
from tests.polling import soon
from tests.traps.shipping import Shipping as ReadingHalf
from tests.traps.shipping import append
from tests.unit.shipper.races import FIRST, HALF, close, make_source, start


@pytest.fixture
def registry(empty_registry: Registry) -> Registry:
    return empty_registry


def read(registry: Registry, log: Path, *, acked: bool) -> Source:
    """Reads and plans about the first half of a log; then the shipper ends."""
    watcher = start(log, registry)
    (source,) = watcher.scan()
    assert source.file is not None
    taken = source.take(source.file.read(HALF).data, read_ns=1)
    assert taken.segment is not None
    batch = Batch(1, [taken.segment], taken.messages, taken.size_bytes)
    registry.advance(planned=[batch], acked=[batch] if acked else [])
    registry.look_again(prefixes={}, seen={source.id: len(FIRST)})
    close(watcher)
    return source


@pytest.fixture
def fill(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets there be no room for some calls of the registry."""

    def fill(name: str, times: int = 1) -> None:
        real, refusals = getattr(registry, name), iter(range(times))

        def call(*arguments: object, **options: object) -> object:
            if next(refusals, None) is not None:
                raise RegistryFull("no room to write the registry's checkpoints")
            return real(*arguments, **options)

        monkeypatch.setattr(registry, name, call)

    return fill


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_known_file_goes_on_where_it_was_once_there_is_room(
    registry: Registry, log: Path, fill: Callable[..., None], *, is_moved: bool
) -> None:
    known = read(registry, log, acked=True)
    if is_moved:
        log.rename(log.with_name("app.log.1"))
    watcher = start(log, registry)
    fill("put")
    with pytest.raises(RegistryFull):
        watcher.scan()
    assert watcher.sources == {}
    (source,) = watcher.scan()
    assert source.id == known.id
    assert source.read_offset == registry.sources()[0].offset > 0
    assert [record.id for record in registry.sources()] == [known.id]
    close(watcher)


def test_no_file_of_a_scan_in_vain_stays_open(
    registry: Registry, log: Path, fill: Callable[..., None]
) -> None:
    read(registry, log, acked=True)
    watcher = start(log, registry)
    before = len(list(Path("/proc/self/fd").iterdir()))
    fill("put")
    with pytest.raises(RegistryFull):
        watcher.scan()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_log_that_was_overwritten_is_told_and_known_once_there_is_room(
    registry: Registry, log: Path, fill: Callable[..., None]
) -> None:
    known = read(registry, log, acked=True)
    log.write_bytes(b"2026-11-21T07:24:28Z INFO shop - another\n")
    watcher = start(log, registry)
    fill("lose_unread")
    with pytest.raises(RegistryFull):
        watcher.scan()
    assert registry.losses(shipper="s") == []
    (source,) = watcher.scan()
    assert (source.id, source.epoch) == (known.id, known.epoch + 1)
    assert len(registry.losses(shipper="s")) == 1
    close(watcher)


def test_a_loss_without_room_holds_up_no_file_and_is_told_by_the_next_scan(
    registry: Registry, log: Path, fill: Callable[..., None]
) -> None:
    read(registry, log, acked=True)
    other = log.with_name("app.log.of.others")
    other.write_bytes(FIRST[::-1])
    log.unlink()
    watcher = Watcher([FileInput(path=[f"{log}*"])], registry, make_source, SystemClock())
    fill("lose_unread")
    (source,) = watcher.scan()
    assert source.path == str(other)
    assert registry.losses(shipper="s") == []
    watcher.scan()
    assert len(registry.losses(shipper="s")) == 1
    close(watcher)


@pytest.mark.parametrize("refused", ["put", "set_paths"])
def test_what_was_rotated_while_there_was_no_room_is_found_though_nothing_changes_any_more(
    registry: Registry, log: Path, fill: Callable[..., None], refused: str
) -> None:
    watcher = Watcher([FileInput(path=[f"{log}*"])], registry, make_source, SystemClock())
    watcher.scan()
    log.rename(log.with_name("app.log.1"))
    log.write_bytes(FIRST[::-1])
    os.utime(log.parent, (1, 1))  # it has rested for long: it is not listed for its age
    fill(refused)
    watcher.hurry()
    with pytest.raises(RegistryFull):
        watcher.scan()
    watcher.scan()
    names = sorted(Path(source.path).name for source in watcher.sources.values())
    assert names == ["app.log", "app.log.1"]
    assert sorted(Path(record.path).name for record in registry.sources()) == names
    close(watcher)


def test_a_missed_file_is_found_again_once_there_is_room(
    registry: Registry, log: Path, fill: Callable[..., None]
) -> None:
    watcher = start(log, registry)
    watcher.scan()
    log.rename(log.with_name("app.log.2"))
    missed, newest = log.with_name("app.log.1"), b"2026-11-21T09:24:28Z INFO shop - newest\n"
    missed.write_bytes(FIRST[::-1])
    log.write_bytes(newest)
    for path, seconds in ((missed, 5), (log, 9)):
        when_ns = SystemClock().now_ns() + seconds * 10**9
        os.utime(path, ns=(when_ns, when_ns))
    fill("put")
    watcher.hurry()
    with pytest.raises(RegistryFull):
        watcher.scan()
    watcher.scan()
    assert str(missed) in {source.path for source in watcher.sources.values()}
    close(watcher)


def test_what_the_reader_waits_for_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="logboom.shipper")
    log = tmp_path / "logs" / "app.log"
    log.parent.mkdir()
    append(log, 0, 60)
    shipping = ReadingHalf(tmp_path)
    shipping.look()
    log.write_text("another 7\n")
    real, refusals = shipping.registry.put, iter([RegistryFull("no room")])

    def call(records: Iterable[SourceRecord], *, started: bool = False) -> None:
        if (error := next(refusals, None)) is not None:
            raise error
        real(records, started=started)

    monkeypatch.setattr(shipping.registry, "put", call)
    shipping.look()
    shipping.stop()
    assert next(refusals, None) is None
    assert shipping.texts()[-1] == "another 7"
    told = [message for message in caplog.messages if message.startswith("sending ")]
    assert told == [
        "sending waits: no room",
        "sending goes on: the registry can be used again",
    ]


def test_a_loss_that_cannot_be_looked_up_is_told_the_next_time(
    tmp_path: Path, registry: Registry, fill: Callable[..., None]
) -> None:
    config, clock = Config(data=tmp_path / "data"), SystemClock()
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    letters = DeadLetters(tmp_path / "dead", max_bytes=1000)
    equipment = Equipment(
        config, "s", registry, clock, broker, Treatment.of(config), (), Spools([]), FolderHints(),
        letters,
    )  # fmt: skip
    shipping = Shipping(equipment, ())
    registry.lose_unread(unread("a", "a", 0, "/var/log/a.log", (0, 5), "it was deleted", 1))
    fill("losses")
    assert shipping.losses == []
    assert [loss.unread for loss in shipping.losses] == [5]


async def test_what_was_being_sent_is_sent_again_after_a_start_without_room(
    tmp_path: Path, registry: Registry, log: Path, fill: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, logger="logboom.shipper")
    read(registry, log, acked=False)
    fill("put", times=2)
    config = Config(
        data=tmp_path / "data",
        inputs=[FileInput(path=[str(log)])],
        shipper=ShipperSection(workers=1, poll_interval=timedelta(seconds=0.1)),
    )
    broker = LocalBroker(tmp_path / "broker", LocalBrokerSection())
    stop = asyncio.Event()
    known = registry.sources()[0].id

    async def is_acked() -> bool:
        return registry.sources()[0].offset == len(FIRST)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Shipper(config, registry, broker, SystemClock()).run(stop))
        try:
            await soon(is_acked, timeout_s=60, what="all of it is acknowledged")
        finally:
            stop.set()
    await broker.close()
    (record,) = registry.sources()
    assert record.id == known
    assert record.lines_acked == FIRST.count(b"\n")
    assert "sending waits: no room to write the registry's checkpoints" in caplog.messages
    assert "sending goes on: the registry can be used again" in caplog.messages
    assert registry.losses(shipper="s") == []
