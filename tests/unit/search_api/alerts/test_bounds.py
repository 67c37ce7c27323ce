"""What happens when more is to be remembered, or to be told, than there is room for?"""

from __future__ import annotations

from pathlib import Path

from search_api.alerts.alert import AlertState
from search_api.alerts.keeping import details
from search_api.alerts.outbox import KIND
from tests.unit.search_api.alerts.timeline import error
from tests.unit.search_api.alerts.world import World, group_of

ERRORS = {"alert": "Errors", "when": "count >= 3", "over": "1m", "where": "tags:error"}
SERVICES = [f"s{n:03}" for n in range(120)]


async def test_a_rule_that_is_changed_while_nobody_takes_anything_ends_later(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, group_of({**ERRORS, "by": ["service"]}))
    world.source.add([error(s, service={"name": n}) for n in SERVICES for s in range(31, 300, 12)])
    engine = await world.start()
    await world.until(80, engine)  # all of them fire, and that is taken
    assert len(world.told) == 120

    await world.kept.put(group_of({**ERRORS, "when": "count > 1000", "by": ["service"]}), "me")
    await world.until(95, engine, takes=False)
    record = await world.memory.get(KIND, "group/Errors")
    assert record is not None
    assert 10 < len(record.value["outbox"]) < 120
    await world.until(160, engine)

    ended = [row[2] for row in world.timeline if row[1] == "resolved"]
    assert sorted(ended) == SERVICES
    assert engine.standing.failures == {}
    await world.close()


async def test_where_nobody_is_to_be_told_nothing_waits(tmp_path: Path) -> None:
    world = World(tmp_path, group_of({**ERRORS, "by": ["service"]}))
    world.source.add([error(s, service={"name": n}) for n in SERVICES for s in (31, 32, 33)])
    await world.until(50, await world.start(), takes=False)
    engine = await world.start(is_told=False)

    await world.until(80, engine, takes=False)
    record = await world.memory.get(KIND, "group/Errors")
    assert record is not None
    assert record.value["outbox"] == []
    assert len(record.value["series"]) == 120
    assert all(series[3] for series in record.value["series"].values())  # they fire

    await world.until(125, engine, takes=False)
    ended = [one for one in await details(world.memory) if one.state is AlertState.RESOLVED]
    assert len(ended) == 120
    await world.close()
