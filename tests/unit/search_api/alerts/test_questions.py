"""What rules ask, and who answers: a store, or memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.grouping import GROUPS, MERGES
from logboom.query.model import Term
from logboom.state.local import LocalState
from logboom.store import open_store
from logboom.store.cells import Cell, CellsRequest, too_many_cells
from search_api.alerts.questions import Due, find, questions_of
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource, StoreSource
from tests.unit.search_api.alerts.timeline import START, START_US, at, rule_of


async def test_rules_share_questions_and_find_the_same() -> None:
    events = [at(n, service={"name": f"s{n % 3}"}, tags=["error"]) for n in range(30)]
    rules = [rule_of("errors > 1", where=f"service:s{n} AND something") for n in range(3)]
    dues = [Due(rule, [START_US + 60 * US]) for rule in rules]

    assert len(questions_of(dues)) == 2
    assert len(questions_of(dues * 2)) == 2
    together = await find(MemorySource(events), dues)
    for due in dues:
        alone = await find(MemorySource(events), [due])
        for (need, width_us), table in alone.data.tables.items():
            window = (START_US, START_US + 60 * US)
            assert table.window((), *window) == together.data.table(need, width_us).window(
                (), *window
            )
            assert table.window((), *window).count == 10


async def test_the_empty_service_is_not_none_at_all() -> None:
    """Cells have events without a service under the empty name, too; `service:""` is not about them."""
    events = [at(1, service={"name": "cart"}), at(2, service={"name": ""}), at(3), at(4)]
    rules = [rule_of("count > 0", where=f"service:{name}") for name in ('""', "cart")]
    dues = [Due(rule, [START_US + 60 * US]) for rule in rules]
    found = await find(MemorySource(events), dues)
    window = (START_US, START_US + 60 * US)
    tables = found.data.tables.values()
    assert [table.window((), *window).count for table in tables] == [1, 1]


class _Bounded(MemorySource):
    """Measures so many cells at most, as stores do."""

    async def cells(self, request: CellsRequest) -> Sequence[Cell]:
        found = await super().cells(request)
        if len(found) > 3:
            raise too_many_cells()
        return found


async def test_what_other_services_have_too_much_of_keeps_no_rule_from_its_own() -> None:
    hosts = [(service, f"h{n}") for n in range(3) for service in ("s0", "s1")]
    hosts += [("large", f"h{n}") for n in range(9)]
    events = [at(1, service={"name": service}, host={"name": host}) for service, host in hosts]
    rules = [
        rule_of("count > 0", where=f"service:{service}", by=["host.name"])
        for service in ("s0", "s1", "large")
    ]
    dues = [Due(rule, [START_US + 60 * US]) for rule in rules]
    assert len(questions_of(dues)) == 1
    found = await find(_Bounded(events), dues)
    assert [found.failure_of(due) is None for due in dues] == [True, True, False]
    assert found.questions == 4
    for (_, width_us), table in found.data.tables.items():
        assert width_us == 60 * US
        assert {*table.series(START_US, START_US + 60 * US)} == {("h0",), ("h1",), ("h2",)}
    assert len(found.data.tables) == 2


async def test_memory_measures_as_stores_do() -> None:
    events = [
        at(0, service={"name": "cart"}, event={"duration": 5}, tags=["a", "b"]),
        at(59, service={"name": "cart"}, event={"duration": 15}),
        at(60, event={"duration": True}),
    ]
    request = CellsRequest(
        Term(None, "something"), START_US, START_US + 120 * US, 60 * US, ("service.name", "tags"),
        "event.duration", percentiles=True,
    )  # fmt: skip
    cells = await MemorySource(events).cells(request)

    assert [((c.start_us - START_US) // US, c.values, c.count) for c in cells] == [
        (0, ("cart", ""), 1), (0, ("cart", "a"), 1), (0, ("cart", "b"), 1), (60, ("", ""), 1),
    ]  # fmt: skip
    assert cells[0].numbers is not None
    assert cells[0].numbers.total == 15
    assert cells[3].numbers is None


async def test_groups_of_errors_are_new_once_and_not_when_merged(tmp_path: Path) -> None:
    config, clock = Config(data=tmp_path), ManualClock(START)
    state, store = LocalState(tmp_path / "state", clock), await open_store(config, clock=clock)
    source = StoreSource(store, state)
    for name, day in (("old", 20), ("new", 21), ("merged", 21)):
        await state.put(GROUPS, name, {"first_seen": f"2026-11-{day}T12:00:00.000Z"})
    await state.put(MERGES, "merged", {"into": "old"})

    asked = {"old", "new", "merged", "unknown"}
    assert await source.first_seen(asked, START_US) == {"new": START_US}
    await state.put(GROUPS, "new", {"first_seen": "2020-01-01T00:00:00.000Z"})
    assert await source.first_seen(asked, START_US) == {"new": START_US}
    await state.put(MERGES, "new", {"into": "old"})
    assert await source.first_seen(asked, START_US) == {}
    await store.close()
    await state.close()
