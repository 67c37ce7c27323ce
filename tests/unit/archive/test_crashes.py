"""After kill -9 in the midst of archiving, restoring, dropping or backing up nothing is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from logboom.archive import files
from logboom.archive.manifest import manifests
from logboom.archive.removals import all_removals
from logboom.archive.work import DayWork
from logboom.backup.making import make_backup
from logboom.backup.manifest import backups
from logboom.backup.restoring import choose, try_out
from logboom.clock import SystemClock
from logboom.config import Config, RetentionSection
from logboom.errors import LogboomError
from logboom.state import open_state
from logboom.store import open_store
from tests.unit.archive.place import Place
from tests.unit.store_local.samples import DAY, documents

pytestmark = [pytest.mark.slow]

_ROUNDS = 3
_EVENTS = 400


def config_of(data: Path) -> Config:
    return Config.model_validate({"data": data, "index": "logs-%Y.%m.%d"})


def kill_in_the_midst(act: str, data: Path, folder: Path, dice: random.Random) -> None:
    """Runs the worker for a moment, then pulls the plug."""
    command = [sys.executable, "-m", "tests.unit.archive.crashing", act, str(data), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout
        for awaited in ["ready", *["again"] * dice.randrange(3)]:
            assert told.readline().strip() == awaited
        time.sleep(dice.uniform(0.02, 0.4))  # the moment is the test
        process.kill()
        process.wait()


@asynccontextmanager
async def reopened(data: Path, folder: Path) -> AsyncIterator[tuple[Place, DayWork]]:
    clock = SystemClock()
    store, state = (
        await open_store(config_of(data), clock=clock),
        open_state(config_of(data), clock),
    )
    writer = await store.writer()
    section = RetentionSection(archive_to=folder)
    work = DayWork(store, lambda: writer, state, section, data, clock)
    await work.finish()
    try:
        yield Place(data, store, writer, state, clock), work  # type: ignore[arg-type]
    finally:
        await writer.close()
        await store.close()
        await state.close()


async def test_a_day_is_in_the_store_or_in_a_whole_archive(tmp_path: Path) -> None:
    data, folder, dice = tmp_path / "data", tmp_path / "archives", random.Random(5)
    async with reopened(data, folder) as (place, _):
        await place.writer.write(documents(_EVENTS))
        wanted = await place.digest()
    for _ in range(_ROUNDS):
        kill_in_the_midst("archive", data, folder, dice)
        async with reopened(data, folder) as (place, work):
            assert await place.ledger({DAY.isoformat(): _EVENTS}) == "green"
            for made in manifests(folder):
                files.check(made)
                assert made.digest == wanted
                await work.restore(made)
            assert await place.days() == {DAY: _EVENTS}
            assert await place.digest() == wanted
            assert await place.ledger({DAY.isoformat(): _EVENTS}) == "green"
            await work.archive(DAY)
    assert [one.stem for one in manifests(folder)] == [f"logs-{DAY:%Y.%m.%d}"]


async def test_a_day_is_dropped_or_not_and_the_ledger_knows_which(tmp_path: Path) -> None:
    data, folder, dice = tmp_path / "data", tmp_path / "archives", random.Random(6)
    for _ in range(_ROUNDS):
        kill_in_the_midst("drop", data, folder, dice)
        async with reopened(data, folder) as (place, work):
            stored = (await place.days()).get(DAY, 0)
            assert stored in {0, _EVENTS}
            removed = sum(one.events for one in await all_removals(work._state))
            acked = {DAY.isoformat(): stored + removed}
            assert removed % _EVENTS == 0
            assert await place.ledger(acked) == "green"
            left = [path.name for path in (data / "store").iterdir() if ".dropped-" in path.name]
            assert left == []


async def test_backups_are_whole_or_not_there(tmp_path: Path) -> None:
    data, folder, dice = tmp_path / "data", tmp_path / "backups", random.Random(7)
    for _ in range(_ROUNDS):
        kill_in_the_midst("backup", data, folder, dice)
        for one in backups(folder):
            try:
                scratch = tmp_path / "scratch"
                done = await try_out(config_of(data), folder, one, SystemClock(), scratch)
            except LogboomError as error:
                raise AssertionError(f"{one.name}: {error}") from error
            assert list(done.troubles) == []
    made = await make_backup(config_of(data), folder, SystemClock(), keep=3)
    assert made.events % _EVENTS == 0
    assert choose(folder, None) == made
