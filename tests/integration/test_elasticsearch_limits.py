"""The limits that are told are those at which the server itself stops."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from logboom.bounds import bounded_attributes
from logboom.query.model import Exists, MatchAll, Not, Or, Query, Range, Term
from logboom.store import Count, Outcome, SearchRequest, TimeRange
from tests.integration.elastic import Opener, document

HOUR_US = 3_600_000_000


async def test_fields_are_told_before_and_when_they_are_used_up(
    elasticsearch: str, open_elastic: Opener, unique: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()

    async def used(names: range) -> float:
        events = [document(n, attributes={f"key-{n}": "x"}) for n in names]
        assert set(await writer.write(events)) == {Outcome.STORED}
        (fields,) = [one for one in await store.limits() if one.kind == "fields"]
        assert (fields.of, fields.most) == (f"{unique}-2026.03.14", 500)
        assert fields.is_near == (fields.used >= 425)
        return fields.used

    before = await used(range(1))
    assert await used(range(1, 101)) == before + 100
    room = round(500 - before) - 100
    assert await used(range(101, 101 + room)) == 500
    assert await used(range(1000, 1010)) == 500
    await store.refresh()
    last, beyond = (Term(f"attributes.key-{n}", "x") for n in (100 + room, 1000))
    assert (await store.count(last, TimeRange())).value == 1
    assert (await store.count(beyond, TimeRange())).value == 0


async def test_events_with_ten_thousand_names_leave_room_for_others(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique)
    writer = await store.writer()
    for odd in range(2):
        names = {f"key-{odd}-{n}": n for n in range(10_000)}
        await writer.write([document(odd, attributes=bounded_attributes(names).attributes)])
    await writer.write([document(10, attributes={"late": 7, "word": "yes"})])
    await store.refresh()
    late = Range("attributes.late", "7", None, include_lower=True, include_upper=True)
    for asked in (late, Term("attributes.word", "yes")):
        assert await store.count(asked, TimeRange()) == Count(1)
    (fields,) = [one for one in await store.limits() if one.kind == "fields"]
    assert not fields.is_near


async def test_all_days_that_are_nearly_full_are_told(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()

    async def told() -> list[str]:
        limits = [one for one in await store.limits() if one.kind == "fields"]
        return [one.of.removeprefix(f"{unique}-2026.03.") for one in limits]

    days = [date(2026, 3, number) for number in range(10, 16)]
    await writer.write([document(n, day=day) for n, day in enumerate(days)])
    assert await told() == ["13", "14", "15"]
    full = document(100, day=days[1], attributes={f"key-{n}": "x" for n in range(1000)})
    await writer.write([full])
    await store.refresh()
    assert await told() == ["11", "13", "14", "15"]
    await store.drop_day(days[1])
    assert await told() == ["13", "14", "15"]


async def test_numbers_are_numbers_though_not_all_names_have_room(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()
    many = {f"key-{n}": "x" for n in range(1000)}
    await writer.write(
        [
            document(0, attributes={"v": "text"}),
            document(1, attributes=many),
            document(2, attributes={"v": 5}),
        ]
    )
    await store.refresh()
    above = Range("attributes.v", "1", None, include_lower=False, include_upper=False)
    assert await store.count(above, TimeRange()) == Count(1)


async def test_shards_are_told(elasticsearch: str, open_elastic: Opener, unique: str) -> None:
    store = await open_elastic(elasticsearch, unique)
    (shards,) = [one for one in await store.limits() if one.kind == "shards"]
    assert shards.most >= 1000
    assert not shards.is_near


async def test_an_answer_says_that_a_day_was_full_before_it_knew_a_field(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()
    await writer.write([document(0, attributes={"before": 1})])
    await writer.write([document(1, attributes={f"key-{n}": "x" for n in range(1000)})])
    await writer.write([document(2, attributes={"late": 5, "before": 2, "key-1": "y" * 9000})])
    await store.refresh()

    for field in ("before", "key-1"):
        known = Term(f"attributes.{field}", "2")
        page = await store.search(SearchRequest(known, TimeRange(), limit=10))
        assert page.warnings == ()
        assert page.total.exact
        assert (await store.count(known, TimeRange())).exact
    queries: tuple[Query, ...] = (
        Term("attributes.late", "5"),
        Range("attributes.late", "1", None, include_lower=False, include_upper=False),
        Or((Term("message", "nothing"), Not(Term("attributes.late", "5")))),
    )
    for query in queries:
        page = await store.search(SearchRequest(query, TimeRange(), limit=10))
        assert page.warnings == page.lost
        (warning,) = page.warnings
        assert "2026-03-14 has no room for the field attributes.late" in warning
        assert "field_limit" in warning
        assert not page.partial
        assert not page.total.exact
        assert not (await store.count(query, TimeRange())).exact
        other = TimeRange(0, 1_000_000)
        page = await store.search(SearchRequest(query, other, limit=10))
        assert page.warnings == ()
        assert (await store.count(query, other)).exact
        counted = await store.histogram(query, TimeRange(), interval_us=HOUR_US, by=None)
        assert counted.partial
        assert not (await store.facets(query, TimeRange(), fields=["tags"])).complete
        assert not (await store.groups(query, TimeRange(), field="tags")).complete
        assert list(await store.lacking(query, TimeRange())) == [warning]
        assert not await store.lacking(query, other)
    exists = Exists("attributes.late")
    assert (await store.count(exists, TimeRange())) == Count(1)


async def test_what_is_counted_by_a_field_that_a_day_does_not_know_is_not_whole(
    elasticsearch: str, open_elastic: Opener, unique: str
) -> None:
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()
    await writer.write([document(1, attributes={f"key-{n}": "x" for n in range(1000)})])
    await writer.write([document(2, attributes={"late": "a"})])
    await store.refresh()

    late, known = "attributes.late", "attributes.key-1"
    everything, times = MatchAll(), TimeRange()
    for field, is_whole in ((late, False), (known, True)):
        facets = await store.facets(everything, times, fields=["service.name", field])
        assert facets.complete is is_whole
        groups = await store.groups(everything, times, field="service.name", by=field)
        assert groups.complete is is_whole
        counted = await store.histogram(everything, times, interval_us=HOUR_US, by=field)
        assert counted.partial is not is_whole
        told = await store.lacking(everything, times, [field])
        assert [sentence.partition(",")[0] for sentence in told] == (
            [] if is_whole else ["2026-03-14 has no room for the field attributes.late"]
        )
