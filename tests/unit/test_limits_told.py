"""A limit of the store that is near is told by the health, and all of them by the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import StoreUnavailable
from logboom.store.limits import Limit
from logboom.store.local.store import LocalStore, open_local
from logboom.telemetry import PipelineCollector
from search_api.pipeline.limits import StoreLimits

FULL = Limit("fields", "day", 1900, 2000, "log fewer names")
ROOM = Limit("shards", "cluster", 10, 1000, "drop days")


class _Limited:
    """The embedded store, which has no limits, with some."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self.told: list[Sequence[Limit] | StoreUnavailable] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def limits(self) -> Sequence[Limit]:
        answer = self.told.pop(0)
        if isinstance(answer, StoreUnavailable):
            raise answer
        return answer


async def test_what_is_near_is_told_once_a_minute(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    config = Config(data=tmp_path)
    store = _Limited(open_local(config.store, config, clock))  # type: ignore[arg-type]
    store.told = [[FULL, ROOM], StoreUnavailable("away"), [ROOM]]
    limits = StoreLimits(store, clock)  # type: ignore[arg-type]
    for _ in range(2):
        (part,) = await limits.parts()
        assert part["state"] == "near"
        assert part["detail"] == "day has 1900 of 2000 fields: log fewer names"
    clock.advance(61)
    assert await limits.parts() == []
    clock.advance(61)
    assert await limits.known() == [ROOM]
    await store._store.close()


def test_the_metrics_have_all_of_them() -> None:
    collector, registry = PipelineCollector(), CollectorRegistry()
    registry.register(collector)
    collector.limits = [FULL, ROOM]
    value = registry.get_sample_value("logboom_store_limit_used", {"kind": "fields", "of": "day"})
    assert value == 0.95
