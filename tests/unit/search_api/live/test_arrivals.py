"""What the embedded store tells of the order in which it has stored."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import Config
from logboom.errors import QueryError
from logboom.event import event_id
from logboom.store import Document, Store, StoreWriter, open_store
from logboom.store.arrivals import Arrivals, Arrived

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 21), date(2026, 11, 20)
RUN = "0123456789abc"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(Config(data=tmp_path), clock=ManualClock(NOW))
    yield store
    await store.close()


@pytest.fixture
async def writer(store: Store) -> AsyncIterator[StoreWriter]:
    writer = await store.writer()
    yield writer
    await writer.close()


def document(number: int, day: date = TODAY) -> Document:
    ingested = (NOW + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    name = event_id(RUN, number * 100)
    event = {
        "@timestamp": f"{day}T10:00:00.000Z",
        "event": {"id": name, "created": ingested, "ingested": ingested},
        "log": {"level": "info", "source": RUN, "offset": number * 100},
        "message": f"line {number}",
        "attributes": {"seq": number},
    }
    return Document.of(name, day, event)


def following(store: Store) -> Arrivals:
    arrivals = store.arrivals
    assert arrivals is not None
    return arrivals


async def after(store: Store, place: str, most: int = 1_000, most_waiting: int = 1_000) -> Arrived:
    return await following(store).after(place, most=most, most_waiting=most_waiting)


def numbers(arrived: Arrived) -> list[int]:
    return [one.event["attributes"]["seq"] for one in arrived.arrivals]


async def test_every_place_goes_on_just_behind_it(store: Store, writer: StoreWriter) -> None:
    start = await following(store).end()
    days = [TODAY, YESTERDAY, TODAY, TODAY, YESTERDAY]
    for number, day in enumerate(days):
        await writer.write([document(number, day)])
    whole = await after(store, start)
    assert numbers(whole) == [1, 4, 0, 2, 3]
    assert whole.is_all
    for count, one in enumerate(whole.arrivals, 1):
        assert one.json.startswith(b'{"_id":"%b",' % one.id.encode())
        assert numbers(await after(store, one.place)) == numbers(whole)[count:]
    piece = await after(store, start, most=2)
    assert (numbers(piece), piece.is_all) == ([1, 4], False)
    assert numbers(await after(store, piece.place)) == [0, 2, 3]
    assert numbers(await after(store, whole.place)) == []


async def test_what_is_too_much_is_passed_over_and_counted(
    store: Store, writer: StoreWriter
) -> None:
    start = await following(store).end()
    await writer.write([document(n, YESTERDAY if n < 4 else TODAY) for n in range(10)])
    arrived = await after(store, start, most_waiting=3)
    assert (numbers(arrived), arrived.passed_over) == ([7, 8, 9], 7)


async def test_a_day_that_was_silent_for_long_goes_on(
    store: Store, writer: StoreWriter, tmp_path: Path
) -> None:
    await writer.write([document(n, YESTERDAY) for n in range(300)])
    silent = tmp_path / "store" / f"logboom-logs-{YESTERDAY:%Y.%m.%d}" / "documents.zst"
    long_ago = silent.stat().st_mtime - 3600
    os.utime(silent, (long_ago, long_ago))
    await writer.write([document(400)])
    place = await following(store).end()
    assert f"{YESTERDAY:%Y%m%d}" not in place
    await writer.write([document(500, YESTERDAY)])
    assert numbers(await after(store, place)) == [500]


async def test_a_silent_day_that_goes_on_at_the_very_moment_of_a_place_is_told(
    store: Store, writer: StoreWriter, tmp_path: Path
) -> None:
    files = [
        tmp_path / "store" / f"logboom-logs-{day:%Y.%m.%d}" / "documents.zst"
        for day in (YESTERDAY, TODAY)
    ]
    await writer.write([document(0, YESTERDAY)])
    long_ago = files[0].stat().st_mtime - 3600
    os.utime(files[0], (long_ago, long_ago))
    await writer.write([document(400)])
    place = await following(store).end()
    await writer.write([document(500, YESTERDAY)])
    moment = files[1].stat().st_mtime_ns
    os.utime(files[0], ns=(moment, moment))
    assert numbers(await after(store, place)) == [500]


async def test_a_day_that_was_dropped_begins_anew(store: Store, writer: StoreWriter) -> None:
    await writer.write([document(n) for n in range(50)])
    place = await following(store).end()
    await store.drop_day(TODAY)
    assert numbers(await after(store, place)) == []
    await writer.write([document(100)])
    assert numbers(await after(store, place)) == [100]


async def test_places_outlive_the_process(
    store: Store, writer: StoreWriter, tmp_path: Path
) -> None:
    await writer.write([document(0)])
    place = await following(store).end()
    await writer.write([document(1)])
    other = await open_store(Config(data=tmp_path), clock=ManualClock(NOW))
    assert numbers(await after(other, place)) == [1]
    await other.close()


@pytest.mark.parametrize("place", ["", "x", "1-2", "1-2-day", "1-2-day.x", "-1-2-", "1-2-day.-1"])
async def test_what_is_no_place_is_refused(store: Store, place: str) -> None:
    with pytest.raises(QueryError, match="is no place"):
        await after(store, place)
