"""A process that works on days, or makes backups, until it is killed.

Arguments: what to do, the data folder, the folder of archives or backups.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from logboom.archive.manifest import manifests
from logboom.archive.work import DayWork
from logboom.backup.making import make_backup
from logboom.clock import SystemClock
from logboom.config import Config, RetentionSection
from logboom.state import open_state
from logboom.store import open_store
from tests.unit.store_local.samples import DAY, documents


async def work(act: str, data: Path, folder: Path) -> None:
    config = Config.model_validate({"data": data, "index": "logs-%Y.%m.%d"})
    clock = SystemClock()
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    section = RetentionSection(archive_to=folder)
    days = DayWork(store, lambda: writer, state, section, data, clock)
    print("ready", flush=True)
    while True:
        if act == "archive":
            await days.finish()
            for made in manifests(folder):
                await days.restore(made)
            await days.archive(DAY)
        elif act == "drop":
            await days.finish()
            if await store.days():
                await days.drop(DAY)
            await writer.write(documents(400))
        else:
            await writer.write(documents(400, first=400 * len(await store.days())))
            await make_backup(config, folder, clock, keep=3)
        print("again", flush=True)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
