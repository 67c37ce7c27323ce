"""Timelines: which series fire and resolve when, for every state and every trap of alerting."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.event import Event
from search_api.alerts.alert import AlertState
from search_api.alerts.data import Data, Values
from search_api.alerts.evaluate import evaluate, instants_between
from search_api.alerts.evaluate_again import with_late
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import DAY_US, US
from search_api.alerts.source import MemorySource
from search_api.alerts.states import Episode, Key, RuleState
from tests.unit.search_api.alerts.timeline import (
    START_US,
    Told,
    at,
    error,
    many,
    rule_of,
    seconds_of,
    told,
)

FIVE_ERRORS = [error(second) for second in (31, 32, 33, 34, 35)]
BUSY = many(0, 600, 1)
FAILING = [*BUSY, *(error(second + 0.5) for second in range(60, 180))]
CART, SHOP = {"service__name": "cart"}, {"service__name": "shop"}
SLOW: dict[str, Any] = {"event__duration": 2_000_000_000}
FAST: dict[str, Any] = {"event__duration": 100_000_000}


def firing(second: int, series: str = "") -> Told:
    return second, "firing", series


def resolved(second: int, series: str = "") -> Told:
    return second, "resolved", series


TIMELINES: list[tuple[str, dict[str, Any], list[Event], list[Told]]] = [
    # name, rule, events, what is told within ten minutes
    ("a count fires and resolves", {"when": "count >= 5"}, FIVE_ERRORS, [firing(45), resolved(105)]),
    ("too few do nothing", {"when": "count > 5"}, FIVE_ERRORS, []),
    (
        "an event at the end of a window belongs to the next one",
        {"when": "count > 0"}, [at(45)], [firing(60), resolved(120)],
    ),
    (
        "one that does not hold for long enough stays pending",
        {"when": "count >= 5", "for": "2m"}, FIVE_ERRORS, [],
    ),
    (
        "one that holds for long enough fires",
        {"when": "error_rate > 0.05", "for": "1m"}, FAILING, [firing(135), resolved(240)],
    ),
    (
        "pending begins anew after a pause",
        {"when": "count > 0", "over": "15s", "for": "30s"},
        [at(5), at(20), at(50), at(65), at(80)], [firing(90), resolved(105)],
    ),
    (
        "it goes on firing for a while from when it does not hold any more",
        {"when": "count >= 5", "keep_firing_for": "2m"}, FIVE_ERRORS, [firing(45), resolved(225)],
    ),
    (
        "it goes on firing, also for less than an interval",
        {"when": "count >= 5", "keep_firing_for": "10s"}, FIVE_ERRORS, [firing(45), resolved(120)],
    ),
    (
        "while nothing can be measured it is not known that it does not hold",
        {"when": "error_rate >= 50%", "over": "15s", "no_data": "keep", "keep_firing_for": "30s"},
        [error(5), at(200), at(245)], [firing(15), resolved(255)],
    ),
    (
        "a short pause does not end it: no flapping",
        {"when": "count > 0", "over": "15s", "keep_firing_for": "1m"},
        [at(5), at(50), at(95)], [firing(15), resolved(180)],
    ),
    (
        "without keep_firing_for it flaps",
        {"when": "count > 0", "over": "15s"}, [at(5), at(50)],
        [firing(15), resolved(30), firing(60), resolved(75)],
    ),
    (
        "a threshold of its own for recovery",
        {"when": "count >= 5", "over": "15s", "recovery": 2},
        [*FIVE_ERRORS, at(46), at(47), at(61)], [firing(45), resolved(75)],
    ),
    (
        "a rate is per second",
        {"when": "rate > 0.1/s", "where": "status:>=500"},
        many(0, 60, 5, http__response__status_code=503), [firing(45), resolved(90)],
    ),
    (
        "three of four events are no rate of errors when there must be twenty",
        {"when": "error_rate > 5%", "min_events": 20}, [*(FIVE_ERRORS[:3]), at(36)], [],
    ),
    (
        "without a least number they are",
        {"when": "error_rate > 5%"}, [*(FIVE_ERRORS[:3]), at(36)], [firing(45), resolved(105)],
    ),
    ("0 of 0 is no data, and that is fine", {"when": "error_rate < 50%"}, [at(5)], [
        firing(15), resolved(75),
    ]),
    (
        "no data can keep what was",
        {"when": "error_rate >= 50%", "no_data": "keep"}, [error(5), at(200)],
        [firing(15), resolved(210)],
    ),
    (
        "no data can be an alert of its own, and says nothing of the other one",
        {"when": "error_rate >= 50%", "no_data": "alert"}, [error(5), at(200), at(590)],
        [firing(15), firing(75, "!"), resolved(210), resolved(210, "!"), firing(270, "!"),
         resolved(600, "!")],
    ),
    (
        "zero is a value: too few is told of a series that was there",
        {"when": "count < 2", "by": ["service"]}, [*many(0, 120, 5, **CART), *many(0, 600, 5, **SHOP)],
        [firing(180, "cart")],
    ),
    (
        "nothing at all is no zero where no data is an alert",
        {"when": "count < 2", "by": ["service"], "no_data": "alert"},
        [*many(0, 120, 5, **CART), *many(0, 600, 5, **SHOP)], [firing(180, "!cart")],
    ),
    (
        "absence goes on for as long as it is absent",
        {"when": "absent", "by": ["service"], "over": "1m"},
        [*many(0, 100, 5, **CART), *many(0, 600, 5, **SHOP), at(500, **CART)],
        [firing(165, "cart"), resolved(510, "cart"), firing(570, "cart")],
    ),
    (
        "what is absent for very long is forgotten",
        {"when": "absent", "by": ["service"], "over": "1m", "remember": "3m"},
        [*many(0, 100, 5, **CART), *many(0, 600, 5, **SHOP)],
        [firing(165, "cart"), resolved(330, "cart")],
    ),
    (
        "an absence without series: one that was never there is absent, too",
        {"when": "absent", "where": "nowhere", "over": "1m"}, BUSY, [firing(15)],
    ),
    (
        "each series for itself",
        {"when": "count >= 3", "by": ["service", "level"]},
        [*(at(s, log__level="warn", **CART) for s in (1, 2, 3)), at(4, **CART), at(5, **SHOP),
         *(at(s, log__level="warn", **SHOP) for s in (61, 62, 63))],
        [firing(15, "cart,warn"), resolved(75, "cart,warn"), firing(75, "shop,warn"),
         resolved(135, "shop,warn")],
    ),
    (
        "an event without the field is a series of its own",
        {"when": "count >= 1", "by": ["service"]}, [at(5)], [firing(15), resolved(75)],
    ),
    (
        "averages, with their unit",
        {"when": "avg(event.duration) > 1000 ms", "over": "30s"},
        [*many(0, 60, 5, **FAST), *many(60, 120, 5, **SLOW), *many(120, 600, 5, **FAST)],
        [firing(75), resolved(150)],
    ),
    (
        "a percentile",
        {"when": "p95(event.duration) > 1s", "over": "30s"},
        [*many(0, 300, 1, **FAST), *many(60, 90, 5, **SLOW)], [firing(75), resolved(120)],
    ),
    (
        "the greatest",
        {"when": "max(duration) >= 2s"}, [at(1, **FAST), at(2, **SLOW)], [firing(15), resolved(75)],
    ),
    (
        "the least",
        {"when": "min(duration) < 150ms"}, [at(1, **FAST), at(2, **SLOW)], [firing(15), resolved(75)],
    ),
    (
        "a sum of a field of one's own",
        {"when": "sum(size) > 5"}, [at(1, attributes={"size": 3}), at(2, attributes={"size": 2.5})],
        [firing(15), resolved(75)],
    ),
    (
        "different values, not events",
        {"when": "distinct(user.id) >= 3"},
        [*(at(s, user__id="one") for s in range(10)), at(70, user__id="a"), at(71, user__id="b"),
         at(72, user__id="c"), at(74, user__id="c")],
        [firing(75), resolved(135)],
    ),
    (
        "different values of each series",
        {"when": "distinct(user.id) >= 2", "by": ["service"]},
        [at(1, user__id="a", **CART), at(2, user__id="b", **CART), at(3, user__id="a", **SHOP)],
        [firing(15, "cart"), resolved(75, "cart")],
    ),
    (
        "a ratio of two queries",
        {"when": "ratio('status:>=500', 'status:*') > 10%"},
        [*many(0, 60, 1), *(at(s, http__response__status_code=200) for s in range(9)),
         *(at(s, http__response__status_code=500) for s in (30, 31))],
        [firing(45), resolved(105)],
    ),
    (
        "a change from one window to the next",
        {"when": "change(errors) > 3", "where": "tags:*"},
        [error(5), error(65), *(error(70 + n / 10) for n in range(9))], [firing(75), resolved(135)],
    ),
    (
        "the first sight of a group of errors, not the second",
        {"when": "new_error", "over": "1m"},
        [error(5, error__fingerprint="f1"), error(50, error__fingerprint="f1"),
         error(130, error__fingerprint="f1"), error(140, error__fingerprint="f2"), error(141)],
        [firing(15, "f1"), resolved(75, "f1"), firing(150, "f2"), resolved(210, "f2")],
    ),
    (
        "a spike against the windows before",
        {"when": "spike(count) > 3", "baseline": "5m", "over": "1m"},
        [*many(0, 600, 2), *many(360, 420, 0.25)], [firing(390), resolved(465)],
    ),
    (
        "short spikes are told one by one, however late the pipeline is",
        {"when": "count > 0", "over": "15s"}, [error(2), error(32), error(33), error(95)],
        [firing(15), resolved(30), firing(45), resolved(60), firing(105), resolved(120)],
    ),
    (
        "a series that was silent while another one spoke was at zero then",
        {"when": "spike(count) > 3", "baseline": "5m", "over": "1m", "by": ["service"]},
        [*many(0, 600, 5, **SHOP), *many(301, 306, 1, **CART)],
        [firing(315, "cart"), resolved(375, "cart")],
    ),
    (
        "where nobody spoke nothing is known of what is usual",
        {"when": "spike(count) > 3", "baseline": "5m", "over": "1m", "by": ["service"]},
        many(301, 306, 1, **CART), [],
    ),
    (
        "a spike needs to know what is usual",
        {"when": "spike(count) > 3", "baseline": "5m", "over": "1m"}, many(60, 120, 0.25), [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "events", "expected"),
    [row[1:] for row in TIMELINES],
    ids=[row[0] for row in TIMELINES],
)
def test_timeline(settings: dict[str, Any], events: list[Event], expected: list[Told]) -> None:
    rule = rule_of(**settings)

    assert told(rule, events, 600) == expected


def test_a_spike_against_earlier_days_and_its_noise() -> None:
    rule = rule_of("spike(count) > 2", over="5m", every="1m", baseline="7d")
    usual = [
        event
        for day, number in enumerate([10, 11, 12, 9, 10, 60, 11], start=1)
        for event in many(-day * 86_400 - 300, -day * 86_400 + 300, 300 / number)
    ]
    today = many(-300, 0, 30)

    # One odd day does not move the median, and 60 events are five times the usual.
    assert told(rule, [*usual, *today, *many(0, 300, 5)], 300) == [firing(120)]
    assert told(rule, [*usual, *today, *many(0, 300, 30)], 300) == []


def test_a_spike_within_the_noise_is_none() -> None:
    rule = rule_of("spike(count) > 2", over="5m", every="5m", baseline="7d")
    wild = [
        event
        for day, number in enumerate([1, 30, 2, 28, 1, 40, 3], start=1)
        for event in many(-day * 86_400, -day * 86_400 + 300, 300 / number)
    ]

    assert told(rule, [*wild, *many(0, 300, 30)], 300) == []


def test_a_downtime_is_caught_up_from_the_cursor() -> None:
    assert instants_between(None, START_US + 7 * US, 15 * US) == [START_US]
    assert instants_between(START_US, START_US + 44 * US, 15 * US) == [
        START_US + 15 * US,
        START_US + 30 * US,
    ]
    assert instants_between(START_US + 30 * US, START_US + 44 * US, 15 * US) == []


def test_without_room_a_series_stays_what_it_is_and_is_told_of_the_same_instant_later() -> None:
    rule = rule_of("absent", by=["service"])
    seen: dict[Values, int] = {(name,): START_US for name in ("cart", "shop", "user")}
    state = RuleState(rule.fingerprint(), seen=seen)

    first = evaluate(rule, Data(), state, [START_US + 15 * US], room=2)
    second = evaluate(rule, Data(), first.state, [START_US + 15 * US], room=2)

    assert [one.key.values for one in first.transitions] == [("cart",), ("shop",)]
    assert Key(("user",)) not in first.state.series
    assert (first.left, first.state.cursor_us) == (1, START_US)
    assert [one.key.values for one in second.transitions] == [("user",)]
    assert second.state.cursor_us == second.transitions[0].instant == START_US + 15 * US


def test_more_series_than_can_be_followed_are_counted() -> None:
    rule = rule_of("absent", by=["service"])
    seen: dict[Values, int] = {(f"s{n:05}",): START_US for n in range(1_010)}

    result = evaluate(rule, Data(), RuleState(rule.fingerprint(), seen=seen), [START_US + 15 * US])

    assert len(result.transitions) == 1_000
    assert result.overflow == 10


def test_a_state_is_read_as_it_was_written() -> None:
    rule = rule_of("absent", by=["service"])
    events = evaluate(
        rule, Data(), RuleState(rule.fingerprint(), seen={("café",): START_US}), [START_US + DAY_US]
    )

    assert RuleState.from_json(events.state.to_json()) == events.state
    assert events.state.series


def test_without_room_what_ends_is_told_later() -> None:
    rule = rule_of("absent", by=["service"])
    seen: dict[Values, int] = {(name,): START_US for name in ("cart", "shop", "user")}
    before = evaluate(
        rule, Data(), RuleState(rule.fingerprint(), seen=seen), [START_US + 15 * US]
    ).state
    late = START_US + 8 * DAY_US

    silent = evaluate(rule, Data(), before, [late], room=2)
    assert len(silent.transitions) == 2
    assert len(silent.state.series) == len(silent.state.seen) == 1
    assert len(evaluate(rule, Data(), silent.state, [late + US], room=2).transitions) == 1


async def test_where_nothing_is_known_yet_it_may_end() -> None:
    rule = rule_of("error_rate >= 50%", over="15s", no_data="keep")
    state, told = RuleState(rule.fingerprint(), cursor_us=START_US), list[Told]()
    for whole, events in ((15, [error(5)]), (60, [error(5), at(20)])):
        instants = instants_between(state.cursor_us, START_US + 60 * US, 15 * US)
        found = await find(MemorySource(events), [Due(rule, instants)])
        result = evaluate(rule, found.data, state, instants, whole_us=START_US + whole * US)
        told, state = [*told, *seconds_of(result.transitions)], result.state

    assert told == [firing(15), resolved(30)]


async def test_what_is_pending_begins_anew_also_while_another_series_waits() -> None:
    """It was evaluated further than the other one, with events that were not all there."""
    rule = rule_of("avg(event.duration) > 1 s", over="15s", by=["service"], **{"for": "1m"})
    early = [*many(0, 75, 5, **CART, **SLOW), *many(75, 200, 5, **CART, **FAST),
             *many(61, 200, 5, **SHOP, **SLOW)]  # fmt: skip
    late = many(91, 105, 0.5, **SHOP, **FAST)
    state, told = RuleState(rule.fingerprint(), cursor_us=START_US), list[Told]()
    for until, whole, events in (
        (110, 60, early), (150, 150, [*early, *late]), (180, 180, [*early, *late]),
    ):  # fmt: skip
        instants = instants_between(state.cursor_us, START_US + until * US, 15 * US)
        found = await find(MemorySource(events), [Due(rule, instants)])
        result = evaluate(rule, found.data, state, instants, whole_us=START_US + whole * US)
        told += seconds_of(result.transitions)
        state = RuleState.from_json(result.state.to_json())

    assert told == [firing(75, "cart"), resolved(90, "cart"), firing(180, "shop")]


@pytest.mark.parametrize("fired", [15, 75])
async def test_what_goes_on_after_all_fires_anew_where_its_end_was_told(fired: int) -> None:
    """Whoever was told that an episode is over takes nothing of that name any more."""
    rule = rule_of("count >= 1")
    key = Key(())
    known = Episode(key, START_US + fired * US, START_US + 105 * US)
    state = RuleState(rule.fingerprint(), cursor_us=START_US + 150 * US, episodes=(known,))
    instants = instants_between(START_US + 45 * US, START_US + 150 * US, 15 * US)
    found = await find(MemorySource(many(0, 150, 5)), [Due(rule, instants)])

    result = await with_late(rule, found.data, state, instants)

    assert [(one.state, one.fired_us) for one in result.transitions] == [
        (AlertState.FIRING, known.ended_us)
    ]
    assert result.state.series[key].fired_us == known.ended_us
    assert result.state.episodes == (known,)


async def test_late_firings_without_room_are_told_the_next_time() -> None:
    rule = rule_of("count >= 1", by=["service"])
    events = [at(1, **CART), at(2, **SHOP), *many(100, 150, 5, service__name="user")]
    instants = instants_between(START_US, START_US + 150 * US, 15 * US)
    found = await find(MemorySource(events), [Due(rule, instants)])

    first = await with_late(rule, found.data, RuleState(rule.fingerprint()), instants, room=2)
    second = await with_late(rule, found.data, first.state, instants, room=2)
    third = await with_late(rule, found.data, second.state, instants, room=2)
    last = await with_late(rule, found.data, third.state, instants, room=2)

    assert [(one.left, len(one.transitions)) for one in (first, second, third, last)] == [
        (2, 2), (1, 2), (0, 1), (0, 0),
    ]  # fmt: skip
