"""A snapshot brings back every event, and says what hinders it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from logboom.errors import StoreRefused
from logboom.store import Outcome
from tests.integration.elastic import DAY, Opener, document, stored_ids
from tests.services.process import JvmService


async def test_days_come_back_from_a_snapshot(
    own_elasticsearch: JvmService, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(own_elasticsearch.address, unique)
    writer = await store.writer()
    events = [document(n, day=DAY + timedelta(days=n % 2)) for n in range(200)]
    assert set(await writer.write(events)) == {Outcome.STORED}
    snapshots = store.snapshots()
    for _ in range(2):
        await snapshots.register(
            unique, {"location": str(own_elasticsearch.folder / "repository" / unique)}
        )
    first = await snapshots.make(unique, "first")
    assert first.is_whole
    assert first.indices == (f"{unique}-2026.03.14", f"{unique}-2026.03.15")
    await writer.write([document(1000)])
    await snapshots.make(unique, "second", indices=[f"{unique}-2026.03.14"])
    assert [one.name for one in await snapshots.list(unique)] == ["first", "second"]

    looked = await snapshots.restore(unique, "first", prefix="look-")
    assert looked == {f"look-{name}": 100 for name in first.indices}
    with pytest.raises(StoreRefused, match="prefix"):
        await snapshots.restore(unique, "first")
    async with httpx.AsyncClient(base_url=own_elasticsearch.address, timeout=60) as client:
        for name in first.indices:
            assert (await client.delete(f"/{name}")).status_code == 200
    assert await stored_ids(store) == []
    only = await snapshots.restore(unique, "second", indices=["*.14"])
    assert only == {f"{unique}-2026.03.14": 101}
    await snapshots.restore(unique, "first", indices=["*.15"])
    await store.refresh()
    expected = sorted(one.id for one in [*events, document(1000)])
    assert sorted(await stored_ids(store)) == expected
    assert set(await writer.write(events)) == {Outcome.DUPLICATE}
    for _ in range(2):
        await snapshots.delete(unique, "first")
    assert [one.name for one in await snapshots.list(unique)] == ["second"]


async def test_what_hinders_a_snapshot_is_said(
    own_elasticsearch: JvmService, open_elastic: Opener, unique: str, tmp_path: Path
) -> None:
    snapshots = (await open_elastic(own_elasticsearch.address, unique)).snapshots()
    with pytest.raises(StoreRefused, match=r"path\.repo"):
        await snapshots.register(unique, {"location": str(tmp_path)})
    with pytest.raises(StoreRefused, match="register"):
        await snapshots.make(unique, "one")
    await snapshots.register(
        unique, {"location": str(own_elasticsearch.folder / "repository" / unique)}
    )
    with pytest.raises(StoreRefused, match="lower case"):
        await snapshots.make(unique, "One Two")
    with pytest.raises(StoreRefused, match="that are there"):
        await snapshots.restore(unique, "never made")
    empty = await snapshots.make(unique, "empty")
    assert empty.is_whole
    assert not empty.indices
    with pytest.raises(StoreRefused, match="no other snapshot"):
        await snapshots.make(unique, "empty")
