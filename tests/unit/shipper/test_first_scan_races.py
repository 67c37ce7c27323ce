"""A log that is rotated during the first scan after a start is neither lost nor mistaken."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.registry.registry import Registry
from tests.unit.shipper.races import (
    FIRST,
    HALF,
    SECOND,
    assert_all_is_sent_again,
    close,
    content_of,
    opened,
    rotate,
    rotate_before_openings,
    settle,
    shift,
    start,
)

FIRST_OPENINGS = [{0}, {1}, {2}, {3}, {5}, {0, 1}, {1, 2, 3}, {0, 2, 4, 6}, set(range(8))]


@pytest.mark.parametrize("at", FIRST_OPENINGS)
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_rotations_during_the_first_scan_leave_nothing_of_a_plan_out(
    registry: Registry, log: Path, monkeypatch: pytest.MonkeyPatch, at: set[int], pattern: str
) -> None:
    rotate_before_openings(monkeypatch, at, lambda number: shift(log, b"%03d " % number + SECOND))
    assert_all_is_sent_again(registry, opened(registry, log.with_name(pattern)))


@pytest.mark.parametrize("at", FIRST_OPENINGS)
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_rotations_during_the_first_scan_lose_no_file_of_which_nothing_was_read(
    tmp_path: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch, at: set[int],
    pattern: str,
) -> None:  # fmt: skip
    """Any file would seem to go on with it."""
    log = tmp_path / "app.log"
    log.touch()
    watcher = start(log.with_name(pattern), empty_registry)
    watcher.scan()
    close(watcher)
    log.write_bytes(FIRST)
    shift(log, SECOND)
    written = [FIRST, SECOND]

    def rotate_on(number: int) -> None:
        written.append(b"%03d " % number + SECOND)
        shift(log, written[-1])

    rotate_before_openings(monkeypatch, at, rotate_on)
    found = start(log.with_name(pattern), empty_registry)
    settle(found)
    found.hurry()
    found.scan()
    contents = [content_of(source) for source in found.sources.values()]
    assert sorted(contents) == sorted(text[:HALF] for text in written)
    close(found)


def test_rotations_during_the_very_first_scan_lose_nothing_that_was_there(
    tmp_path: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(FIRST)
    rotate_before_openings(monkeypatch, {0, 2}, lambda _: shift(log, SECOND))
    found = start(log, empty_registry)
    settle(found)
    assert FIRST[:HALF] in [content_of(source) for source in found.sources.values()]
    close(found)


def test_what_a_race_makes_look_truncated_is_no_loss(
    registry: Registry, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gone is told once it is certain, not while files move."""
    registry.look_again(prefixes={}, seen={registry.sources()[0].id: len(FIRST)})
    rotate_before_openings(monkeypatch, {1, 2, 3}, lambda _: shift(log, SECOND))
    sources = opened(registry, log)
    assert_all_is_sent_again(registry, sources)


def test_a_log_that_is_rotated_without_an_end_is_followed_all_the_same(
    tmp_path: Path, empty_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(FIRST)
    rotate_before_openings(
        monkeypatch, set(range(0, 10**6, 2)), lambda _: rotate(log) if log.exists() else None
    )
    found = start(log, empty_registry)
    assert 1 < settle(found) < 50
    close(found)
