"""What is shown of alerts is what the rules' records say, with what was measured last."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from logboom.errors import StateUnavailable
from search_api.alerts import showing
from search_api.alerts.alert import AlertState
from search_api.alerts.alerting import Alerting
from search_api.alerts.engine import Engine
from search_api.alerts.keeping import details, prune_details, write_details
from search_api.alerts.known import Newest
from search_api.alerts.library import Library
from search_api.alerts.rules import DAY_US, US
from tests.unit.search_api.alerts.timeline import START_US, error, many
from tests.unit.search_api.alerts.world import ERRORS, Make, World


async def shown(world: World, engine: Engine, state: str = "firing") -> list[dict[str, Any]]:
    alerting = SimpleNamespace(engine=engine, library=Library((), world.kept))
    return await showing.alerts(cast("Alerting", alerting), lambda _: True, lambda _: True, state)


async def test_what_was_decided_and_not_kept_is_not_shown(make: Make) -> None:
    world = make()
    engine = await world.start()
    await world.until(29, engine)
    world.late_s = 1_000.0  # that is told as PipelineLate
    world.state.fails_at = world.state.writes + 2  # its record, behind what is told in full
    with pytest.raises(StateUnavailable):
        await world.until(30, engine)
    (never_told,) = await details(world.memory)
    world.state.fails_at = None

    world.clock.advance(15)  # till there is another process
    engine = await world.start()
    await world.until(60, engine)

    assert [(one.labels["alertname"], one.state.value) for one in world.told] == [
        ("PipelineLate", "firing")
    ]
    assert [one["episode"] for one in await shown(world, engine)] == [world.told[0].episode]
    assert never_told.episode != world.told[0].episode
    await prune_details(world.memory, START_US + 59 * US)
    left = await details(world.memory)
    assert [one.episode for one in left] == [world.told[0].episode]
    await prune_details(world.memory, START_US + 99 * DAY_US)
    assert await details(world.memory) == left  # it fires


async def test_an_end_that_was_decided_and_not_kept_is_not_shown(make: Make) -> None:
    world = make()
    world.source.add([error(s) for s in range(10, 100, 5)])
    engine = await world.start()
    await world.until(60, engine)
    (told,) = world.told
    over = replace(told, state=AlertState.RESOLVED, ends_at=told.starts_at)
    await write_details(world.memory, [over])

    (fires,) = await shown(world, engine)
    assert (fires["state"], fires["ends_at"]) == ("firing", None)
    assert await shown(world, engine, "resolved") == []


async def test_our_own_alerts_are_told_at_once_each_time(make: Make) -> None:
    world = make()
    engine = await world.start()
    for second in (20, 200, 400):
        await world.until(second, engine)
        world.late_s = 1_000.0
        await world.until(second + 30, engine)
        world.late_s = 0.0
    await world.until(600, engine)

    begun = [second for second, state, _ in world.timeline if state == "firing"]
    assert begun == [30, 210, 405]
    assert len({one.episode for one in await details(world.memory)}) == 3
    assert await shown(world, engine) == []


TOLD = {"summary": "{{ value }} errors", "usual": "{{ events }} in {{ window }}"}


async def test_what_fires_is_shown_with_what_was_measured_last(make: Make) -> None:
    world = make({**ERRORS, "annotations": TOLD, "by": ["service"]})
    world.source.add([error(40 + n, service={"name": "cart"}) for n in range(5)])
    world.source.add(many(60, 200, 2, tags=["error"], service__name="cart"))
    engine = await world.start()
    await world.until(50, engine)
    (first,) = world.told
    assert first.annotations == {"summary": "5 errors", "usual": "5 in 1m"}

    await world.until(150, engine)
    (now,) = await shown(world, engine)
    assert (now["value"], now["annotations"]["summary"]) == (30.0, "30 errors")
    assert now["annotations"]["usual"] == "30 in 1m"
    assert now["starts_at"].startswith("2026-11-21T12:00:45")
    assert now["window"][1].startswith("2026-11-21T12:02:15")
    assert now["labels"] == first.labels
    assert now["samples"] == list(first.samples)

    newest = Newest(world.memory, Library((), world.kept))
    (told,) = (await newest.of([first])).values()
    assert told.to_json() == now
    changed = {**ERRORS, "when": "count > 1000", "by": ["service"]}
    await world.kept.put({**world.content, "rules": [changed]}, "")
    assert await newest.of([first]) == {first.episode: first}  # it ends as what it was
    await world.until(160, engine)
    assert await newest.of([first]) == {}
    assert [one["state"] for one in await shown(world, engine, "resolved")] == ["resolved"]
