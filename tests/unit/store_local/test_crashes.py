"""What the embedded store holds after `kill -9`."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logboom.query.model import MatchAll
from logboom.store import Count, Outcome
from tests.unit.store_local.samples import documents
from tests.unit.store_local.stores import (
    EVERYTHING,
    all_ids,
    day_folder,
    opened,
    write_and_close,
)

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.unit.store_local.samples import documents
from tests.unit.store_local.stores import opened

async def main() -> None:
    store = opened(Path(sys.argv[1]))
    writer = await store.writer()
    some = documents(int(sys.argv[2]), days=3)
    for at in range(0, len(some), 500):
        await writer.write(some[at : at + 500])
        print(at + 500, flush=True)
    await writer.close()
    print("done", flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_after_kill_9_at_any_moment_a_replay_stores_each_document_once(
    tmp_path: Path,
) -> None:
    count, dice = 30_000, random.Random(os.urandom(4))
    everything = documents(count, days=3)
    acknowledged = 0
    for _ in range(6):
        reached, killed = run_child(tmp_path, count, dice.randrange(20))
        acknowledged = max(acknowledged, reached)
        if not killed:
            break
        store = opened(tmp_path)
        writer = await store.writer()
        await store.refresh()
        held = set(await all_ids(store))
        assert {one.id for one in everything[:acknowledged]} <= held
        await writer.close()
        await store.close()
    answers = await write_and_close(tmp_path, everything)
    assert answers[:acknowledged] == [Outcome.DUPLICATE] * acknowledged
    store = opened(tmp_path)
    ids = await all_ids(store)
    assert len(ids) == count
    assert set(ids) == {one.id for one in everything}
    await store.close()


def run_child(data: Path, count: int, writes: int) -> tuple[int, bool]:
    """Lets a process write and kills it soon after some acknowledged writes."""
    command = [sys.executable, "-c", CHILD, str(data), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        reached = 0
        for line in child.stdout:
            if line.strip() == "done":
                child.wait()
                return count, False
            reached = int(line)
            if reached >= 500 * (writes + 1):
                break
        child.send_signal(signal.SIGKILL)
        return reached, True


async def test_events_that_were_synced_and_not_indexed_are_indexed_at_the_next_start(
    tmp_path: Path,
) -> None:
    await write_and_close(tmp_path, documents(100))
    copy = tmp_path / "index before"
    shutil.copytree(day_folder(tmp_path) / "index", copy)
    await write_and_close(tmp_path, documents(200))
    shutil.rmtree(day_folder(tmp_path) / "index")
    copy.rename(day_folder(tmp_path) / "index")
    store = opened(tmp_path)
    assert await store.count(MatchAll(), EVERYTHING) == Count(100)
    writer = await store.writer()
    assert await store.count(MatchAll(), EVERYTHING) == Count(200)
    assert set(await writer.write(documents(200))) == {Outcome.DUPLICATE}
    await writer.close()
    await store.close()
