"""Conditions of several comparisons: how they are read, what they mean, and what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logboom.errors import ConfigError
from logboom.event import Event
from search_api.alerts.backtest import backtest
from search_api.alerts.conditions import parse_when
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.notifying import wording
from tests.unit.search_api.alerts.timeline import START_US, Told, at, error, many, rule_of, told
from tests.unit.search_api.alerts.world import World, group_of

CART, SHOP = {"service__name": "cart"}, {"service__name": "shop"}


def ways(when: str) -> str:
    return " | ".join(
        " & ".join(("!" if part.is_negated else "") + part.condition.text for part in way)
        for way in parse_when(when).ways
    )


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("count > 1", "count > 1"),
        ("(count > 1)", "count > 1"),
        ("error_rate > 5% and count > 100", "error_rate > 5% & count > 100"),
        ("count > 1 or errors > 2 and rate > 3/s", "count > 1 | errors > 2 & rate > 3/s"),
        ("(count > 1 or errors > 2) and rate > 3/s", "count > 1 & rate > 3/s | errors > 2 & rate > 3/s"),
        ("count > 1 unless errors > 2", "count > 1 & !errors > 2"),
        ("count > 1 AND NOT (errors > 2 OR absent)", "count > 1 & !errors > 2 & !absent"),
        ("not (count > 1 and errors > 2)", "!count > 1 | !errors > 2"),
        ("p95(event.duration) > 1 s and sum(size) > 5", "p95(event.duration) > 1 s & sum(size) > 5"),
        ("ratio('a or b', 'c and d') > 1 and spike(count) > 3",
         "ratio('a or b', 'c and d') > 1 & spike(count) > 3"),
        ("count > 1 or count > 1", "count > 1"),
        ("count >= 5 and count <= 5", "count >= 5 & count <= 5"),
        ("count > 100 unless (count > 10 and errors > 5)", "count > 100 & !errors > 5"),
        ("(count > 9 or errors > 5) and count < 3", "errors > 5 & count < 3"),
        ("count > 5 and count <= 9 and count < 7", "count > 5 & count <= 9 & count < 7"),
    ],
)  # fmt: skip
def test_read(when: str, expected: str) -> None:
    assert ways(when) == expected


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("count > 1 and", "missing behind 'and'"),
        ("and count > 1", "missing before 'and'"),
        ("count > 1 and (errors > 2", "a ) is missing"),
        ("count > 1 and errors", "errors is compared to nothing"),
        ("count > 1 and errorrate > 2", "did you mean error_rate?"),
        ("count > 1 && errors > 2", "'&' has no meaning"),
        ("count > 1 and errors > 2)", "')' is too much"),
        ("()", "nothing in the parentheses"),
        ("new_error and count > 5", "new_error cannot be joined"),
        ("error_rate > 5 and count > 100", "it is a share from 0 to 1"),
        ("avg(event.duration) > 1000 and count > 5", "has no unit"),
        (" or ".join(f"count > {n}" for n in range(1, 9)), "more than 6 comparisons"),
        ("count > 100 and count < 50", "count > 100 and count < 50 can never both be"),
        ("count >= 5 and errors > 1 and count < 5", "can never both be"),
        ("rate > 1/s unless rate > 30/m", "rate > 1/s and not rate > 30/m can never both be"),
        ("not " * 20 + "count > 1", "nested more than"),
        (" and ".join(f"(count > {n} or errors > {n})" for n in range(1, 6)), "too much is joined"),
        (
            " and ".join(f"(count > {n} or errors > {n} or rate > 9)" for n in (1, 2))
            + " and (rate > 9 or"
            " count > 1)",
            "more than 12 ways",
        ),
    ],
)
def test_mistakes_are_explained(when: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_when(when)
    assert says in str(raised.value)


def test_what_doubles_with_each_or_is_refused_before_it_is_much() -> None:
    comparisons = [f"rate>{n}" for n in range(1, 7)]
    pairs = [f"{one} and {other}" for one in comparisons for other in comparisons if one != other]
    with pytest.raises(ConfigError, match="more than 12 ways"):
        parse_when(f"not ({' or '.join(pairs[:12])})")  # of 4,096 ways
    with pytest.raises(ConfigError, match="more than 12 ways"):
        parse_when(" or ".join(pairs[:13]))
    with pytest.raises(ConfigError, match="more than 6 comparisons"):
        parse_when(f"not ({' or '.join(f'rate>{n} and rate>{n + 50}' for n in range(15))})")


def test_recovery_is_of_a_single_comparison() -> None:
    assert parse_when("(count > 5)", recovery="2").conditions[0].recovery == 2
    with pytest.raises(ConfigError, match="needs a single comparison"):
        parse_when("count > 5 and errors > 1", recovery="2")


FAILING = [error(s, **CART) for s in range(31, 41)]
TIMELINES: list[tuple[str, dict[str, Any], list[Event], list[Told]]] = [
    (
        "both must hold for the same series",
        {"when": "error_rate > 50% and count > 5", "by": ["service"]},
        [*FAILING, *(error(s, **SHOP) for s in (31, 32)), *many(30, 40, 1, service__name="user")],
        [(45, "firing", "cart"), (105, "resolved", "cart")],
    ),
    (
        "one is enough",
        {"when": "errors > 5 or count > 50", "by": ["service"]},
        [*FAILING, *many(0, 60, 1, **SHOP)],
        [(45, "firing", "cart"), (60, "firing", "shop"), (75, "resolved", "shop"),
         (105, "resolved", "cart")],
    ),
    (
        "unless the other one holds",
        {"when": "errors > 5 unless count > 20", "by": ["service"]},
        [*FAILING, *(error(s, **SHOP) for s in range(31, 41)), *many(0, 40, 1, **SHOP)],
        [(45, "firing", "cart"), (90, "firing", "shop"), (105, "resolved", "cart"),
         (105, "resolved", "shop")],
    ),
    (
        "with the window before",
        {"when": "change(count) > 2 and errors > 0"},
        [*many(0, 60, 10), *many(60, 90, 1), *many(120, 180, 10), error(121), error(75)],
        [(90, "firing", ""), (135, "resolved", "")],
    ),
    (
        "nothing measured is not above",
        {"when": "avg(event.duration) > 1 s or count > 5"}, many(0, 10, 1),
        [(15, "firing", ""), (75, "resolved", "")],
    ),
    ("nothing measured is not below either", {"when": "not error_rate > 5%"}, [], []),
    (
        "nothing measured is no objection",
        {"when": "count > 5 unless avg(event.duration) > 1 s"}, many(0, 10, 1),
        [(15, "firing", ""), (75, "resolved", "")],
    ),
    (
        "what cannot be known keeps what was",
        {"when": "avg(event.duration) > 1 s and count > 5", "no_data": "keep"},
        [*many(0, 10, 1, event__duration=2 * 10**9), *many(130, 140, 1, event__duration=1000)],
        [(15, "firing", ""), (135, "resolved", "")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "events", "expected"), [row[1:] for row in TIMELINES],
    ids=[row[0] for row in TIMELINES],
)  # fmt: skip
def test_timeline(settings: dict[str, Any], events: list[Event], expected: list[Told]) -> None:
    assert told(rule_of(**settings), events, 300) == expected


async def test_the_message_carries_both_values_live_and_in_a_backtest(tmp_path: Path) -> None:
    rule = {
        "alert": "Both", "when": "error_rate > 50% and count > 5", "over": "1m", "by": ["service"],
        "annotations": {"summary": "{{ measured }} of {{ service.name }}, {{ value | percent }}"},
    }  # fmt: skip
    world = World(tmp_path, group_of(rule))
    events = [*FAILING, at(35, service={"name": "cart"})]
    world.source.add(events)
    engine = await world.start()
    await world.until(120, engine)

    fired, resolved = world.told
    assert fired.condition == "error_rate > 50% and count > 5 over 1m"
    assert fired.measured == {"error_rate": 10 / 11, "count": 11}
    assert fired.value == 10 / 11
    assert fired.annotations["summary"] == "error_rate 90.9% and count 11 of cart, 90.9%"
    assert fired.query == "service.name:cart AND tags:error"
    assert wording.measured(fired) == (
        "error_rate 90.9% and count 11, where error_rate > 50% and count > 5 over 1m is alerted"
    )
    (read,) = engine.rules.rules.values()
    tried = await backtest(MemorySource(events), read, START_US - 1, START_US + 110 * US)
    assert [one.to_json() for one in tried.alerts] == [
        {**one.to_json(), "samples": list(shown.samples)}
        for one, shown in zip((fired, resolved), tried.alerts, strict=True)
    ]
    await world.close()


async def test_of_alternatives_the_one_that_holds_is_shown(tmp_path: Path) -> None:
    rule = {"alert": "One", "when": "errors > 100 or avg(event.duration) > 1 s", "over": "1m"}
    world = World(tmp_path, group_of(rule))
    world.source.add(many(30, 40, 1, event={"duration": 2 * 10**9}))
    await world.until(50, await world.start())

    (fired,) = world.told
    assert (fired.value, fired.threshold, fired.measured["errors"]) == (2e9, 1e9, 0)
    assert wording.measured(fired).startswith("errors 0 and avg(event.duration) 2 s, where")
    assert fired.query == "event.duration:*"
    await world.close()
