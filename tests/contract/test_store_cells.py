"""What every store must measure: counts and numbers over time and by values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Term
from logboom.state.local import LocalState
from logboom.store import Store, open_store
from logboom.store.cells import Cell, CellsRequest, sketch_of
from logboom.store.local import sketching
from search_api.alerts.changes import count_arrivals
from search_api.alerts.source import StoreSource
from tests.contract.stores import at, document

MINUTE_US = 60_000_000


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    opened = await open_store(config, clock=SystemClock())
    writer = await opened.writer()
    seconds = [0, 10, 61, 62, 63, 125]
    services = ["cart", "cart", "cart", "shop", None, "shop"]
    events = [
        document(
            number, at(seconds=second),
            event={"duration": (number + 1) * 1_000_000, "ingested": at(seconds=second + 1)},
            tags=["error"] if number % 2 else [],
            attributes={"size": number * 1.5, "mixed": number if number < 3 else "text"},
            service={} if service is None else {"name": service},
        )
        for number, (second, service) in enumerate(zip(seconds, services, strict=True))
    ]  # fmt: skip
    await writer.write([*events, document(9, at(days=1))])
    await opened.refresh()
    yield opened
    await writer.close()
    await opened.close()


def request_of(*, seconds: float = 180, minutes: bool = True, **more: object) -> CellsRequest:
    start_us = epoch_us(at())
    settings: dict[str, object] = {
        "query": MatchAll(), "start_us": start_us, "end_us": start_us + int(seconds * 1e6),
        "interval_us": MINUTE_US if minutes else None, **more,
    }  # fmt: skip
    return CellsRequest(**settings)  # type: ignore[arg-type]


def seen(cells: list[Cell]) -> list[tuple[int, tuple[str, ...], int]]:
    return [
        ((cell.start_us - epoch_us(at())) // 1_000_000, cell.values, cell.count) for cell in cells
    ]


async def test_cells_of_both_stores(store: Store) -> None:
    by_service = request_of(by=("service.name",))
    assert seen(list(await store.cells(by_service))) == [
        (0, ("cart",), 2), (60, ("",), 1), (60, ("cart",), 1), (60, ("shop",), 1),
        (120, ("shop",), 1),
    ]  # fmt: skip

    # Stretches begin where the question begins, and one may be all of it.
    shifted = request_of(start_us=epoch_us(at()) + 5_000_000, seconds=125)
    assert seen(list(await store.cells(shifted))) == [(5, (), 4)]
    whole = request_of(minutes=False, query=Term("tags", "error"))
    assert seen(list(await store.cells(whole))) == [(0, (), 3)]

    two = request_of(minutes=False, by=("service.name", "attributes.mixed"))
    values = {cell.values: cell.count for cell in await store.cells(two)}
    assert values["shop", "text"] == 2
    assert values["cart", "2"] == 1

    (numbers,) = (
        cell.numbers for cell in await store.cells(request_of(minutes=False, of="event.duration"))
    )
    assert numbers is not None
    assert (numbers.count, numbers.total) == (6, 21e6)
    assert (numbers.least, numbers.greatest) == (1e6, 6e6)

    sized = request_of(of="attributes.size", percentiles=True, by=("service.name",))
    cells = {(c.start_us, c.values): c.numbers for c in await store.cells(sized)}
    cart = cells[epoch_us(at()), ("cart",)]
    assert cart is not None
    assert cart.count == cart.sketch.count == 2
    assert cart.sketch.zeros == 1
    assert cart.sketch.percentile(1) == pytest.approx(1.5, rel=0.021)

    (mixed,) = (
        cell.numbers for cell in await store.cells(request_of(minutes=False, of="attributes.mixed"))
    )
    assert mixed is not None
    assert (mixed.count, mixed.total) == (3, 3)


@pytest.mark.parametrize("most", [0, sketching.MOST_BY_VALUE])
async def test_a_sketch_has_whole_numbers_and_others_in_the_same_buckets(
    config: Config, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketching, "MOST_BY_VALUE", most)
    whole = [0, 1, 1, 2, 3, 7, 51, 52, 53, 999, 2_000_000, 200_000_000]
    broken = [0.3, 1.0, 2.7, 51.3, 1e9 / 7]
    opened = await open_store(config, clock=SystemClock())
    writer = await opened.writer()
    for numbers in (whole, broken):  # parts of an index may have whole numbers only
        first = 100 * len(numbers)
        documents = [
            document(first + place, event={"duration": int(number)}, attributes={"size": number})
            for place, number in enumerate(numbers)
        ]
        await writer.write(documents)
        await opened.refresh()
        both = numbers if numbers is whole else whole + broken
        for name, values in (("attributes.size", both), ("event.duration", map(int, both))):
            asked = request_of(minutes=False, of=name, percentiles=True)
            (cell,) = await opened.cells(asked)
            assert cell.numbers is not None
            assert cell.numbers.sketch == sketch_of(values), name
    await writer.close()
    await opened.close()


async def test_each_value_has_one_cell_and_the_name_that_it_has_elsewhere(config: Config) -> None:
    opened = await open_store(config, clock=SystemClock())
    writer = await opened.writer()
    users: list[dict[str, object]] = [
        {"user": ""},
        {"user": ""},
        {},
        {"user": "ada"},
        {"user": True},
        {"user": False},
    ]
    await writer.write(
        [
            document(number, attributes={**user, "size": 10 * number + 1})
            for number, user in enumerate(users)
        ]
        + [document(9, attributes={"user": "zoe"})]
    )
    await opened.refresh()
    asked = request_of(
        minutes=False, by=("attributes.user",), of="attributes.size", percentiles=True
    )
    cells = list(await opened.cells(asked))
    assert seen(cells) == [
        (0, ("",), 3), (0, ("ada",), 1), (0, ("false",), 1), (0, ("true",), 1), (0, ("zoe",), 1),
    ]  # fmt: skip
    assert cells[-1].numbers is None
    nobody = cells[0].numbers
    assert nobody is not None
    assert (nobody.count, nobody.total, nobody.least, nobody.greatest) == (3, 33, 1, 21)
    assert nobody.sketch == sketch_of([1, 11, 21])
    await writer.close()
    await opened.close()


async def test_what_was_stored_since_a_moment_is_counted_by_its_own_time(store: Store) -> None:
    source = StoreSource(store, LocalState(Path("unused"), SystemClock()))
    start_us = epoch_us(at())
    times = (start_us, start_us + 180_000_000)
    found = await count_arrivals(source, since_us=start_us + 63_500_000, times=times)
    assert found.minutes == {start_us + MINUTE_US: 1, start_us + 2 * MINUTE_US: 1}


async def test_what_cannot_be_measured(store: Store) -> None:
    with pytest.raises(QueryError, match="message"):
        await store.cells(request_of(by=("message",)))
    with pytest.raises(QueryError, match="has no numbers"):
        await store.cells(request_of(of="service.name"))
    assert await store.cells(request_of(start_us=epoch_us(at()) - 10**12, end_us=0)) == []
