"""A day of Elasticsearch that nobody may write to while it is dropped is written to again if it was not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from logboom.archive.removals import Removal, all_removals, save
from logboom.archive.work import DayWork
from logboom.clock import ManualClock
from logboom.config import Config, RetentionSection
from logboom.errors import StoreUnavailable
from logboom.state.local import LocalState
from logboom.store import open_store
from tests.unit.archive.place import NOW
from tests.unit.elastic.http_servers import Exchange, served
from tests.unit.store_local.samples import DAY, RUN

INDEX = f"logs-{DAY:%Y.%m.%d}"


@dataclass
class Server:
    """An Elasticsearch with one day; it is away once it is asked for how much that has."""

    is_away: bool = False
    blocks: list[bool] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def serve(self, exchange: Exchange) -> None:
        while True:
            line, _ = await exchange.request()
            what = " ".join(line.split("?")[0].split()[:2])
            self.asked.append(what)
            if "_count" in what and len(self.asked) < 5:
                self.is_away = True
            if self.is_away:
                return
            await exchange.say(_said(self._answer(what)))

    def _answer(self, what: str) -> object:
        if what.startswith("GET /_cat/indices"):
            return [{"index": INDEX, "docs.count": "10", "store.size": "100"}]
        if what in {f"PUT /{INDEX}/_block/write", f"PUT /{INDEX}/_settings"}:
            self.blocks.append("_block" in what)
        return {"count": 10, "_shards": {"failed": 0}}


def _said(answer: object) -> bytes:
    body = json.dumps(answer).encode()
    return (
        b"HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-length: %d\r\n\r\n%b"
        % (len(body), body)
    )


async def test_a_drop_that_was_broken_off_stops_no_writes_for_good(tmp_path: Path) -> None:
    clock, server = ManualClock(NOW), Server()
    state = LocalState(tmp_path / "state", clock)
    async with served(server.serve) as where:
        config = Config.model_validate(
            {"store": {"kind": "elasticsearch", "urls": [where.url]}, "index": "logs-%Y.%m.%d"}
        )
        store = await open_store(config, clock=clock)
        await save(state, Removal(DAY, "one", "removing", 10, {RUN: 10}, clock.now_ns()))
        with pytest.raises(StoreUnavailable):
            await store.drop_day(DAY, expected=10)
        assert server.blocks == [True]
        server.is_away = False

        def writer() -> None:
            raise AssertionError

        work = DayWork(store, writer, state, RetentionSection(), tmp_path, clock)  # type: ignore[arg-type]
        await work.finish()
        assert not server.blocks[-1]
        assert not [what for what in server.asked if what.startswith("DELETE")]
        assert await all_removals(state) == []
        await store.close()
    await state.close()
