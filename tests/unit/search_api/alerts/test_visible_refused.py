"""A store that may not be refreshed, by rights."""

from __future__ import annotations

from logboom.broker import PartitionLag
from logboom.errors import StoreRefused
from search_api.alerts.lateness import Lateness
from search_api.alerts.visible import Visible
from search_api.pipeline.state import Snapshot


class Refuses:
    async def refresh(self) -> None:
        raise StoreRefused("action [indices:admin/refresh] is unauthorized")


async def test_a_store_that_refuses_a_refresh_by_rights_does_not_hold_silence_for_ever() -> None:
    lag = PartitionLag(0, 5, 5)
    visible = Visible(Refuses())
    late = Lateness(visible.position, 3.0)
    for second in range(60):
        await visible.look([lag])
        found = late.note(Snapshot((), (), (lag,), None), 1000 + second)
    assert found.known_s < 30
    assert found.most_s < 30
