"""Events are counted over time, by values, by source and day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logboom.errors import QueryError
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Term
from logboom.store import Document, Group, Groups, Store, StoreWriter, TimeRange
from search_api.counting.histograms import histogram_of
from search_api.counting.local_steps import DAY_US
from search_api.searching.asking import understand
from tests.contract.stores import DAY, MINUTE_US, OTHER_RUN, RUN, at, document, put, tied


async def test_groups_have_counts_and_times(store: Store, writer: StoreWriter) -> None:
    def error(number: int, name: str | None, service: str, **when: Any) -> Document:
        fields: dict[str, Any] = {} if name is None else {"error": {"fingerprint": name}}
        return document(number, at(**when), service={"name": service}, **fields)

    await put(store, writer, [
        error(0, "1:a", "cart"), error(1, "1:a", "shop", minutes=5), error(2, "1:a", "cart", days=2),
        error(3, "1:b", "cart", minutes=1), error(4, None, "cart"), error(5, "1:c", "cart", days=1),
        error(6, "1:c", "web", days=1, seconds=1.5),
    ])  # fmt: skip
    nine = int(datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC).timestamp()) * 1_000_000
    day_us = 86_400_000_000
    named: dict[str, Any] = {"field": "error.fingerprint", "by": "service.name"}
    found = await store.groups(MatchAll(), TimeRange(), **named)
    assert found == Groups(
        [
            Group("1:a", 3, nine, nine + 2 * day_us, {"cart": 2, "shop": 1}),
            Group("1:c", 2, nine + day_us, nine + day_us + 1_500_000, {"cart": 1, "web": 1}),
            Group("1:b", 1, nine + MINUTE_US, nine + MINUTE_US, {"cart": 1}),
        ],
        complete=True,
    )
    first_day = TimeRange(None, nine + 2 * MINUTE_US)
    found = await store.groups(Term("service.name", "cart"), first_day, field="error.fingerprint")
    assert [(row.value, row.count, row.by) for row in found.rows] == [
        ("1:a", 1, {}),
        ("1:b", 1, {}),
    ]
    found = await store.groups(MatchAll(), TimeRange(), size=1, **named)
    assert [row.value for row in found.rows] == ["1:a"]
    assert not found.complete


async def test_groups_are_split_by_sums_over_all_days(store: Store, writer: StoreWriter) -> None:
    counts = {f"service-{n:02}": (2, 2 + n % 2) for n in range(30)} | {"zebra": (1, 30)}
    services = [
        (name, day) for name, days in counts.items() for day in (0, 1) for _ in range(days[day])
    ]
    documents = [
        document(n, at(days=day), service={"name": name}, error={"fingerprint": "1:a"})
        for n, (name, day) in enumerate(services)
    ]
    await put(store, writer, documents)
    found = await store.groups(
        MatchAll(), TimeRange(), field="error.fingerprint", by="service.name", by_size=10
    )
    (row,) = found.rows
    assert (row.count, found.complete) == (len(documents), True)
    assert len(row.by) == 10
    assert row.by == {name: sum(counts[name]) for name in row.by}
    assert row.by["zebra"] == 31


@pytest.mark.parametrize("first", [0, 1])
async def test_numbers_and_texts_that_read_alike_are_one_value_over_time(
    store: Store, writer: StoreWriter, first: int
) -> None:
    codes: list[object] = [[3, "3"][first], [3, "3"][1 - first], "3", 3, 3, 4, "a"]
    documents = [
        document(n, at(days=n % 2), attributes={"code": code}) for n, code in enumerate(codes)
    ]
    await put(store, writer, documents)
    found = await store.histogram(
        MatchAll(), TimeRange(), interval_us=86_400_000_000, by="attributes.code", by_size=1
    )
    assert {value: list(counts) for value, counts in found.by.items()} == {"3": [3, 2]}


async def test_groups_of_nothing_are_none(store: Store, writer: StoreWriter) -> None:
    empty = Groups([], complete=True)
    assert await store.groups(MatchAll(), TimeRange(), field="error.fingerprint") == empty
    await put(store, writer, [document(0)])
    assert await store.groups(MatchAll(), TimeRange(), field="error.fingerprint") == empty
    for name in ("message", "@timestamp"):
        with pytest.raises(QueryError):
            await store.groups(MatchAll(), TimeRange(), field=name)


def minute(number: int) -> int:
    return epoch_us(at()) + number * MINUTE_US


async def put_levels(store: Store, writer: StoreWriter) -> None:
    """Events in the minutes 0, 0, 1, 1, 1, 4 and, on the next day, one a day later."""
    levels = ["info", "error", "info", "info", "warn", "error"]
    seconds = [0, 59.999, 60, 61, 119, 240]
    documents = [
        document(100 * n, at(seconds=second), log={"level": level})
        for n, (second, level) in enumerate(zip(seconds, levels, strict=True))
    ]
    documents += [document(700, at(seconds=60)), document(800, at(days=1), log={"level": "info"})]
    await put(store, writer, documents)


async def test_a_histogram_counts_per_stretch_of_time_without_gaps(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    times = TimeRange(minute(0), minute(60))
    found = await store.histogram(MatchAll(), times, interval_us=MINUTE_US, by=None)
    assert found.interval_us == MINUTE_US
    assert [(b.start_us, b.count) for b in found.buckets] == [
        (minute(0), 2),
        (minute(1), 4),
        (minute(2), 0),
        (minute(3), 0),
        (minute(4), 1),
    ]
    assert all(not bucket.by for bucket in found.buckets)


async def test_a_histogram_is_split_by_the_most_frequent_values(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    times = TimeRange(minute(0), minute(60))
    found = await store.histogram(MatchAll(), times, interval_us=MINUTE_US, by="log.level")
    assert [(b.count, dict(b.by)) for b in found.buckets] == [
        (2, {"info": 1, "error": 1}),
        (4, {"info": 2, "warn": 1}),
        (0, {}),
        (0, {}),
        (1, {"error": 1}),
    ]
    found = await store.histogram(
        MatchAll(), times, interval_us=MINUTE_US, by="log.level", by_size=2
    )
    assert [dict(b.by) for b in found.buckets][1] == {"info": 2}


async def test_a_histogram_is_split_where_events_have_no_value_or_several(
    store: Store, writer: StoreWriter
) -> None:
    regions: list[object] = [["eu", "us"], "eu", "-", None, ["--", "-"]]
    documents = [
        document(100 * n, at(seconds=n), attributes={"region": region, "zone": n, "one": "a"})
        for n, region in enumerate(regions)
    ]
    await put(store, writer, [*documents, document(900, at(seconds=70))])
    expected: dict[str, list[dict[str, int]]] = {
        "attributes.region": [{"eu": 2, "us": 1, "-": 2, "--": 1}, {}],
        "attributes.zone": [{str(n): 1 for n in range(5)}, {}],
        "attributes.one": [{"a": 5}, {}],
        "attributes.none": [{}, {}],
    }
    for field, by in expected.items():
        found = await store.histogram(MatchAll(), TimeRange(), interval_us=MINUTE_US, by=field)
        assert [(b.count, dict(b.by)) for b in found.buckets] == [(5, by[0]), (1, by[1])]


@pytest.mark.parametrize("field", ["attributes.zone", "service.environment"])
async def test_a_histogram_is_split_alike_however_many_values_there_are(
    store: Store, writer: StoreWriter, field: str
) -> None:
    outer, _, inner = field.partition(".")

    def seen(value: int, number: int, second: float) -> Document:
        fields: dict[str, Any] = {outer: {inner: f"z{value:03}"}}
        return document(1000 * number + value, at(seconds=second), **fields)

    async def split() -> list[tuple[int, dict[str, int]]]:
        found = await store.histogram(
            MatchAll(), TimeRange(), interval_us=MINUTE_US, by=field, by_size=3
        )
        assert not found.partial
        return [(bucket.count, dict(bucket.by)) for bucket in found.buckets]

    first = [seen(value, 0, 60 * value) for value in range(4)]
    await put(store, writer, [*first, seen(3, 1, 61)])
    few = [(1, {"z000": 1}), (2, {"z001": 1, "z003": 1}), (1, {}), (1, {"z003": 1})]
    assert await split() == few
    apart = [seen(value, 2, 60 * value) for value in range(4, 130)]
    await put(store, writer, apart)
    assert await split() == [*few, *[(1, {})] * 126], "more in all than can be read at once"
    together = [seen(value, 3, 1) for value in range(4, 30)]
    await put(store, writer, together)
    many = [(27, {"z004": 1, "z005": 1}), (2, {"z003": 1}), (1, {}), (1, {"z003": 1})]
    many += [(1, {"z004": 1}), (1, {"z005": 1}), *[(1, {})] * 124]
    assert await split() == many, "more in a stretch than are asked for at once"


async def test_a_histogram_is_split_by_values_that_are_named(
    store: Store, writer: StoreWriter
) -> None:
    given = [("a", 200, True, "10.0.0.1"), ("b", 404, False, "::1"), ("c", 500, True, "10.0.0.2")]
    documents = [
        document(
            10 * n + again, at(seconds=n), service={"name": name}, attributes={"ok": truth},
            http={"response": {"status_code": status}}, client={"ip": address},
        )
        for n, (name, status, truth, address) in enumerate(given)
        for again in range(n + 1)
    ]  # fmt: skip
    await put(store, writer, documents)
    for field, expected in {
        "service.name": [{"a": 1, "b": 2}, {"b": 2}, {}],
        "http.response.status_code": [{"200": 1, "404": 2}, {"404": 2}, {}],
        "client.ip": [{"10.0.0.1": 1, "::1": 2}, {"::1": 2}, {}],
        "attributes.ok": [{"true": 4, "false": 2}, {"true": 4}, {}],
    }.items():
        values = list(expected[0])
        for (size, named), by in zip([(10, values), (1, values), (10, [])], expected, strict=True):
            found = await store.histogram(
                MatchAll(), TimeRange(), interval_us=MINUTE_US, by=field, by_size=size,
                by_values=named,
            )  # fmt: skip
            assert [(one.count, dict(one.by)) for one in found.buckets] == [(6, by)]


async def test_a_value_is_counted_on_both_sides_of_a_change_of_the_clocks(
    store: Store, writer: StoreWriter
) -> None:
    before, after = "2026-03-28T12:00:00.000Z", "2026-03-30T12:00:00.000Z"
    others = [f"s{n:03}" for n in range(101)]
    rows = [(before, name) for name in (*others, *others, "late")] + [(after, "late")] * 9
    documents = [document(n, time, service={"name": name}) for n, (time, name) in enumerate(rows)]
    await put(store, writer, documents)
    asked = await understand(0, "", "2026-03-28T00:00", "2026-03-31T00:00", "Europe/Berlin")
    found = await histogram_of(store, asked, width_us=DAY_US, by="service.name", now_us=0)
    assert list(found.counts) == [203, 0, 9]
    assert [(value, list(counts)) for value, counts in found.by.items()][:2] == [
        ("late", [1, 0, 9]), ("s000", [2, 0, 0]),
    ]  # fmt: skip


async def test_a_histogram_spans_days_and_keeps_to_query_and_times(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    day_us = 24 * 60 * MINUTE_US
    found = await store.histogram(
        Term("log.level", "info"), TimeRange(), interval_us=day_us, by=None
    )
    start = epoch_us(f"{DAY}T00:00:00Z")
    assert [(b.start_us, b.count) for b in found.buckets] == [(start, 3), (start + day_us, 1)]
    found = await store.histogram(
        MatchAll(), TimeRange(minute(1), minute(4)), interval_us=MINUTE_US, by=None
    )
    assert [(b.start_us, b.count) for b in found.buckets] == [(minute(1), 4)]
    nothing = await store.histogram(
        MatchAll(), TimeRange(1, 2), interval_us=MINUTE_US, by="log.level"
    )
    assert list(nothing.buckets) == []


async def test_a_histogram_of_too_many_stretches_is_refused(
    store: Store, writer: StoreWriter
) -> None:
    await put_levels(store, writer)
    with pytest.raises(QueryError):
        await store.histogram(MatchAll(), TimeRange(), interval_us=1000, by=None)


async def test_documents_are_counted_by_source_and_day(store: Store, writer: StoreWriter) -> None:
    documents = tied()
    await put(store, writer, documents)
    await writer.write(documents[:10])
    await store.refresh()
    counted = await store.count_by_source()
    expected = {
        (run, DAY + timedelta(days=day)): (5 if run == OTHER_RUN else 10)
        for day in range(4)
        for run in (RUN, OTHER_RUN)
    }
    assert {(one.run, one.day): one.documents for one in counted} == expected
