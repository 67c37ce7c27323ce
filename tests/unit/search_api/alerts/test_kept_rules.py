"""Rules that are kept in the state: their history, their changes, and what an older version took."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.errors import ConfigError, StateConflict
from logboom.state.local import LocalState
from search_api.alerts.rule_files import RuleFiles
from search_api.alerts.rule_keeping import GROUPS as KEPT
from search_api.alerts.rule_keeping import KeptRules
from tests.unit.search_api.alerts.timeline import START


async def test_kept_rules_have_a_history_and_no_lost_changes(tmp_path: Path) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept = KeptRules(state, ManualClock(START))

    def content(number: int) -> dict[str, object]:
        return {"name": "g", "rules": [{"alert": "A", "when": f"count > {number}"}]}

    for number in range(1, 205):
        await kept.put(content(number), "key me")
    history = await kept.history("g")
    assert [change.version for change in history] == list(range(204, 4, -1))
    assert history[0].author == "key me"
    assert history[-1].content == content(5)

    done = await asyncio.gather(
        *(kept.put(content(n), "") for n in range(5)), return_exceptions=True
    )
    changed = sum(not isinstance(one, StateConflict) for one in done)
    assert (await kept.history("g"))[0].version == 204 + changed
    with pytest.raises(ConfigError, match="count >= 0 is always true"):
        await kept.put({"name": "g", "rules": [{"alert": "A", "when": "count >= 0"}]}, "")
    assert await kept.delete("g", "me")
    assert not await kept.delete("g", "me")
    assert await kept.groups() == ((), {})
    await state.close()


async def test_kept_rules_are_read_again_when_they_have_changed(tmp_path: Path) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept, other = KeptRules(state, ManualClock(START)), KeptRules(state, ManualClock(START))
    for name in ("g", "h"):
        await kept.put({"name": name, "rules": [{"alert": "A", "when": "count > 5"}]}, "")
    (g, h), _ = await kept.groups()
    assert [one is two for one, two in zip((await kept.groups())[0], (g, h), strict=True)] == [
        True, True,
    ]  # fmt: skip

    await other.put({"name": "h", "rules": [{"alert": "A", "when": "count > 6"}]}, "")
    (same, changed), _ = await kept.groups()
    assert same is g
    assert changed.rules[0].told == "count > 6 over 5m"

    record = await state.get(KEPT, "h")
    assert record is not None
    bad = {"name": "h", "rules": [{"alert": "A", "when": "cont > 1"}]}
    await state.put(KEPT, "h", {**record.value, "content": bad})
    for _ in range(2):
        groups, problems = await kept.groups()
        assert groups == (g,)
        assert "did you mean count?" in problems["api: h"]
    await kept.delete("h", "")
    assert await kept.groups() == ((g,), {})
    await state.close()


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"when": "count > 5 or count <= 5"}, "is always true"),
        ({"annotations": {"summary": "{{ labels.team }}"}}, "there is no labels.team to tell"),
        ({"when": "errors > 5", "where": "NOT tags:error"}, "lets no errors through"),
    ],
)
async def test_what_an_older_version_took_is_evaluated_and_told_of(
    tmp_path: Path, odd: dict[str, Any], words: str
) -> None:
    state = LocalState(tmp_path, ManualClock(START))
    kept = KeptRules(state, ManualClock(START))
    rule = {"alert": "A", "when": "count > 5"}
    await kept.put({"name": "g", "rules": [rule]}, "")
    content = {"name": "g", "rules": [{**rule, **odd}, {**rule, "alert": "B"}]}
    record = await state.get(KEPT, "g")
    assert record is not None
    await state.put(KEPT, "g", {**record.value, "content": content})
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [content]}))

    (group,), problems = await kept.groups()
    read = RuleFiles([str(file)]).read()

    for found in (group, *read.groups):
        assert [one.name for one in found.rules] == ["A", "B"]
    assert words in problems["api: g"]
    assert words in read.problems[str(file)]
    with pytest.raises(ConfigError, match=words):
        await kept.put(content, "")
    await state.close()
