"""Late events show a firing before the one that is told already."""

from __future__ import annotations

from tests.unit.search_api.alerts.timeline import error
from tests.unit.search_api.alerts.world import ERRORS, Make


async def test_it_is_told_once_it_is_known_that_it_was_another_one(make: Make) -> None:
    world = make(ERRORS)
    world.most_late_s = 270.0
    world.source.add([error(s) for s in (181, 182, 183)])
    world.source.add([error(s) for s in (31, 32, 33)], arrives=300)
    engine = await world.start()

    await world.until(370, engine)
    assert world.timeline == [(195, "firing", "Errors")]  # they may be one: 105 is not whole
    await world.until(600, engine)

    assert sorted(world.timeline) == [
        (45, "firing", "Errors"), (105, "resolved", "Errors"),
        (195, "firing", "Errors"), (255, "resolved", "Errors"),
    ]  # fmt: skip


async def test_it_is_one_with_what_is_told_where_it_goes_on_till_then(make: Make) -> None:
    world = make(ERRORS)
    world.most_late_s = 270.0
    world.source.add([error(s) for s in (181, 182, 183)])
    late = [error(s) for s in range(31, 184, 15)]
    world.source.add([*late, *late], arrives=300)
    engine = await world.start()

    await world.until(700, engine)

    assert world.timeline == [(195, "firing", "Errors"), (255, "resolved", "Errors")]
