"""What every state must do: the same for the SQLite file and for a real Elasticsearch."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from logboom.clock import ManualClock, SystemClock
from logboom.config import Config
from logboom.errors import StateConflict, StateRefused, StateUnavailable
from logboom.retrying import Backoff
from logboom.state import ANY_VERSION, State, Write, open_state

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ADDITIONS = 15


@pytest.fixture
async def state(config: Config) -> AsyncIterator[State]:
    opened = open_state(config, ManualClock(NOON))
    yield opened
    await opened.close()


async def keys(state: State, kind: str = "rule", **choice: Any) -> list[str]:
    return [record.key for record in await state.list(kind, **choice)]


async def test_an_empty_state_has_nothing(state: State) -> None:
    assert await state.get("rule", "a") is None
    assert await state.list("rule") == []
    assert await state.delete("rule", "a") is False
    with pytest.raises(StateConflict):
        await state.delete("rule", "a", expected="1.1")
    assert await state.put_many([]) == []


async def test_a_record_comes_back_as_it_was_put(state: State) -> None:
    value = {
        "text": "ü\n",
        "list": [1, {"a": None}],
        "a.b": {"": 2.5},
        "large": 2**53,
        "at": "2026",
    }
    written = await state.put("rule", "naïve/key #1?%", value)
    assert await state.get("rule", "naïve/key #1?%") == written
    assert written.value == value
    assert written.written_ns == int(NOON.timestamp()) * 10**9
    assert (written.kind, written.key) == ("rule", "naïve/key #1?%")
    assert await state.get("other", "naïve/key #1?%") is None


async def test_values_of_any_shape_stand_side_by_side(state: State) -> None:
    shapes: list[Any] = [1, "x", {"b": 1}, [1, {"c": 2}], None, True]
    for number, shape in enumerate(shapes):
        await state.put("shape", str(number), {"a": shape})
    assert [record.value["a"] for record in await state.list("shape")] == shapes


async def test_a_write_with_the_version_read_succeeds_and_changes_it(state: State) -> None:
    first = await state.put("rule", "a", {"n": 1}, expected=None)
    second = await state.put("rule", "a", {"n": 2}, expected=first.version)
    assert second.version != first.version
    found = await state.get("rule", "a")
    assert found == second
    assert found.value == {"n": 2}


@pytest.mark.parametrize("expected", [None, "0", "0.0", "17.1", "no version at all"])
async def test_a_write_with_another_version_is_a_conflict(
    state: State, expected: str | None
) -> None:
    kept = await state.put("rule", "a", {"n": 1})
    kept = await state.put("rule", "a", {"n": 2})
    with pytest.raises(StateConflict, match="rule a"):
        await state.put("rule", "a", {"n": 3}, expected=expected)
    assert await state.get("rule", "a") == kept


async def test_a_version_of_what_is_not_there_is_a_conflict(state: State) -> None:
    with pytest.raises(StateConflict):
        await state.put("rule", "a", {}, expected="1.1")
    assert await state.get("rule", "a") is None


async def test_a_record_made_anew_has_not_the_version_of_the_one_deleted(state: State) -> None:
    first = await state.put("rule", "a", {"n": 1}, expected=None)
    assert await state.delete("rule", "a", expected=first.version) is True
    assert await state.get("rule", "a") is None
    again = await state.put("rule", "a", {"n": 1}, expected=None)
    assert again.version != first.version
    with pytest.raises(StateConflict):
        await state.put("rule", "a", {"n": 2}, expected=first.version)
    with pytest.raises(StateConflict):
        await state.delete("rule", "a", expected=first.version)
    assert await state.get("rule", "a") == again


async def test_a_list_is_in_order_and_has_what_was_just_written(state: State) -> None:
    for key in ("b", "a/2", "ü", "a/10", "B", "\U0001f600", "￿"):
        await state.put("rule", key, {})
    await state.put("other", "a", {})
    in_order = ["B", "a/10", "a/2", "b", "ü", "￿", "\U0001f600"]
    assert await keys(state) == in_order
    await state.delete("rule", "B")
    assert await keys(state) == in_order[1:]
    assert await keys(state, prefix="a/") == ["a/10", "a/2"]
    assert await keys(state, prefix="a/", after="a/10") == ["a/2"]
    assert await keys(state, after="b", limit=2) == ["ü", "￿"]
    assert await keys(state, kind="none") == []


async def test_a_list_gives_versions_that_can_be_written_with(state: State) -> None:
    await state.put("rule", "a", {"n": 1})
    (record,) = await state.list("rule")
    assert record == await state.get("rule", "a")
    await state.put("rule", "a", {"n": 2}, expected=record.version)


async def test_many_writes_are_answered_one_by_one(state: State) -> None:
    kept = await state.put("rule", "kept", {"n": 1})
    await state.put("rule", "there", {"n": 1})
    answers = await state.put_many(
        [
            Write("rule", "new", {"n": 2}, None),
            Write("rule", "there", {"n": 2}, None),
            Write("rule", "kept", {"n": 2}, kept.version),
            Write("rule", "missing", {"n": 2}, kept.version),
            Write("rule", "any", {"n": 2}, ANY_VERSION),
        ]
    )
    assert [answer is not None for answer in answers] == [True, False, True, False, True]
    assert {record.key: record.value["n"] for record in await state.list("rule")} == {
        "any": 2, "kept": 2, "new": 2, "there": 1,
    }  # fmt: skip
    for answer in answers:
        assert answer is None or await state.get("rule", answer.key) == answer


async def test_many_are_forgotten_at_once_but_those_that_were_changed(state: State) -> None:
    assert await state.delete_many("rule", {"missing": "1.1"}) == 0
    kept = {key: await state.put("rule", key, {"n": 1}) for key in ("a", "b", "changed", "anew")}
    await state.put("rule", "changed", {"n": 2})
    await state.delete("rule", "anew")
    await state.put("rule", "anew", {"n": 2}, expected=None)
    await state.put("other", "a", {})
    versions = {key: record.version for key, record in kept.items()}
    assert await state.delete_many("rule", {**versions, "missing": "1.1", "b": "nonsense"}) == 1
    assert await keys(state) == ["anew", "b", "changed"]
    assert await keys(state, kind="other") == ["a"]
    assert await state.delete_many("rule", {"b": versions["b"]}) == 1
    assert await state.delete_many("rule", {"b": versions["b"]}) == 0
    assert await state.delete_many("rule", {}) == 0


async def test_many_deletions_have_an_end(state: State) -> None:
    with pytest.raises(StateRefused, match="more than 10000"):
        await state.delete_many("rule", {str(n): "1.1" for n in range(10_001)})
    kept = await state.put("rule", "a", {})
    with pytest.raises(StateRefused, match="control characters"):
        await state.delete_many("rule", {"a": kept.version, "b\n": "1.1"})
    assert await keys(state) == ["a"], "nothing of it is deleted"


async def test_a_thousand_large_writes_go_through_at_once(state: State) -> None:
    text = "x" * 20_000
    answers = await state.put_many(
        [Write("large", f"{number:04}", {"text": text}) for number in range(1000)]
    )
    assert [answer.key for answer in answers if answer] == [f"{n:04}" for n in range(1000)]
    assert len(await keys(state, "large", limit=10_000)) == 1000


@pytest.mark.parametrize(
    ("kind", "key", "value", "complaint"),
    [
        ("Rule", "a", {}, "no kind of record"),
        ("", "a", {}, "no kind of record"),
        ("r" * 65, "a", {}, "no kind of record"),
        ("rule", "", {}, "needs a key"),
        ("rule", "ü" * 201, {}, "402 bytes, more than 400"),
        ("rule", "a\nb", {}, "control characters"),
        ("rule", "a\ud800", {}, "cannot be written in UTF-8"),
        ("rule", "a", {"n": object()}, "not JSON"),
        ("rule", "a", {"n": 2**70}, "not JSON"),
        ("rule", "a", {"n": "x" * 300_000}, "more than 262144"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    state: State, kind: str, key: str, value: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(StateRefused, match=complaint):
        await state.put(kind, key, value)
    with pytest.raises(StateRefused, match=complaint):
        await state.put_many([Write("rule", "fine", {}), Write(kind, key, value)])
    assert await state.list("rule") == [], "nothing of it is written"


async def test_the_longest_names_and_values_are_kept(state: State) -> None:
    written = await state.put("k" * 64, "ü" * 200, {"text": "x" * 262_000})
    assert await state.get("k" * 64, "ü" * 200) == written


async def test_a_list_or_many_writes_have_an_end(state: State) -> None:
    for limit in (0, 10_001):
        with pytest.raises(StateRefused, match="cannot be listed"):
            await state.list("rule", limit=limit)
    with pytest.raises(StateRefused, match="more than 10000"):
        await state.put_many([Write("rule", str(n), {}) for n in range(10_001)])
    with pytest.raises(StateRefused, match="written twice at once"):
        await state.put_many([Write("rule", "a", {}), Write("rule", "a", {})])


async def test_it_is_there_after_a_restart(config: Config, state: State) -> None:
    written = await state.put("rule", "a", {"n": 1})
    await state.close()
    await state.close()
    again = open_state(config, ManualClock(NOON))
    try:
        assert await again.get("rule", "a") == written
        await again.put("rule", "a", {"n": 2}, expected=written.version)
    finally:
        await again.close()


async def test_several_in_one_process_agree(config: Config, state: State) -> None:
    other = open_state(config, ManualClock(NOON))
    try:
        answers = await asyncio.gather(
            *(one.put_many([Write("lease", "a", {"n": n}, None)])
              for n, one in enumerate([state, other] * 5))
        )  # fmt: skip
        winners = [record for (record,) in answers if record is not None]
        assert len(winners) == 1
        assert await state.get("lease", "a") == await other.get("lease", "a") == winners[0]
    finally:
        await other.close()


def test_two_processes_that_race_on_one_key_lose_no_change(config: Config) -> None:
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=_race, args=(config,)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
        assert racer.exitcode == 0
    assert asyncio.run(_total(config)) == 2 * ADDITIONS


def _race(config: Config) -> None:
    asyncio.run(_add(config))


async def _add(config: Config) -> None:
    """Adds one to a shared number, again and again."""
    state = open_state(config, SystemClock())
    for _ in range(ADDITIONS):
        backoff = Backoff()
        while True:
            try:
                before = await state.get("number", "shared")
                total = 0 if before is None else before.value["n"]
                expected = None if before is None else before.version
                await state.put("number", "shared", {"n": total + 1}, expected=expected)
            except StateConflict:
                continue
            except StateUnavailable:  # the other one is just making the index
                await backoff.wait()
                continue
            break
    await state.close()


async def _total(config: Config) -> int:
    state = open_state(config, SystemClock())
    record = await state.get("number", "shared")
    await state.close()
    assert record is not None
    total: int = record.value["n"]
    return total
