"""Late events show a firing before the one that is told already."""

from __future__ import annotations

from collections import Counter

import pytest

from search_api.alerts.evaluate import Transition, evaluate, instants_between
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.alerts.states import MOST_EPISODES, Key, RuleState, SeriesState
from tests.unit.search_api.alerts.timeline import START_US, error, many, rule_of, seconds_of
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


@pytest.mark.parametrize("others", [MOST_EPISODES // 2, MOST_EPISODES + 20])
async def test_what_others_have_fired_meanwhile_is_not_told_again(others: int) -> None:
    """The cursor goes back before their ends, of which the first are not remembered in full any more."""
    rule, names = (
        rule_of("count >= 3", over="15s", by=["service"]),
        [f"s{n:03}" for n in range(others)],
    )
    source = MemorySource([
        *many(16, 74, 2, service__name="cart"),
        *many(106, 134, 2, service__name="cart"),
        *(error(31 + n / 10, service={"name": name}) for name in names for n in range(3)),
    ])  # fmt: skip
    told_us = START_US + 120 * US  # that it fires from there on
    firing = {Key(("cart",)): SeriesState(told_us, told_us, 5.0, fired_us=told_us)}
    state, told = RuleState(rule.fingerprint(), START_US, firing), list[Transition]()
    for whole_s in (75, 150):
        instants = instants_between(state.cursor_us, START_US + 150 * US, rule.every_us)
        found = await find(source, [Due(rule, instants)])
        whole_us = START_US + whole_s * US
        result = evaluate(rule, found.data, state, instants, whole_us=whole_us)
        state, told = RuleState.from_json(result.state.to_json()), [*told, *result.transitions]
        if whole_s == 75:
            assert state.cursor_us == START_US + 15 * US

    expected = [(30, "firing", "cart"), (90, "resolved", "cart"), (150, "resolved", "cart")]
    for name in names:
        expected += [(45, "firing", name), (60, "resolved", name)]
    assert Counter(seconds_of(told)) == Counter(expected)
