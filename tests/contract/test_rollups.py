"""What every store's rollups must do: the same for the embedded one and for a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from logboom.query.model import And, MatchAll, Not, Query, Term
from logboom.rollups import Durations, Row, Tier
from logboom.rollups.questions import ERRORS, REQUESTS, SERVER_ERRORS
from logboom.store import Document, Store, StoreWriter, TimeRange
from tests.rollups import happening, in_order, truth

DAY = date(2026, 3, 14)
DAY_US = 86_400_000_000
START_US = int(datetime(2026, 3, 14, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE_US = Tier.MINUTE.width_us


async def summarised(store: Store) -> list[Row]:
    await store.refresh()
    return in_order(await store.rollups.summarise(START_US, START_US + DAY_US))


def many() -> list[Document]:
    """Events of all kinds over a few minutes."""
    levels = ("info", "warn", "error", None)
    return [
        happening(
            n,
            f"2026-03-14T09:{n // 60:02}:{n % 60:02}.{n % 1000:03}Z",
            service=None if n % 7 == 0 else f"shop-{n % 3}",
            host=None if n % 5 == 0 else f"web-{n % 2}",
            level=levels[n % 4],
            error=n % 4 == 2,
            status=(200, 302, 404, 500, 503, 99, 600)[n % 7] if n % 2 else None,
            duration=None if n % 3 else (0, 1, 17, 1_000, 2_500_000_000, 2**40 + n)[n % 6],
        )
        for n in range(300)
    ]


async def test_rows_say_what_was_stored(store: Store, writer: StoreWriter) -> None:
    documents = many()
    await writer.write(documents)
    await writer.write(documents[100:200])
    assert await summarised(store) == truth(documents)


async def test_nothing_is_summarised_of_nothing(store: Store, writer: StoreWriter) -> None:
    assert await summarised(store) == []
    await writer.write([happening(0, "2026-03-13T23:59:59.999Z")])
    assert await summarised(store) == []


async def test_only_the_minutes_asked_for_are_summarised(store: Store, writer: StoreWriter) -> None:
    times = ("09:00:59.999", "09:01:00.000", "09:02:59.999", "09:03:00.000")
    documents = [happening(n, f"2026-03-14T{time}Z") for n, time in enumerate(times)]
    await writer.write(documents)
    await store.refresh()
    begin = START_US + 9 * 60 * MINUTE_US + MINUTE_US
    rows = await store.rollups.summarise(begin, begin + 2 * MINUTE_US)
    assert in_order(rows) == truth(documents[1:3])


async def test_sums_are_what_searches_count(store: Store, writer: StoreWriter) -> None:
    await writer.write(many())
    rows = await summarised(store)
    times = TimeRange(START_US, START_US + DAY_US)

    async def counted(query: Query) -> int:
        return (await store.count(query, times)).value

    assert sum(row.events for row in rows) == await counted(MatchAll())
    assert sum(row.errors for row in rows) == await counted(ERRORS)
    assert sum(row.requests for row in rows) == await counted(REQUESTS)
    assert sum(row.server_errors for row in rows) == await counted(SERVER_ERRORS)
    shop = Term("service.name", "shop-1")
    calm = And((shop, Not(Term("log.level", "error"))))
    of_shop = [row for row in rows if row.service == "shop-1"]
    assert sum(row.events for row in of_shop) == await counted(shop)
    assert sum(row.events for row in of_shop if row.level != "error") == await counted(calm)


async def test_an_event_out_of_range_counts_where_it_was_read(
    store: Store, writer: StoreWriter
) -> None:
    documents = [
        happening(0, "2026-03-14T09:00:00.000Z", service="a"),
        happening(1, "1999-01-01T00:00:00.000Z", read="2026-03-14T09:00:30.000Z", service="a", day=DAY),
        happening(2, "2031-01-01T00:00:00.000Z", read="2026-03-14T23:59:59.999Z", day=DAY, error=True),
    ]  # fmt: skip
    await writer.write(documents)
    rows = await summarised(store)
    assert rows == truth(documents)
    assert [row.events for row in rows] == [2, 1]


async def test_every_event_of_a_day_counts_somewhere(store: Store, writer: StoreWriter) -> None:
    stray = happening(0, "1999-01-01T00:00:00.000Z", read="2026-02-01T09:00:30.000Z", day=DAY)
    await writer.write([stray])
    rows = await summarised(store)
    assert [(row.start_us, row.events) for row in rows] == [(START_US, 1)]


async def test_odd_names_are_names(store: Store, writer: StoreWriter) -> None:
    names: Sequence[str] = ("2026-03-14T09:00:00Z", "5", "", "ünï\u0000x", 'a"b', "x" * 600)
    documents = [
        happening(n, "2026-03-14T09:00:00.000Z", service=name, host=name)
        for n, name in enumerate(names)
    ]
    await writer.write(documents)
    rows = await summarised(store)
    assert rows == truth(documents)
    await store.rollups.keep(Tier.MINUTE, rows)
    assert await kept(store) == rows


async def kept(store: Store, tier: Tier = Tier.MINUTE, service: str | None = None) -> list[Row]:
    rows = await store.rollups.rows(tier, START_US - DAY_US, START_US + DAY_US, service=service)
    return list(rows)


async def test_rows_are_kept_and_read_again(store: Store, writer: StoreWriter) -> None:
    rows = truth(many())
    await store.rollups.keep(Tier.MINUTE, rows)
    await store.rollups.keep(Tier.MINUTE, rows)
    assert await kept(store) == rows
    assert await kept(store, service="shop-1") == [row for row in rows if row.service == "shop-1"]
    assert await kept(store, service="") == [row for row in rows if row.service == ""]
    begin = START_US + (9 * 60 + 1) * MINUTE_US
    some = await store.rollups.rows(Tier.MINUTE, begin, begin + MINUTE_US)
    assert list(some) == [row for row in rows if row.start_us == begin]
    assert await kept(store, Tier.HOUR) == []
    hours = truth(many(), Tier.HOUR)
    await store.rollups.keep(Tier.HOUR, hours)
    assert await kept(store, Tier.HOUR) == hours
    assert await kept(store) == rows


async def test_a_row_only_grows(store: Store, writer: StoreWriter) -> None:
    less = Row(START_US, "a", "b", "info", events=5, errors=1)
    more = Row(START_US, "a", "b", "info", events=7, durations=Durations(1, {3: 2}))
    other = Row(START_US, "a", "b", "warn", events=1)
    await store.rollups.keep(Tier.MINUTE, [more])
    await store.rollups.keep(Tier.MINUTE, [less, other])
    assert await kept(store) == [more, other]
    same = Row(START_US, "a", "b", "info", events=7, errors=2)
    await store.rollups.keep(Tier.MINUTE, [same])
    assert await kept(store) == [same, other]


async def test_old_rows_are_forgotten(store: Store, writer: StoreWriter) -> None:
    old, new = Row(START_US - DAY_US, "a", "", "", events=1), Row(START_US, "a", "", "", events=1)
    await store.rollups.keep(Tier.MINUTE, [old, new])
    await store.rollups.keep(Tier.HOUR, [old, new])
    await store.rollups.expire(Tier.MINUTE, START_US)
    assert await kept(store) == [new]
    assert await kept(store, Tier.HOUR) == [old, new]
    await store.rollups.expire(Tier.MINUTE, START_US)
    assert await kept(store) == [new]
