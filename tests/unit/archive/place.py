"""A store with everything that works on its days, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from logboom.archive.digest import Digest
from logboom.archive.keeping import Keeper
from logboom.archive.orders import LEASE
from logboom.archive.removals import all_removals, removed_of
from logboom.archive.work import DayWork
from logboom.clock import ManualClock
from logboom.config import RetentionSection
from logboom.ledger import judge
from logboom.state import State
from logboom.state.lease import Lease
from logboom.status import SourceStatus
from logboom.store import Store, StoreWriter
from logboom.store.local.serial import encode
from tests.unit.store_local.samples import DAY, RUN

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@dataclass
class Place:
    """A store with everything that works on its days."""

    data: Path
    store: Store
    writer: StoreWriter
    state: State
    clock: ManualClock
    told: set[str] = field(default_factory=set)

    def work(self, **section: Any) -> DayWork:
        made = RetentionSection(**section)
        return DayWork(self.store, lambda: self.writer, self.state, made, self.data, self.clock)

    def keeper(self, **section: Any) -> Keeper:
        made = RetentionSection(**section)
        return Keeper(
            self.work(**section), self.store, self.state, made, self.clock,
            lease=Lease(self.state, LEASE, "test", self.clock), is_ready=lambda: True, warn=self.told.add, over=self.told.discard,
        )  # fmt: skip

    async def digest(self, day: date = DAY) -> str:
        digest = Digest()
        async for some in self.store.read_day(day):
            digest.add([encode(one) for one in some])
        return digest.text()

    async def days(self) -> dict[date, int]:
        await self.store.refresh()
        return {one.day: one.documents for one in await self.store.days()}

    async def ledger(self, acked: dict[str, int]) -> str:
        """The verdict over one source whose events were acknowledged by these days."""
        await self.store.refresh()
        total = sum(acked.values())
        source = SourceStatus(
            source="s", shipper="h", run=RUN, path="/a.log", at_ns=0, state="idle",
            lines_read=total, lines_acked=total, acked={RUN: acked},
        )  # fmt: skip
        return judge(
            [source], await self.store.count_by_source(), lag=0, dead=[],
            days=[one.day for one in await self.store.days()],
            removed=removed_of(await all_removals(self.state)),
        ).verdict  # fmt: skip
