"""With `no_data: keep` silence leaves all as it was, also where late events show that it was none."""

from __future__ import annotations

import pytest

from tests.unit.search_api.alerts.timeline import at, error, many
from tests.unit.search_api.alerts.world import Make

SHARE = {
    "alert": "Share", "when": "error_rate >= 50%", "over": "15s", "for": "30s", "no_data": "keep",
}  # fmt: skip


@pytest.mark.parametrize("is_silence", [True, False])
async def test_nothing_fires_behind_what_may_not_be_silence(
    make: Make, *, is_silence: bool
) -> None:
    world = make(SHARE)
    world.most_late_s = 100.0
    world.source.add([error(5), error(65)])
    if not is_silence:
        world.source.add([at(35)], arrives=130)
    engine = await world.start()

    await world.until(140, engine)
    assert world.timeline == []
    await world.until(300, engine)
    assert world.timeline == ([(75, "firing", "Share")] if is_silence else [])


async def test_what_is_pending_since_long_ago_fires_by_late_events(make: Make) -> None:
    world = make({**SHARE, "by": ["service"]})
    world.source.add([error(5, service={"name": "cart"}), *many(0, 300, 5)])
    world.source.add([error(245, service={"name": "cart"})], arrives=260)  # 255 was evaluated
    engine = await world.start()

    await world.until(280, engine)

    assert world.timeline == [(255, "firing", "cart")]
