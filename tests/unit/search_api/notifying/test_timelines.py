"""At 0 s this fires, by 30 s that was told: grouping, repeating, resolving."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from search_api.alerts.alert import AlertState
from search_api.notifying.joining import rerouted
from tests.unit.search_api.notifying.timeline import TOP, Timeline, alert, plan


@pytest.fixture
def line() -> Timeline:
    return Timeline(plan(route=TOP))


def test_the_first_message_waits_for_others(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(5)
    line.fire("Errors2")
    assert line.seen() == []
    line.run(5)
    assert line.seen() == [(10, "team", "firing", "Errors1 Errors2")]


def test_what_comes_later_waits_for_the_interval(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(20)
    line.seen()
    line.fire("Errors2")
    line.run(49)
    assert line.seen() == []
    line.run(1)
    assert line.seen() == [(70, "team", "firing", "Errors1 Errors2")]


def test_what_comes_long_after_the_last_message_waits_no_longer(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(300)
    line.seen()
    line.fire("Errors2")
    assert line.seen() == [(300, "team", "firing", "Errors1 Errors2")]


def test_the_same_is_told_again_after_the_repeat_interval(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(10)
    line.seen()
    line.run(4 * 3600 - 60, step_s=60)
    assert line.seen() == []
    line.run(4 * 3600 + 120, step_s=60)
    assert [row[1:] for row in line.seen()] == [("team", "repeat", "Errors1")] * 2


def test_a_change_begins_the_repeat_interval_anew(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(3 * 3600, step_s=60)
    line.fire("Errors2")
    line.seen()
    line.run(4 * 3600 - 60, step_s=60)
    assert line.seen() == []
    line.run(60)
    assert line.seen()[0][2:] == ("repeat", "Errors1 Errors2")


def test_a_resolve_notice_is_sent_once(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(100)
    line.seen()
    line.resolve("Errors1")
    assert line.seen() == [(100, "team", "resolved", "-Errors1")]
    line.run(3600, step_s=10)
    assert line.seen() == []
    assert line.groups == {}


def test_some_resolve_and_some_go_on(line: Timeline) -> None:
    line.fire("Errors1")
    line.fire("Errors2")
    line.run(100)
    line.seen()
    line.resolve("Errors1")
    assert line.seen() == [(100, "team", "firing", "Errors2 -Errors1")]


def test_what_resolves_before_it_was_told_is_never_told(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(5)
    line.resolve("Errors1")
    line.run(3600, step_s=10)
    assert line.seen() == []
    assert line.groups == {}


def test_an_alert_that_fires_again_waits_for_the_interval(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(100)
    line.resolve("Errors1")
    line.seen()
    line.run(20)
    line.fire("Errors2")
    line.run(39)
    assert line.seen() == []
    line.run(1)
    assert line.seen() == [(160, "team", "firing", "Errors2")]


def test_the_same_transition_again_changes_nothing(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(10)
    line.seen()
    groups = line.groups
    for _ in range(3):
        line._step([line.known["Errors1"]])
    line.run(120)
    assert line.seen() == []
    assert line.groups == groups
    line.resolve("Errors1")
    line.seen()
    line._step([line.known["Errors1"]])  # a late copy of "firing"
    line.resolve("Errors1")
    line.run(300)
    assert line.seen() == []


def test_groups_have_the_labels_in_common_that_the_route_names(line: Timeline) -> None:
    line.fire("Errors1")
    line.fire("Slow1")
    line.run(10)
    assert {row[3] for row in line.seen()} == {"Errors1", "Slow1"}


@pytest.mark.parametrize(
    ("group_by", "messages"),
    [([], 1), (["alertname"], 1), (["alertname", "service.name"], 2), (["..."], 3)],
)
def test_group_by(group_by: list[str], messages: int) -> None:
    line = Timeline(plan(route=TOP | {"group_by": group_by}))
    line.fire("Errors1", service__name="cart", host="a")
    line.fire("Errors2", service__name="cart", host="b")
    line.fire("Errors3", service__name="shop", host="a")
    line.run(10)
    assert len(line.seen()) == messages


def test_a_full_group_is_followed_by_another(line: Timeline) -> None:
    for number in range(120):
        line.fire(f"Errors{number}")
    line.run(10)
    told = line.seen()
    assert [len(row[3].split()) for row in told] == [40, 40, 40]
    assert len({name for row in told for name in row[3].split()}) == 120


def test_what_cannot_be_delivered_holds_further_messages_back(line: Timeline) -> None:
    line.stuck = True
    for number in range(40):
        line.fire(f"Errors{number}")
        line.run(60, step_s=10)
    assert len(line.seen()) == 10
    line.stuck = False
    line.run(60)
    line.run(60)
    (row,) = line.seen()
    assert len(row[3].split()) == 40


def test_every_message_has_a_key_of_its_own_that_only_its_content_decides() -> None:
    def keys() -> list[str]:
        line = Timeline(plan(route=TOP))
        line.fire("Errors1")
        line.run(9 * 3600, step_s=30)
        line.resolve("Errors1")
        line.run(60)
        return [one.key for _, one in line.told]

    first = keys()
    assert len(set(first)) == len(first) == 4
    assert keys() == first


@pytest.mark.parametrize(("lasted_s", "is_told"), [(5, False), (300, True)])
def test_what_fired_and_ended_during_a_downtime_is_told_if_it_would_have_been(
    line: Timeline, lasted_s: int, is_told: bool
) -> None:
    began = line.now - timedelta(seconds=1000)
    line.known["Errors1"] = alert("Errors1", at=began)
    ended = replace(
        line.known["Errors1"],
        state=AlertState.RESOLVED,
        ends_at=began + timedelta(seconds=lasted_s),
    )
    line._step([line.known["Errors1"], ended])
    line.run(3600, step_s=5)
    assert [row[1:] for row in line.seen()] == [("team", "resolved", "-Errors1")] * is_told
    assert line.groups == {}


def test_what_is_handed_over_for_long_is_told_once(line: Timeline) -> None:
    line.fire("Errors2")
    began = line.now - timedelta(seconds=1000)
    line.known["Errors1"] = alert("Errors1", at=began)
    ended = replace(line.known["Errors1"], state=AlertState.RESOLVED, ends_at=line.now)
    handed = [line.known["Errors1"], ended]
    line._step(handed)
    line.run(20)
    assert [row[3] for row in line.seen()] == ["Errors2 -Errors1"]
    line.now += timedelta(seconds=700)  # a kill, before the rule's record has forgotten it
    for _ in range(100):  # and others write the record each time
        line.now += timedelta(seconds=1)
        line._step(handed)
    assert line.seen() == []
    line.run(1)
    assert [set(group.members) for group in line.groups.values()] == [{"Errors2"}]


def test_an_end_that_waits_is_told_where_the_same_receiver_is_told() -> None:
    line = Timeline(plan(route={**TOP, "routes": [{"match": {"severity": "high"}}]}))
    line.fire("Errors1")
    line.run(20)
    line.resolve("Errors1")
    assert [row[3] for row in line.seen()] == ["Errors1"]

    line.plan = plan(route=TOP)
    line.groups = rerouted(line.groups, line.plan, line.now)
    line.run(100)

    assert [row[1:] for row in line.seen()] == [("team", "resolved", "-Errors1")]
    line.run(700)
    assert line.groups == {}


def test_an_end_behind_a_message_that_waits_is_told_once() -> None:
    line = Timeline(plan(route={**TOP, "routes": [{"match": {"severity": "high"}}]}), stuck=True)
    line.fire("Errors1")
    line.run(20)
    line.resolve("Errors1")
    line.plan = plan(route=TOP)

    for _ in range(3):  # each time that the state is read anew
        line.groups = rerouted(line.groups, line.plan, line.now)
        line.run(100)

    assert [row[1:] for row in line.seen()] == [
        ("team", "firing", "Errors1"), ("team", "resolved", "-Errors1"),
    ]  # fmt: skip


def test_what_was_missed_and_is_silenced_is_not_told(line: Timeline) -> None:
    line.fire("Errors2", host="b")
    line.run(100)
    line.seen()
    line.silence(["alertname=Errors", "host!=b"], 600)
    line.known["Errors1"] = alert("Errors1", at=line.now - timedelta(seconds=1000))
    line._step([line.known["Errors1"]])
    line.resolve("Errors1")
    line.run(3600, step_s=5)
    assert line.seen() == []
    (group,) = line.groups.values()
    assert set(group.members) == {"Errors2"}


def test_nobody_waits_for_a_time_that_a_wrong_clock_has_shown(line: Timeline) -> None:
    line.fire("Errors1")
    line.run(20)
    line.now += timedelta(days=400)
    line.resolve("Errors1")
    line.fire("Errors2")
    line.run(65)
    assert [row[3] for row in line.seen()] == ["Errors1", "-Errors1", "Errors2"]

    line.now -= timedelta(days=400)
    line.fire("Errors3")
    line.run(60)
    assert [row[1:] for row in line.seen()] == [("team", "firing", "Errors2 Errors3")]
    line.run(4 * 3600 + 60, step_s=60)
    assert [row[1:] for row in line.seen()] == [("team", "repeat", "Errors2 Errors3")]
