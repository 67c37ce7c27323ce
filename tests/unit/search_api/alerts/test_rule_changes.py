"""Rules that are changed, or gone, or wrong while an engine works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search_api.alerts.expressions import parse_where
from search_api.alerts.outbox import KIND
from tests.unit.search_api.alerts.timeline import error, many
from tests.unit.search_api.alerts.world import ERRORS, Make, group_of


async def test_what_a_rule_fires_resolves_when_the_rule_goes(make: Make) -> None:
    world = make()
    world.source.add(many(0, 600, 1, tags=["error"]))
    engine = await world.start()
    await world.until(60, engine)

    await world.kept.delete("group", "me")
    await world.until(80, engine)

    assert [row[1:] for row in world.timeline] == [("firing", "Errors"), ("resolved", "Errors")]
    assert await world.memory.get(KIND, "group/Errors") is None


async def test_what_a_rule_fires_resolves_when_it_means_something_else(make: Make) -> None:
    world = make()
    world.source.add(many(0, 600, 1, tags=["error"]))
    engine = await world.start()
    await world.until(60, engine)

    await world.kept.put(group_of({**ERRORS, "when": "count > 1000"}), "me")
    await world.until(90, engine)

    assert [row[1:] for row in world.timeline] == [("firing", "Errors"), ("resolved", "Errors")]
    assert world.told[-1].annotations["resolved"] == "the rule was changed"


@pytest.mark.parametrize(
    "now_is",
    [
        {"by": ["service", "host"]}, {"by": []}, {"by": ["host"]}, {"where": "level:fatal"},
        {"when": "rate > 5/s"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_series_fired_is_told_to_end_when_the_rule_has_others(
    make: Make, now_is: dict[str, Any]
) -> None:
    rule = {**ERRORS, "by": ["service"]}
    world = make(rule)
    world.source.add(many(0, 600, 1, tags=["error"], service={"name": "cart"}, host={"name": "h1"}))
    engine = await world.start()
    await world.until(60, engine)
    (fired,) = world.told

    await world.kept.put(group_of({**rule, **now_is}), "me")
    await world.until(150, await world.start())

    ended = [one for one in world.told if one.ends_at is not None]
    assert [(one.episode, one.labels) for one in ended] == [(fired.episode, fired.labels)]
    assert ended[0].annotations["resolved"] == "the rule was changed"
    assert world.told.index(ended[0]) == 1  # before what the rule tells as it is now
    assert len(world.told) == (2 if {"where", "when"} & now_is.keys() else 3)


async def test_a_file_is_read_again_and_an_invalid_one_leaves_the_old_rules(
    make: Make, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    text = "groups: [{name: files, rules: [{alert: One, when: count > 0, over: 1m}]}]"
    file.write_text(text)
    world = make(rules=[str(tmp_path / "*.yaml")])
    engine = await world.start()
    await world.until(10, engine)
    assert set(engine.rules.rules) == {"group/Errors", "files/One"}

    file.write_text(text.replace("count > 0", "cont > 0"))
    await world.until(20, engine)
    assert set(engine.rules.rules) == {"group/Errors", "files/One"}
    assert "did you mean count?" in engine.standing.problems[str(file)]
    assert engine.standing.parts(0)[0]["state"] == "invalid"

    file.write_text(text.replace("One", "Two"))
    await world.until(30, engine)
    assert set(engine.rules.rules) == {"group/Errors", "files/Two"}
    assert engine.standing.problems == {}


async def test_a_file_that_was_never_right_is_told_of(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("groups: [{name: files, rules: [{alert: One, when: cont > 0}]}]")
    world = make(rules=[str(file)])
    engine = await world.start()
    await world.kept.delete("group", "me")

    await world.until(100, engine)
    assert [row[1:] for row in world.timeline] == [("firing", "RuleFailed")]
    assert world.told[0].labels["attributes.rule"] == str(file)

    file.write_text("groups: []")
    await world.until(130, engine)
    assert [row[1] for row in world.timeline] == ["firing", "resolved"]


_HALF_BAD = """
groups:
  - name: files
    rules:
      - {alert: One, when: count > 0, over: 1m}
      - {alert: Odd, when: cont > 0}
  - name: more
    rules:
      - {alert: Two, when: count > 1, over: 1m}
      - {alert: Old, expr: up == 0}
  - {name: none, every: often, rules: [{alert: Three, when: count > 2}]}
"""


async def test_what_is_wrong_in_a_file_that_was_never_right_keeps_nothing_else_from_running(
    make: Make, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text(_HALF_BAD)
    good.write_text("groups: [{name: good, rules: [{alert: Good, when: count > 3}]}]")
    world = make(rules=[str(tmp_path / "*.yaml")])
    world.source.add([error(1)])
    engine = await world.start()

    await world.until(80, engine)

    assert set(engine.rules.rules) == {"group/Errors", "files/One", "more/Two", "good/Good"}
    assert (15, "firing", "One") in world.timeline
    assert "RuleFailed" in [name for _, _, name in world.timeline]
    told = engine.standing.problems[str(bad)]
    for words in (
        "files/Odd: ",
        "did you mean count?",
        "rules[1].expr",
        "every",
        "its other 2 rules",
    ):
        assert words in told
    assert engine.standing.parts(0)[0]["state"] == "invalid"

    bad.write_text(_HALF_BAD.replace("Two", "Deux").replace("One", "Un"))
    await world.until(90, engine)  # it was never right: what can be used is
    assert {"files/Un", "more/Deux"} < set(engine.rules.rules)

    bad.write_text(_HALF_BAD.replace("Two", "Drei") + ": [")
    await world.until(100, engine)
    assert {"files/Un", "more/Deux"} < set(engine.rules.rules)

    bad.unlink()
    await world.until(110, engine)
    assert set(engine.rules.rules) == {"group/Errors", "good/Good"}
    assert engine.standing.problems == {}


async def test_a_rule_that_is_gone_has_no_trouble_any_more(make: Make) -> None:
    world = make({**ERRORS, "by": ["service"]}, {**ERRORS, "alert": "Away", "where": "level:info"})
    services = [f"{n:03}" + "ä" * 300 for n in range(140)]
    world.source.add([error(s, service={"name": n}) for n in services for s in (31, 32, 33)])
    world.source.longest_us, world.source.limits_only = 1, parse_where("level:info")
    engine = await world.start()
    await world.until(49, engine)
    assert engine.standing.overflow["group/Errors"] > 0
    assert engine.standing.failures.keys() == {"group/Away"}

    await world.kept.put(group_of({**ERRORS, "alert": "Other"}), "")
    await world.until(60, engine)

    assert (engine.standing.overflow, engine.standing.failures) == ({}, {})
