"""A log that is rotated in the very moment in which somebody looks is neither lost nor mistaken."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

import shipper.delivery.replay as replaying
from logboom.clock import SystemClock
from logboom.config import FileInput
from shipper.batches import Batch
from shipper.files.catalogue import Catalogue
from shipper.files.discovery import relatives
from shipper.files.followed import FollowedFile
from shipper.files.identity import begins_with, fingerprint_length
from shipper.reading.noting import news_of
from shipper.reading.originals import Originals
from shipper.reading.watching import Watcher
from shipper.registry.registry import Registry
from tests.unit.shipper.races import (
    FIRST,
    HALF,
    SECOND,
    age,
    assert_all_is_sent_again,
    close,
    content_of,
    make_source,
    once,
    opened,
    read,
    rotate,
    rotate_before_openings,
    settle,
    shift,
    start,
)


def test_rotated_between_the_look_into_the_folder_and_the_look_into_the_file(
    registry: Registry, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = opened(registry, log)
    rotating, siblings = once(lambda: rotate(log)), relatives

    def list_then_rotate(path: str) -> object:
        found = siblings(path)
        rotating()
        return found

    monkeypatch.setattr(replaying, "relatives", list_then_rotate)
    assert_all_is_sent_again(registry, sources)


@pytest.mark.parametrize("comes_first", [True, False])
def test_rotated_before_or_after_it_was_recognised(
    registry: Registry, log: Path, monkeypatch: pytest.MonkeyPatch, comes_first: bool
) -> None:
    rotating, take = once(lambda: rotate(log)), Catalogue.take

    def rotate_and_take(self: Catalogue, file: FollowedFile) -> object:
        if comes_first:
            rotating()
        found = take(self, file)
        rotating()
        return found

    monkeypatch.setattr(Catalogue, "take", rotate_and_take)
    sources = opened(registry, log)
    assert sorted(content_of(source) for source in sources.values()) == [
        FIRST[:HALF],
        SECOND[:HALF],
    ]
    assert_all_is_sent_again(registry, sources)


def test_a_log_found_empty_planned_and_then_copied_away_goes_on_in_its_copy(
    tmp_path: Path,
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    registry = Registry(tmp_path / "state" / "registry.db")
    section = FileInput(path=[str(tmp_path / "app*")])
    (source,) = Watcher([section], registry, make_source, SystemClock()).scan()
    log.write_bytes(FIRST)
    taken = source.take(FIRST, read_ns=1)
    assert taken.segment is not None
    batch = Batch(1, [taken.segment], taken.messages, taken.size_bytes)
    registry.advance(planned=[batch], acked=[])
    source.close()
    shutil.copyfile(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    opened = Watcher([section], registry, make_source, SystemClock()).scan()
    names = {found.id: Path(found.path).name for found in opened}
    assert sorted(names.values()) == ["app.log", "app.log.1"]
    assert names[source.id] == "app.log.1"
    for found in opened:
        found.close()
    registry.close()


def test_a_log_found_empty_that_was_rotated_and_compressed_while_nobody_looked_is_read(
    tmp_path: Path, empty_registry: Registry
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    watcher = start(log, empty_registry)
    watcher.scan()
    close(watcher)
    packed = log.with_name("app.log.1.gz")
    packed.write_bytes(gzip.compress(FIRST))
    age(packed, 1)
    log.unlink()
    log.with_name("new").write_bytes(b"")
    log.with_name("new").rename(log)
    found = start(log, empty_registry)
    found.scan()
    assert {Path(s.path).name for s in found.sources.values()} == {"app.log", "app.log.1.gz"}
    close(found)


def test_a_rotated_file_with_the_inode_of_one_that_is_gone_is_read(
    tmp_path: Path, empty_registry: Registry
) -> None:
    log, victim = tmp_path / "app.log", tmp_path / "victim.log"
    log.write_bytes(FIRST)
    victim.write_bytes(SECOND)
    inputs = [FileInput(path=[str(log), str(victim)])]
    watcher = Watcher(inputs, empty_registry, make_source, SystemClock())
    watcher.scan()
    records = []
    for source in watcher.sources.values():
        assert source.file is not None
        data = source.file.read(10**6).data
        taken = source.take(data, read_ns=1)
        assert taken.segment is not None
        source.settle(taken.segment)
        records.append(watcher.record_of(source))
    empty_registry.put(records)
    close(watcher)
    log.rename(log.with_name("app.log.3"))
    age(log.with_name("app.log.3"), -10)
    packed = log.with_name("app.log.2.gz")
    victim.rename(packed)  # its inode is used again
    packed.write_bytes(gzip.compress(b"2026-11-21T06:26:28Z INFO a - unread\n" * 9))
    log.write_bytes(b"2026-11-21T06:27:28Z INFO a - the newest\n" * 9)
    found = Watcher(inputs, empty_registry, make_source, SystemClock())
    found.scan()
    names = {Path(source.path).name for source in found.sources.values()}
    assert names == {"app.log", "app.log.2.gz", "app.log.3"}
    close(found)


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_rotated_and_compressed_between_the_comparison_and_the_opening(
    tmp_path: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """The name that was looked at leads to another generation by then, and that is read already."""
    log = tmp_path / "app.log"
    log.write_bytes(FIRST)
    watcher = Watcher(
        [FileInput(path=[str(tmp_path / pattern)])], empty_registry, make_source, SystemClock()
    )
    watcher.scan()
    read(watcher)
    packed = log.with_name("app.log.1.gz")
    packed.write_bytes(gzip.compress(SECOND))

    def rotate_and_compress() -> None:
        packed.rename(log.with_name("app.log.2.gz"))
        packed.write_bytes(gzip.compress(FIRST))
        log.unlink()
        log.write_bytes(b"2026-11-21T06:27:28Z INFO a - the newest\n" * 9)

    rotating, have_copy = once(rotate_and_compress), Originals.have_copy

    def compare_then_rotate(self: Originals, other: FollowedFile) -> bool:
        answer = have_copy(self, other)
        rotating()
        return answer

    monkeypatch.setattr(Originals, "have_copy", compare_then_rotate)
    watcher.hurry()
    watcher.scan()
    for _ in range(2):
        log.with_name("app.log.3").touch()  # the folder changes: it is looked at again
        watcher.hurry()
        watcher.scan()
    texts = [content_of(source) for source in watcher.sources.values()]
    assert texts.count(FIRST[:HALF]) == 1
    close(watcher)


def test_rotated_after_a_moved_file_was_found_again(
    tmp_path: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it was read yet: any file would seem to go on with it."""
    log = tmp_path / "app.log"
    log.touch()
    watcher = start(log, empty_registry)
    watcher.scan()
    close(watcher)
    log.write_bytes(FIRST)
    log.rename(log.with_name("app.log.1"))

    def rotate_again() -> None:
        log.with_name("app.log.1").rename(log.with_name("app.log.2"))
        log.with_name("app.log.1").touch()

    rotating, take_moved = once(rotate_again), Catalogue.take_moved

    def take_then_rotate(self: Catalogue, *arguments: object) -> object:
        found = take_moved(self, *arguments)  # type: ignore[arg-type]
        rotating()
        return found

    monkeypatch.setattr(Catalogue, "take_moved", take_then_rotate)
    found = start(log, empty_registry)
    for _ in range(2):
        found.scan()
    assert FIRST[:HALF] in [content_of(source) for source in found.sources.values()]
    close(found)


def test_the_first_bytes_of_what_took_its_place_are_not_taken_for_its_own(log: Path) -> None:
    """Resumed with little to recognise it by, and truncated before anybody looked again."""
    file = FollowedFile(str(log), 0)
    file.go_on_at(len(FIRST), b"")
    log.write_bytes(SECOND + FIRST)
    assert fingerprint_length(file.prefix()) == 0
    log.write_bytes(FIRST)
    assert begins_with(file.content, file.prefix())
    assert fingerprint_length(file.prefix()) > 0
    file.close()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_a_file_that_was_seen_and_is_compressed_unread_is_no_loss(
    tmp_path: Path, empty_registry: Registry, pattern: str
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    watcher = start(log.with_name(pattern), empty_registry)
    watcher.scan()
    log.write_bytes(FIRST)
    for source in watcher.sources.values():
        assert source.file is not None
        assert source.file.may_have_news()
    news_of(watcher.sources.values()).keep_in(empty_registry)
    close(watcher)
    packed = log.with_name("app.log.2.gz")
    packed.write_bytes(gzip.compress(FIRST))
    log.unlink()
    log.write_bytes(SECOND)
    last = start(log.with_name(pattern), empty_registry)
    last.scan()
    assert empty_registry.losses(shipper="s") == []
    assert sorted(content_of(source) for source in last.sources.values()) == sorted(
        [FIRST[:HALF], SECOND[:HALF]]
    )
    close(last)
    packed.unlink()
    gone = start(log.with_name(pattern), empty_registry)
    gone.scan()
    (loss,) = empty_registry.losses(shipper="s")
    assert (loss.unread, loss.lines) == (len(FIRST), 0)
    close(gone)


def test_a_record_that_was_made_before_an_ack_does_not_set_the_checkpoint_back(
    tmp_path: Path, empty_registry: Registry
) -> None:
    """It is written by another thread than acks are."""
    log = tmp_path / "app.log"
    log.write_bytes(FIRST)
    watcher = start(log, empty_registry)
    (source,) = watcher.scan()
    before = watcher.record_of(source)
    taken = source.take(FIRST[:HALF], read_ns=1)
    assert taken.segment is not None
    batch = Batch(1, [taken.segment], taken.messages, taken.size_bytes)
    empty_registry.advance(planned=[batch], acked=[batch])
    empty_registry.put([before])
    (known,) = empty_registry.sources()
    assert (known.offset, known.guard) == (taken.segment.end, taken.segment.guard)
    assert known.offset > 0
    source.settle(taken.segment)
    source.start_anew()
    empty_registry.put([watcher.record_of(source)])
    (known,) = empty_registry.sources()
    assert (known.epoch, known.offset) == (1, 0)
    close(watcher)


@pytest.mark.parametrize("at", [{0}, {1}, {2}, {0, 1}, {1, 2}])
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_a_missed_file_that_moves_before_it_is_opened_is_found_by_the_next_scan(
    log: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch, at: set[int], pattern: str
) -> None:
    watcher = start(log.with_name(pattern), empty_registry)
    settle(watcher)
    read(watcher)
    written = [FIRST]

    def rotate_on(number: int) -> None:
        written.append(b"%03d " % number + SECOND)
        shift(log, written[-1])

    rotate_on(100)
    rotate_on(101)
    rotate_before_openings(monkeypatch, at, rotate_on)
    for _ in range(4):
        watcher.hurry()
        watcher.scan()
    contents = [content_of(source) for source in watcher.sources.values()]
    assert sorted(contents) == sorted(text[:HALF] for text in written)
    close(watcher)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_a_planned_file_that_was_closed_for_others_and_renamed_is_sent_again(
    registry: Registry, log: Path, times: int, pattern: str
) -> None:
    """More files are open than may be, and rotation comes before what was planned is sent again."""
    shift(log, SECOND)
    sources = opened(registry, log.with_name(pattern))
    for source in sources.values():
        assert source.file is not None
        source.file.close()
    for number in range(times):
        shift(log, b"%03d " % number + SECOND)
    assert_all_is_sent_again(registry, sources)
