"""Days of both stores are read whole, dropped, archived and restored alike."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from logboom.archive.digest import Digest
from logboom.archive.forgiven import forgive, forgiven_days
from logboom.archive.removals import all_removals, removed_of
from logboom.archive.work import DayWork, Restored
from logboom.clock import SystemClock
from logboom.config import RetentionSection
from logboom.errors import DayChanged
from logboom.ledger import judge
from logboom.query.model import MatchAll, Range
from logboom.state import open_state
from logboom.status import SourceStatus
from logboom.store import Count, Document, Outcome, Store, StoreWriter, TimeRange, open_store
from logboom.store.local.serial import encode
from tests.contract.stores import DAY, OTHER_RUN, RUN, config_of, document

EVERYTHING = TimeRange()


@pytest.fixture(params=["local", "elasticsearch"])
async def work(
    request: pytest.FixtureRequest, tmp_path: Path, unique: str
) -> AsyncIterator[tuple[DayWork, Store, StoreWriter]]:
    config = config_of(request.param, request, tmp_path, unique)
    clock = SystemClock()
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()
    section = RetentionSection(archive_to=tmp_path / "archives")
    yield DayWork(store, lambda: writer, state, section, tmp_path, clock), store, writer
    await writer.close()
    await state.close()
    await store.close()


def some(count: int) -> list[Document]:
    texts = ['"Anführung"\n\ttief – 검색', "x" * 5000, "\x00\x7f", "logboom", ""]
    return [
        document(
            number, run=RUN if number % 3 else OTHER_RUN, message=texts[number % len(texts)],
            attributes={"n": number, "f": number / 7, "logboom": "mine", "deep": {"a": [1, {}]}},
        )
        for number in range(count)
    ]  # fmt: skip


async def digest(store: Store, day: date = DAY) -> tuple[int, str]:
    """How many documents a day has, and what identifies them."""
    found, count = Digest(), 0
    async for documents in store.read_day(day):
        assert {one.day for one in documents} == {day}
        found.add([encode(one) for one in documents])
        count += len(documents)
    return count, found.text()


async def test_all_documents_of_a_day_are_read_just_as_they_were_written(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    _, store, writer = work
    written = some(700)
    await writer.write([*written, document(1, "2026-03-15T09:00:00.000Z")])
    await store.refresh()
    wanted = Digest()
    wanted.add([encode(one) for one in written])
    assert await digest(store) == (700, wanted.text())
    first = [one.id async for piece in store.read_day(DAY) for one in piece]
    assert first == [one.id async for piece in store.read_day(DAY) for one in piece]
    assert await digest(store, DAY - timedelta(days=9)) == (0, Digest().text())


async def test_a_day_is_dropped_only_as_it_was_seen(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    _, store, writer = work
    await writer.write([document(n, attributes={"size": n}) for n in range(20)])
    await writer.write([document(1, "2026-03-15T09:00:00.000Z")])
    await store.refresh()
    assert {one.run: one.documents for one in await store.count_by_source(DAY)} == {RUN: 20}
    with pytest.raises(DayChanged, match="has 20 events, not 19"):
        await store.drop_day(DAY, expected=19)
    assert await store.drop_day(DAY, expected=20)
    assert not await store.drop_day(DAY, expected=20)
    assert [one.day for one in await store.days()] == [DAY + timedelta(days=1)]
    assert await store.count(MatchAll(), EVERYTHING) == Count(1)
    assert await store.troubles() == []
    again = await writer.write([document(n, attributes={"size": n}) for n in range(20)])
    assert set(again) == {Outcome.STORED}
    await store.refresh()
    large = Range("attributes.size", "10", None, True, True)
    assert await store.count(large, EVERYTHING) == Count(10)


async def test_an_archive_brings_a_day_back_with_the_same_hash(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    days, store, writer = work
    await writer.write(some(500))
    await store.refresh()
    before = await digest(store)
    made = await days.archive(DAY)
    assert (made.events, made.digest) == before
    assert json.loads(made.path.read_text())["content_digest"] == made.digest
    assert await store.days() == []
    assert await days.restore(made) == Restored(500, 0)
    await store.refresh()
    assert await digest(store) == before
    assert await days.restore(made) == Restored(0, 500)
    await store.refresh()
    assert await digest(store) == before
    assert await all_removals(days._state) == []


async def verdict(days: DayWork, store: Store, acked: int) -> tuple[str, list[str]]:
    """The ledger's, over one run of which so many events of the day were acknowledged."""
    await store.refresh()
    source = SourceStatus(
        source="s", shipper="h", run=RUN, path="/a.log", at_ns=0, state="idle",
        lines_read=acked, lines_acked=acked, acked={RUN: {DAY.isoformat(): acked}},
    )  # fmt: skip
    found = judge(
        [source], await store.count_by_source(), lag=0, dead=[],
        days=[one.day for one in await store.days()],
        removed=removed_of(await all_removals(days._state)),
        forgiven=await forgiven_days(days._state),
    )  # fmt: skip
    return found.verdict, list(found.findings)


async def test_events_that_come_late_into_a_day_that_was_dropped_begin_it_anew(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    days, store, writer = work
    await writer.write([document(number) for number in range(20)])
    await store.refresh()
    assert await days.drop(DAY) == 20
    assert await verdict(days, store, 20) == ("green", [])
    late = [document(number) for number in range(20, 25)]
    assert await writer.write(late) == [Outcome.STORED] * 5
    assert await writer.write(late) == [Outcome.DUPLICATE] * 5
    assert await verdict(days, store, 25) == ("green", [])
    assert [one.documents for one in await store.days()] == [5]
    assert await store.count(MatchAll(), EVERYTHING) == Count(5)
    assert await days.drop(DAY) == 5
    assert await verdict(days, store, 25) == ("green", [])
    assert (await verdict(days, store, 26))[0] == "red"


async def test_events_of_a_dropped_day_that_are_read_again_are_told_until_it_is_dropped_again(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    days, store, writer = work
    events = [document(number) for number in range(20)]
    await writer.write(events)
    await store.refresh()
    await days.drop(DAY)
    assert await writer.write(events[:5]) == [Outcome.STORED] * 5
    found, (said,) = await verdict(days, store, 20)
    assert found == "red"
    assert f"5 events of {DAY} were dropped" in said
    await days.drop(DAY)
    await forgive(days._state, DAY)
    assert await verdict(days, store, 20) == ("green", [])


async def test_a_day_that_came_again_is_another_one(
    work: tuple[DayWork, Store, StoreWriter],
) -> None:
    _, store, writer = work
    assert await store.editions() == {}
    lines = [document(n) for n in range(5)]
    await writer.write([*lines, document(1, "2026-03-15T09:00:00.000Z")])
    before = await store.editions()
    dropped, kept = (one.name for one in await store.days())
    assert set(before) == {dropped, kept}
    await writer.write([document(10)])
    assert await store.editions() == before
    assert await store.drop_day(DAY)
    assert await store.editions() == {kept: before[kept]}
    await writer.write(lines)
    after = await store.editions()
    assert after[kept] == before[kept]
    assert after[dropped] != before[dropped]
