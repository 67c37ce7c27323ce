"""Who is told how soon: severities, the tree of routes, and what each kind of receiver wants to hear."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.search_api.notifying.timeline import TOP, Timeline, plan

DEFAULTS = [("critical", 0, 10, 3600), ("high", 10, 60, 14_400), ("medium", 60, 300, 43_200)]


@pytest.mark.parametrize(("severity", "wait", "interval", "repeat"), DEFAULTS)
def test_critical_at_once_and_others_in_batches(
    severity: str, wait: int, interval: int, repeat: int
) -> None:
    line = Timeline(plan())
    line.fire("Errors1", severity=severity)
    line.run(wait)
    assert [row[0] for row in line.seen()] == [wait]
    line.fire("Errors2", severity=severity)
    line.run(interval - 1)
    assert line.seen() == []
    line.run(1)
    assert line.seen() == [(wait + interval, "team", "firing", "Errors1 Errors2")]
    line.run(repeat, step_s=repeat / 4)
    assert [row[2] for row in line.seen()] == ["repeat"]


def test_a_critical_one_takes_the_waiting_along() -> None:
    line = Timeline(plan())
    line.fire("Errors1", severity="medium")
    line.run(20)
    line.fire("Errors2", severity="critical")
    assert line.seen() == [(20, "team", "firing", "Errors1 Errors2")]


@pytest.mark.parametrize(
    ("word", "wait"), [("page", 0), ("CRITICAL", 0), ("warning", 60), ("odd", 10)]
)
def test_usual_words_for_severities_are_understood(word: str, wait: int) -> None:
    line = Timeline(plan())
    line.fire("Errors1", severity=word)
    line.run(100)
    assert [row[0] for row in line.seen()] == [wait]


TREE = TOP | {
    "group_wait": "0s",
    "routes": [
        {"match": {"severity": "critical"}, "receiver": "oncall", "continue": True},
        {"matchers": ['service.name=~"shop.*"'], "receiver": "lead", "routes": [
            {"matchers": ["severity!=low", "env !~ 'dev|test'"], "receiver": "head"}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, {"team"}),
        ({"severity": "critical"}, {"oncall"}),
        ({"severity": "critical", "service__name": "shop-a"}, {"oncall", "head"}),
        ({"service__name": "shop-a", "env": "test"}, {"lead"}),
        ({"service__name": "shop-a", "env": "prod"}, {"head"}),
        ({"service__name": "workshop"}, {"team"}),
    ],
)
def test_the_tree_of_routes(labels: dict[str, str], receivers: set[str]) -> None:
    line = Timeline(plan(route=TREE))
    line.fire("Errors1", **labels)
    line.run(5)
    assert {row[1] for row in line.seen()} == receivers


def test_routes_inherit_what_they_do_not_say() -> None:
    tree = TOP | {"routes": [{"match": {"team": "a"}, "group_wait": "1s"}]}
    made = plan(route=tree)
    (below,) = made.root.routes
    assert below.receiver == "team"
    assert below.group_by == ("alertname",)
    assert (below.wait, below.interval) == (timedelta(seconds=1), timedelta(minutes=1))


def test_two_routes_with_the_same_conditions_are_two() -> None:
    same = {"match": {"severity": "high"}, "continue": True}
    tree = TOP | {"group_wait": "0s", "routes": [same, same | {"group_by": []}]}
    line = Timeline(plan(route=tree))
    line.fire("Errors1")
    assert len(line.seen()) == 2


def test_one_that_is_not_told_of_ends() -> None:
    receivers = [
        {"name": "team", "webhook": "https://ops.example/hook", "send_resolved": False},
        {"name": "fixer", "action": {"url": "https://ops.example/fix", "secret": "abc"}},
    ]
    tree = TOP | {"routes": [{"receiver": "fixer", "match": {"fix": "yes"}}]}
    line = Timeline(plan(receivers=receivers, route=tree))
    line.fire("Errors1")
    line.fire("Errors2")
    line.fire("Slow1", fix="yes")
    line.run(100)
    assert len(line.seen()) == 2
    line.resolve("Errors1", "Slow1")
    line.run(200)
    assert line.seen() == []
    line.resolve("Errors2")
    line.run(3600, step_s=10)
    assert line.seen() == []
    assert line.groups == {}


def test_an_action_is_not_asked_again() -> None:
    action = {"name": "act", "action": {"url": "https://ops.example/do", "secret": "s"}}
    line = Timeline(plan(receivers=[action], route=TOP | {"receiver": "act"}))
    line.fire("Errors1")
    line.run(9 * 3600, step_s=30)
    assert [row[2] for row in line.seen()] == ["firing"]


def test_an_alertmanager_hears_of_what_fires_before_it_takes_it_for_resolved() -> None:
    outer = {"name": "outer", "alertmanager": "https://am.example"}
    line = Timeline(
        plan(receivers=[outer], route=TOP | {"receiver": "outer", "repeat_interval": "7d"})
    )
    line.fire("Errors1")
    line.run(60)
    line.acknowledged.add("Errors1")
    line.seen()
    line.run(60 * 3600, step_s=600)
    assert [row[2] for row in line.seen()] == ["repeat", "repeat"]
