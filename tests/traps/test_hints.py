"""Polling is the truth, hints make it fast: each finds new files without the other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from shipper.files.hints import FolderHints
from tests.polling import soon
from tests.traps.conftest import Make
from tests.traps.shipping import append


def test_new_files_are_found_without_any_hint(make: Make, log: Path) -> None:
    shipping = make()
    append(log, 0, 5)
    assert [Path(source.path).name for source in shipping.watcher.scan()] == ["app.log"]


def test_nothing_is_listed_while_no_folder_changes_and_all_is_now_and_then(
    make: Make, log: Path
) -> None:
    shipping = make()
    append(log, 0, 5)
    shipping.clock.advance(365 * 86_400)  # the folder's own time is long ago
    shipping.look()
    folders = shipping.watcher._folders
    assert not folders.must_list()
    shipping.clock.advance(11)
    assert folders.must_list()
    assert not folders.must_list()
    log.with_name("new.log").touch()
    assert folders.must_list()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of nothing")
def test_the_kernel_tells_of_new_names_and_not_of_writes(log: Path) -> None:
    async def listen() -> None:
        hints, calls = FolderHints(), []
        hints.watch([str(log.parent)])
        hints.listen(lambda: calls.append(1))
        append(log, 0, 5)
        await soon(lambda: _answer(hints.heard()), timeout_s=5, what="a hint of a new file")
        append(log, 5, 10)
        rotate(log)
        await soon(lambda: _answer(hints.heard()), timeout_s=5, what="a hint of a new name")
        assert calls == [1, 1]
        hints.watch([])
        hints.close()
        assert not hints.heard()

    asyncio.run(listen())


def rotate(log: Path) -> None:
    log.rename(log.with_name("app.log.1"))


async def _answer(value: bool) -> bool:
    return value


def test_a_folder_that_cannot_be_watched_is_no_trouble(tmp_path: Path) -> None:
    async def listen() -> None:
        hints = FolderHints()
        hints.watch([str(tmp_path / "missing"), str(tmp_path)])
        hints.listen(lambda: None)
        hints.close()

    asyncio.run(listen())
