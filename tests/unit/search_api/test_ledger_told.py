"""What is stored before its shipper has told of the ack is no finding of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from logboom.broker.local import LocalBroker
from logboom.clock import Clock
from logboom.config import LocalBrokerSection
from logboom.event import event_id
from logboom.reporting import Reporter
from logboom.status import SourceStatus
from logboom.store import Document
from search_api.state import PipelineState
from tests.api_world import served

RUN = "0123456789abc"


class BusyShipping(LocalBroker):
    """A broker whose status stream has something new for each who reads it."""

    def __init__(self, folder: Path, clock: Clock, acked: list[int]) -> None:
        super().__init__(folder, LocalBrokerSection())
        self._shipper = Reporter(self, "shipper", "here", clock)
        self._acked = acked

    async def read_status(self) -> Mapping[str, bytes]:
        acked = self._acked.pop(0) if len(self._acked) > 1 else self._acked[0]
        status = SourceStatus(
            source="s", shipper="here", run=RUN, path="/a.log", at_ns=0, state="reading",
            lines_read=acked, lines_acked=acked, acked={RUN: {"2026-11-21": acked}},
        )  # fmt: skip
        await self._shipper.post({}, {status.key: status.model_dump_json().encode()})
        return await super().read_status()


async def verdict(folder: Path, acked: list[int]) -> tuple[str, int]:
    """Of a ledger over five stored events, and how many of them nobody has told of."""
    async with served(folder) as world:
        day = date(2026, 11, 21)
        await world.write([
            Document.of(event_id(RUN, n), day, {
                "@timestamp": "2026-11-21T11:00:00.000Z", "message": "m",
                "log": {"source": RUN, "offset": n},
                "event": {"id": event_id(RUN, n), "created": "2026-11-21T11:59:00.000Z"},
            })
            for n in range(5)
        ])  # fmt: skip
        broker = BusyShipping(folder / "busy", world.clock, acked)
        pipeline = PipelineState(broker, world.store, "g", folder, world.clock)
        ledger = await pipeline.ledger()
        await broker.close()
        return ledger["verdict"], ledger["sources"][0]["events_ahead"]


async def test_an_ack_that_is_told_later_is_waited_for(tmp_path: Path) -> None:
    assert await verdict(tmp_path, [3, 4, 5]) == ("green", 0)


async def test_what_is_never_acknowledged_stays_red(tmp_path: Path) -> None:
    assert await verdict(tmp_path, [3, 4]) == ("red", 1)
