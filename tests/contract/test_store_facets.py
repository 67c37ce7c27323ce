"""Values and fields are counted alike by both stores."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Query, Term
from logboom.store import Facets, FieldUse, Store, StoreWriter, TimeRange
from tests.contract.stores import at, document, put

NINE_US = epoch_us(at())
HOUR_US = 3_600_000_000


async def put_requests(store: Store, writer: StoreWriter) -> None:
    """Ten events on two days; the last has neither a service nor attributes."""
    documents = [
        document(
            number, at(days=number // 6, minutes=number),
            log={"level": "error" if number % 4 == 0 else "info"},
            service={"name": f"shop-{number % 3}"},
            client={"ip": f"10.0.0.{number % 2}"},
            tags=["a", "b"] if number < 2 else ["a"],
            attributes={"status": 200 + number % 2, "cached": number % 2 == 0, "cost": number / 4},
        )
        for number in range(9)
    ]  # fmt: skip
    await put(store, writer, [*documents, document(9, at(days=1, minutes=9))])


def values(found: Facets, field: str) -> list[tuple[str, int]]:
    return [(one.value, one.count) for one in found.values[field]]


async def test_values_are_counted_over_all_days(store: Store, writer: StoreWriter) -> None:
    await put_requests(store, writer)
    names = [
        "service.name", "log.level", "tags", "client.ip", "attributes.status", "attributes.cached",
        "attributes.nowhere",
    ]  # fmt: skip
    found = await store.facets(MatchAll(), TimeRange(), fields=names)
    assert found.complete
    assert list(found.values) == names
    assert values(found, "service.name") == [("shop-0", 3), ("shop-1", 3), ("shop-2", 3)]
    assert values(found, "log.level") == [("info", 6), ("error", 3)]
    assert values(found, "tags") == [("a", 9), ("b", 2)]
    assert values(found, "client.ip") == [("10.0.0.0", 5), ("10.0.0.1", 4)]
    assert values(found, "attributes.status") == [("200", 5), ("201", 4)]
    assert values(found, "attributes.cached") == [("true", 5), ("false", 4)]
    assert values(found, "attributes.nowhere") == []


async def test_facets_keep_to_query_times_and_size(store: Store, writer: StoreWriter) -> None:
    await put_requests(store, writer)

    async def services(query: Query, times: TimeRange, size: int = 10) -> list[tuple[str, int]]:
        found = await store.facets(query, times, fields=["service.name"], size=size)
        return values(found, "service.name")

    assert await services(Term("log.level", "error"), TimeRange()) == [
        ("shop-0", 1), ("shop-1", 1), ("shop-2", 1),
    ]  # fmt: skip
    first_day = TimeRange(NINE_US, NINE_US + HOUR_US)
    assert await services(MatchAll(), first_day, size=1) == [("shop-0", 2)]
    assert await services(MatchAll(), TimeRange(0, 1)) == []


@pytest.mark.parametrize("field", ["message", "@timestamp", "event.id", "trace.id", "log.offset"])
async def test_a_field_whose_values_cannot_be_counted_is_refused(
    store: Store, writer: StoreWriter, field: str
) -> None:
    with pytest.raises(QueryError, match=field):
        await store.facets(MatchAll(), TimeRange(), fields=[field])
    with pytest.raises(QueryError, match=field):
        await store.histogram(MatchAll(), TimeRange(), interval_us=HOUR_US, by=field)


async def test_a_histogram_may_start_between_multiples(store: Store, writer: StoreWriter) -> None:
    await put_requests(store, writer)
    day_us, offset_us = 24 * HOUR_US, 9 * HOUR_US + 3 * 60_000_000
    found = await store.histogram(
        MatchAll(), TimeRange(), interval_us=day_us, by=None, offset_us=offset_us
    )
    start_us = NINE_US + 3 * 60_000_000
    assert [(one.start_us, one.count) for one in found.buckets] == [
        (start_us - day_us, 3), (start_us, 3), (start_us + day_us, 4),
    ]  # fmt: skip


async def test_fields_have_types_numbers_and_examples(store: Store, writer: StoreWriter) -> None:
    await put_requests(store, writer)
    found = await store.fields(MatchAll(), TimeRange())
    assert (found.total, found.sampled) == (10, 10)
    rows = {one.name: one for one in found.rows}
    assert list(rows) == sorted(rows)
    assert rows["log.level"] == FieldUse("log.level", "keyword", 9, ["info", "error"])
    assert rows["attributes.cached"] == FieldUse(
        "attributes.cached", "boolean", 9, ["true", "false"]
    )
    assert rows["attributes.status"].type == "long"
    assert rows["attributes.cost"].type == "double"
    assert rows["message"].type == "text"
    assert rows["message"].events == rows["@timestamp"].events == 10
    assert rows["client.ip"].type == "ip"


async def test_fields_keep_to_query_times_prefix_and_size(
    store: Store, writer: StoreWriter
) -> None:
    await put_requests(store, writer)

    async def names(query: Query, times: TimeRange, **more: Any) -> list[tuple[str, int]]:
        found = await store.fields(query, times, **more)
        return [(one.name, one.events) for one in found.rows]

    everything: tuple[Query, TimeRange] = (MatchAll(), TimeRange())
    assert await names(*everything, prefix="attributes.c") == [
        ("attributes.cached", 9), ("attributes.cost", 9),
    ]  # fmt: skip
    assert await names(*everything, prefix="Lev") == [("log.level", 9)]
    assert await names(*everything, prefix="sta") == [("attributes.status", 9)]
    assert await names(Term("log.level", "error"), TimeRange(), prefix="tags") == [("tags", 3)]
    first_two = TimeRange(NINE_US, NINE_US + 2 * 60_000_000)
    assert await names(MatchAll(), first_two, prefix="tags") == [("tags", 2)]
    assert len(await names(*everything, size=4)) == 4
    assert await names(MatchAll(), TimeRange(0, 1)) == []


@pytest.mark.parametrize("day", [0, 13, 29])
async def test_fields_of_matches_on_one_day_of_many(
    store: Store, writer: StoreWriter, day: int
) -> None:
    await put(store, writer, [document(n, at(days=n)) for n in range(30)])
    rare = [document(100 + n, at(days=day, seconds=n), service={"name": "rare"}) for n in range(24)]
    await put(store, writer, rare)
    found = await store.fields(Term("service.name", "rare"), TimeRange(), prefix="service")
    assert [(one.name, one.events) for one in found.rows] == [("service.name", 24)]
    assert (found.total, found.sampled, found.complete) == (24, 24, True)
    everywhere = await store.fields(MatchAll(), TimeRange(), prefix="service")
    assert (everywhere.total, everywhere.sampled) == (54, 54)


@pytest.mark.parametrize("field", ["attributes.status", "attributes.cached", "client.ip", "tags"])
async def test_a_histogram_is_split_by_values_of_any_type(
    store: Store, writer: StoreWriter, field: str
) -> None:
    await put_requests(store, writer)
    whole = await store.facets(MatchAll(), TimeRange(), fields=[field])
    found = await store.histogram(MatchAll(), TimeRange(), interval_us=48 * HOUR_US, by=field)
    summed: dict[str, int] = {}
    for bucket in found.buckets:
        for value, count in bucket.by.items():
            summed[value] = summed.get(value, 0) + count
    assert summed == dict(values(whole, field))
    first = await store.histogram(
        MatchAll(), TimeRange(), interval_us=24 * HOUR_US, by=field, by_size=1
    )
    value = values(whole, field)[0][0]
    assert {name for bucket in first.buckets for name in bucket.by} == {value}


ODD_NAMES = ["my key", "a.", ".a", "a..b", "a,b", "a\\b", "p\\.q", "c*d"]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_the_values_of_a_field_of_any_name_are_counted(
    store: Store, writer: StoreWriter, name: str
) -> None:
    field = f"attributes.{name}"
    documents = [document(n, attributes={name: value}) for n, value in enumerate([7, "x", "x"])]
    await put(store, writer, [*documents, document(3)])
    found = await store.facets(MatchAll(), TimeRange(), fields=[field])
    assert values(found, field) == [("x", 2), ("7", 1)]
    histogram = await store.histogram(MatchAll(), TimeRange(), interval_us=24 * HOUR_US, by=field)
    assert [bucket.by for bucket in histogram.buckets] == [{"x": 2, "7": 1}]
