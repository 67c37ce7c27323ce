"""What is stored before its shipper has told of the ack is no finding of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from logboom.archive.forgiven import forgive
from logboom.broker.local import LocalBroker
from logboom.clock import Clock
from logboom.config import LocalBrokerSection
from logboom.event import event_id
from logboom.reporting import Reporter
from logboom.status import SourceStatus
from logboom.store import Document
from search_api.pipeline.state import PipelineState
from tests.api_world import served

RUN = "0123456789abc"


class BusyShipping(LocalBroker):
    """A broker whose status stream has something new for each who reads it."""

    def __init__(
        self, folder: Path, clock: Clock, acked: list[int], gone: Mapping[str, int]
    ) -> None:  # fmt: skip
        super().__init__(folder, LocalBrokerSection())
        self._shipper = Reporter(self, "shipper", "here", clock)
        self._acked = acked
        self._gone = gone

    async def read_status(self) -> Mapping[str, bytes]:
        acked = self._acked.pop(0) if len(self._acked) > 1 else self._acked[0]
        status = SourceStatus(
            source="s", shipper="here", run=RUN, path="/a.log", at_ns=0, state="reading",
            lines_read=acked, lines_acked=acked,
            acked={RUN: {"2026-11-21": acked, **self._gone}},
        )  # fmt: skip
        await self._shipper.post({}, {status.key: status.model_dump_json().encode()})
        return await super().read_status()


async def verdict(
    folder: Path, acked: list[int], *, gone: Mapping[str, int] | None = None,
    forgiven: Sequence[date] = (), keep: timedelta | None = None,
) -> tuple[str, int]:  # fmt: skip
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
        broker = BusyShipping(folder / "busy", world.clock, acked, gone or {})
        pipeline = PipelineState(
            broker, world.store, "g", folder, world.clock, world.state, keep=keep
        )
        for one in forgiven:
            await forgive(world.state, one)
        ledger = await pipeline.ledger()
        await broker.close()
        return ledger["verdict"], ledger["sources"][0]["events_ahead"]


async def test_an_ack_that_is_told_later_is_waited_for(tmp_path: Path) -> None:
    assert await verdict(tmp_path, [3, 4, 5]) == ("green", 0)


async def test_what_is_never_acknowledged_stays_red(tmp_path: Path) -> None:
    assert await verdict(tmp_path, [3, 4]) == ("red", 1)


async def test_a_day_that_is_gone_is_red_until_it_is_forgiven_or_too_old(tmp_path: Path) -> None:
    gone, day = {"2026-11-16": 7}, date(2026, 11, 16)
    assert await verdict(tmp_path / "a", [5], gone=gone) == ("red", 0)
    assert await verdict(tmp_path / "b", [5], gone=gone, forgiven=[day]) == ("green", 0)
    for keep, judged in ((3, "green"), (10, "red"), (999_999, "red")):
        kept = await verdict(tmp_path / str(keep), [5], gone=gone, keep=timedelta(days=keep))
        assert kept == (judged, 0)
