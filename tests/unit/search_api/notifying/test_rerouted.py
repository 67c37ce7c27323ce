"""What fires goes on to be told again when the conditions of its route are changed."""

from __future__ import annotations

from typing import Any

from search_api.notifying.joining import rerouted
from tests.unit.search_api.notifying.timeline import Timeline, plan

AGAIN: dict[str, Any] = {"receiver": "lead", "group_by": ["..."], "repeat_interval": "1h"}
WIDE = plan(route={"receiver": "team", "routes": [AGAIN]})
NARROW = plan(route={"receiver": "team", "routes": [{**AGAIN, "match": {"severity": "critical"}}]})


def test_it_is_told_again_in_time_and_each_time_by_a_message_of_its_own() -> None:
    line = Timeline(WIDE)
    line.fire("Errors1", severity="critical")
    line.run(2 * 3600 + 1800, step_s=60)
    keys = [one.key for _, one in line.told]

    for changed in (NARROW, WIDE, NARROW):
        line.plan = changed
        line.groups = rerouted(line.groups, line.plan, line.now)
        line.run(2 * 3600, step_s=60)
        keys += [one.key for _, one in line.told[len(keys) :]]

    hours = range(8 + 1)
    assert [(row[0], row[1]) for row in line.seen()] == [(hour * 3600, "lead") for hour in hours]
    assert len(set(keys)) == len(keys)
