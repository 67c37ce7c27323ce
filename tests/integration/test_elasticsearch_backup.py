"""A backup with Elasticsearch: a snapshot of its indices, compared after restoring, and brought back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from logboom.backup.making import make_backup, repository_name
from logboom.backup.manifest import backups
from logboom.backup.restoring import choose, restore, try_out
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StoreRefused
from logboom.state import open_state
from logboom.store import Outcome
from tests.integration.elastic import DAY, Opener, document, stored_ids
from tests.services.process import JvmService


async def test_a_backup_brings_days_and_state_back(
    own_elasticsearch: JvmService, open_elastic: Opener, unique: str, tmp_path: Path
) -> None:
    clock = SystemClock()
    store = await open_elastic(own_elasticsearch.address, unique)
    writer = await store.writer()
    events = [document(n, day=DAY + timedelta(days=n % 2)) for n in range(200)]
    assert set(await writer.write(events)) == {Outcome.STORED}
    config = Config.model_validate(
        {
            "data": tmp_path / "data",
            "index": f"{unique}-%Y.%m.%d",
            "store": {"kind": "elasticsearch", "urls": [own_elasticsearch.address], "replicas": 0},
        }
    )
    state = open_state(config, clock)
    await state.put("rule", "a", {"n": 1})
    (tmp_path / "data" / "shipper").mkdir(parents=True)
    (tmp_path / "data" / "shipper" / "note").write_text("of this machine")
    folder, location = tmp_path / "backups", str(own_elasticsearch.folder / "repository" / unique)

    for _ in range(3):
        made = await make_backup(config, folder, clock, keep=2, snapshots=location)
    assert [one.events for one in backups(folder)] == [200, 200]
    held = await store.snapshots().list(repository_name(config))
    assert [one.name for one in held] == [one.name for one in backups(folder)]

    done = await try_out(config, folder, made, clock, tmp_path / "scratch")
    assert (done.days, done.events, list(done.troubles)) == (2, 200, [])
    assert [one.name for one in await store.days()] == [day.name for day in made.days]

    target = config.model_copy(update={"data": tmp_path / "restored"})
    with pytest.raises(StoreRefused):
        await restore(target, folder, choose(folder, None), clock)
    assert not (tmp_path / "restored").exists()

    ids = await stored_ids(store)
    for day in await store.days():
        await store.drop_day(day.day)
    await store.client.ask("DELETE", f"/logboom-state-{unique}")
    await restore(target, folder, choose(folder, None), clock)
    assert (tmp_path / "restored" / "shipper" / "note").read_text() == "of this machine"
    await store.refresh()
    assert await stored_ids(store) == ids
    record = await state.get("rule", "a")
    assert record is not None
    assert record.value == {"n": 1}
    await state.close()
