"""Silences, inhibition, mute times, acknowledgement, escalation and the daily message, on timelines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from search_api.notifying.joining import rerouted
from tests.unit.search_api.notifying.timeline import Timeline, plan

NOW = {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1m",
       "repeat_interval": "1h"}  # fmt: skip
STEPS = ["oncall", "lead", "head"]


def test_a_silence_holds_from_its_start_to_its_end() -> None:
    line = Timeline(plan(route=NOW))
    line.silence(['alertname="Errors"', "severity=~high|medium"], 600)
    line.fire("Errors1")
    line.fire("Slow1")
    line.run(599, step_s=1)
    assert line.seen() == [(0, "team", "firing", "Slow1")]
    line.run(1)
    assert line.seen() == [(600, "team", "firing", "Errors1")]


def test_a_silence_that_begins_later_does_not_hold_yet() -> None:
    line = Timeline(plan(route=NOW))
    line.silence(["alertname=Errors"], 600, after_s=10)
    line.fire("Errors1")
    assert len(line.seen()) == 1


def test_a_silenced_alert_is_not_repeated_and_its_end_is_told() -> None:
    line = Timeline(plan(route=NOW))
    line.fire("Errors1")
    line.seen()
    line.silence(["alertname=Errors"], 4 * 3600)
    line.run(3 * 3600, step_s=60)
    assert line.seen() == []
    line.resolve("Errors1")
    assert line.seen() == [(10_800, "team", "resolved", "-Errors1")]


def test_a_silenced_alert_does_not_appear_beside_others() -> None:
    line = Timeline(plan(route=NOW))
    line.silence(["host=a"], 600)
    line.fire("Errors1", host="a")
    line.fire("Errors2", host="b")
    assert line.seen() == [(0, "team", "firing", "Errors2")]


def test_what_a_silence_covers_and_then_resolves_is_never_told() -> None:
    line = Timeline(plan(route=NOW))
    line.silence(["alertname=Errors"], 600)
    line.fire("Errors1")
    line.run(100)
    line.resolve("Errors1")
    line.run(1200, step_s=10)
    assert line.seen() == []
    assert line.groups == {}


INHIBIT = [{"source": {"severity": "critical"}, "target": ["severity=~medium|high"],
            "equal": ["service.name"]}]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "is_told"),
    [
        ({"service__name": "cart"}, False),
        ({"service__name": "shop"}, True),
        ({}, True),
        ({"service__name": "cart", "severity": "low", "team": "x"}, False),
    ],
)
def test_one_alert_inhibits_others(target: dict[str, str], is_told: bool) -> None:
    line = Timeline(plan(route=NOW, inhibit=INHIBIT))
    line.fire("Down1", severity="critical", service__name="cart")
    line.seen()
    line.fire("Errors1", **target)
    line.run(30)
    # One of low severity is no target, but the route's group_wait keeps it out of the daily message.
    assert bool(line.seen()) == (is_told or target.get("severity") == "low")


def test_labels_that_are_missing_on_both_sides_are_equal() -> None:
    line = Timeline(plan(route=NOW, inhibit=INHIBIT))
    line.fire("Down1", severity="critical")
    line.seen()
    line.fire("Errors1")
    line.run(30)
    assert line.seen() == []


def test_inhibition_ends_with_its_source() -> None:
    line = Timeline(plan(route=NOW, inhibit=INHIBIT))
    line.fire("Down1", severity="critical", service__name="cart")
    line.fire("Errors1", service__name="cart")
    line.run(60)
    line.seen()
    line.resolve("Down1")
    assert {row[3] for row in line.seen()} == {"-Down1", "Errors1"}


def test_alerts_that_are_source_and_target_do_not_silence_each_other() -> None:
    both = [{"source": ["severity=high"], "target": ["severity=high"], "equal": []}]
    line = Timeline(plan(route=NOW, inhibit=both))
    line.fire("Errors1")
    line.fire("Slow1")
    line.run(10)
    assert len(line.seen()) == 2


def test_a_source_without_the_target_s_labels_inhibits_itself_never() -> None:
    line = Timeline(
        plan(route=NOW, inhibit=[{"source": ["alertname=Errors"], "target": ["team=a"]}])
    )
    line.fire("Errors1", team="a")
    line.fire("Slow1", team="a")
    line.run(10)
    assert [row[3] for row in line.seen()] == ["Errors1"]


NIGHT = [{"name": "night", "hours": ["22:00-06:00"], "zone": "Asia/Seoul"},
         {"name": "weekend", "days": ["sat", "sun"], "zone": "Asia/Seoul"}]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "muted"),
    [
        ((2026, 11, 23, 12, 59), False),  # Monday 21:59 in Seoul
        ((2026, 11, 23, 13, 0), True),
        ((2026, 11, 23, 20, 59), True),
        ((2026, 11, 23, 21, 0), False),
        ((2026, 11, 27, 14, 59), True),  # Friday 23:59
        ((2026, 11, 28, 3, 0), True),  # Saturday noon
        ((2026, 11, 29, 14, 59), True),  # Sunday 23:59
        ((2026, 11, 29, 22, 0), False),  # Monday 07:00
    ],
)
def test_mute_times(moment: tuple[int, int, int, int, int], muted: bool) -> None:
    made = plan(route=NOW | {"routes": [{"mute_times": ["night", "weekend"]}]}, mute_times=NIGHT)
    (route,) = made.root.routes
    assert made.is_muted(route, datetime(*moment, tzinfo=UTC)) == muted


def test_nights_belong_to_the_day_they_begin_on() -> None:
    times = [{"name": "n", "days": ["fri"], "hours": ["22:00-06:00"]}]
    made = plan(route=NOW | {"routes": [{"mute_times": ["n"]}]}, mute_times=times)
    muted = [
        hour
        for hour in range(48)
        if made.is_muted(
            made.root.routes[0], datetime(2026, 11, 27 + hour // 24, hour % 24, tzinfo=UTC)
        )
    ]
    assert muted == list(range(22, 30))


def test_what_happens_at_mute_times_is_told_afterwards() -> None:
    times = [{"name": "meeting", "hours": ["10:00-11:00"]}]
    line = Timeline(plan(route=NOW | {"routes": [{"mute_times": ["meeting"]}]}, mute_times=times))
    line.fire("Errors1")
    line.fire("Errors2")
    line.run(600, step_s=10)
    line.resolve("Errors2")
    line.run(2990, step_s=10)
    assert line.seen() == []
    line.run(10)
    assert line.seen() == [(3600, "team", "firing", "Errors1")]


def test_each_level_of_an_escalation_is_told_in_its_time() -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS))
    line.fire("Errors1", severity="critical")
    line.fire("Slow1", severity="medium")
    line.seen()
    line.run(2000)
    assert line.seen() == [
        (300, "oncall", "escalation1", "Errors1"),
        (900, "lead", "escalation2", "Errors1"),
        (1800, "head", "escalation3", "Errors1"),
    ]


@pytest.mark.parametrize(("at", "levels"), [(299, 0), (301, 1), (901, 2), (1801, 3)])
def test_an_acknowledgement_ends_the_escalation(at: int, levels: int) -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS))
    line.fire("Errors1", severity="critical")
    line.run(at)
    line.acknowledged.add("Errors1")
    line.run(3000, step_s=10)
    assert [row[2] for row in line.seen()][1:] == [f"escalation{n + 1}" for n in range(levels)]


def test_a_resolution_ends_the_escalation_and_is_told_to_all_who_know() -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS))
    line.fire("Errors1", severity="critical")
    line.run(1000)
    line.seen()
    line.resolve("Errors1")
    line.run(3000, step_s=10)
    assert [row[1:] for row in line.seen()] == [
        ("team", "resolved", "-Errors1"),
        ("lead", "resolved", "-Errors1"),
        ("oncall", "resolved", "-Errors1"),
    ]


def test_an_alert_that_goes_several_ways_is_escalated_once() -> None:
    ways = [{"receiver": "team", "continue": True}, {"receiver": "lead"}]
    line = Timeline(plan(route=NOW | {"routes": ways}, escalation=["oncall", "head"]))
    line.fire("Down1", severity="critical")
    line.run(1200)
    line.resolve("Down1")
    assert sorted(line.seen()) == [
        (0, "lead", "firing", "Down1"), (0, "team", "firing", "Down1"),
        (300, "oncall", "escalation1", "Down1"), (900, "head", "escalation2", "Down1"),
        (1200, "head", "resolved", "-Down1"), (1200, "lead", "resolved", "-Down1"),
        (1200, "oncall", "resolved", "-Down1"), (1200, "team", "resolved", "-Down1"),
    ]  # fmt: skip


def test_the_escalation_counts_from_when_it_was_told() -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS))
    line.silence(["alertname=Errors"], 3600)
    line.fire("Errors1", severity="critical")
    line.run(3700, step_s=10)
    line.run(300, step_s=10)
    assert [row[:3] for row in line.seen()] == [
        (3600, "team", "firing"),
        (3900, "oncall", "escalation1"),
    ]


def test_a_receiver_that_takes_nothing_holds_no_escalation_back() -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS), stuck=True)
    for number in range(9):
        line.fire(f"Errors{number}")
        line.run(60)
    line.fire("Errors9", severity="critical")
    line.fire("Errors10")
    line.seen()
    line.run(1800)
    assert [row[1:] for row in line.seen()] == [
        ("oncall", "escalation1", "Errors9"),
        ("lead", "escalation2", "Errors9"),
        ("head", "escalation3", "Errors9"),
    ]


def test_steps_that_were_missed_are_all_taken() -> None:
    line = Timeline(plan(route=NOW, escalation=STEPS))
    line.fire("Errors1", severity="critical")
    line.run(1200, step_s=1200)
    assert [row[1:3] for row in line.seen()][1:] == [
        ("oncall", "escalation1"),
        ("lead", "escalation2"),
    ]


def test_other_alerts_can_be_escalated_at_other_times() -> None:
    steps = {"match": {"team": "a"}, "steps": [{"after": "1m", "receiver": "head"}]}
    line = Timeline(plan(route=NOW, escalation=steps))
    line.fire("Errors1", team="a", severity="medium")
    line.fire("Slow1", severity="critical")
    line.run(100)
    assert [row for row in line.seen() if row[1] == "head"] == [
        (60, "head", "escalation1", "Errors1")
    ]


def test_an_acknowledged_alert_is_not_repeated_and_its_end_is_told() -> None:
    line = Timeline(plan(route=NOW))
    line.fire("Errors1")
    line.acknowledged.add("Errors1")
    line.seen()
    line.run(3 * 3600, step_s=60)
    assert line.seen() == []
    line.resolve("Errors1")
    assert [row[2] for row in line.seen()] == ["resolved"]


DIGEST = {"at": "09:00", "zone": "Asia/Seoul"}  # midnight in UTC


def test_low_ones_are_told_once_a_day_all_in_one() -> None:
    line = Timeline(plan(digest=DIGEST))
    line.fire("Errors1", severity="low")
    line.run(3600, step_s=60)
    line.fire("Slow1", severity="info", service__name="cart")
    line.resolve("Errors1")
    line.run(12 * 3600, step_s=60)
    assert line.seen() == []
    line.run(2 * 3600, step_s=60)
    assert line.seen() == [(14 * 3600, "team", "digest", "Slow1 -Errors1")]
    line.run(3 * 24 * 3600, step_s=600)
    assert line.seen() == []
    line.resolve("Slow1")
    line.run(24 * 3600, step_s=600)
    assert [row[2:] for row in line.seen()] == [("digest", "-Slow1")]
    assert line.groups == {}


def test_a_daily_message_has_each_flapping_series_once() -> None:
    line = Timeline(plan(digest=DIGEST))
    for number in range(200):
        line.fire(f"Errors{number}", severity="low")
        line.run(10)
        line.resolve(f"Errors{number}")
    line.run(24 * 3600, step_s=600)
    assert [row[3] for row in line.seen()] == ["-Errors199"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"digest": DIGEST, "route": {"receiver": "lead"}}, (14 * 3600, "lead")),
        (
            {"digest": DIGEST, "route": {"receiver": "team", "group_wait": "0s"}},
            (14 * 3600, "team"),
        ),
        ({"digest": None, "route": {"receiver": "lead"}}, (3660, "lead")),
    ],
)
def test_what_waits_for_a_daily_message_whose_route_is_gone_is_told_by_the_one_that_matches_now(
    settings: dict[str, Any], told: tuple[float, str]
) -> None:
    low = {"match": {"severity": "low"}, "receiver": "team"}
    line = Timeline(plan(digest=DIGEST, route={"receiver": "lead", "routes": [low]}))
    line.fire("Errors1", severity="low")
    line.run(1800, step_s=60)
    line.resolve("Errors1")
    line.run(1800, step_s=60)

    line.plan = plan(**settings)
    line.groups = rerouted(line.groups, line.plan, line.now)
    line.run(24 * 3600, step_s=60)

    assert line.seen() == [(*told, "digest", "-Errors1")]
    assert line.groups == {}


def test_without_a_digest_low_ones_are_told_as_others() -> None:
    line = Timeline(plan(digest=None))
    line.fire("Errors1", severity="low")
    line.run(300)
    assert line.seen() == [(300, "team", "firing", "Errors1")]
