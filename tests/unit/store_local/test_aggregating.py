"""Are matches summed up rightly, bucket in bucket, within a day and over several?"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from logboom.errors import QueryError
from logboom.event import Event, event_id, source_run
from logboom.query.model import MatchAll, Query, Term
from logboom.store.aggregations import (
    Aggregated,
    Aggregation,
    Kind,
    Measure,
    Steps,
    Stretches,
    Values,
)
from logboom.store.local.aggregating import aggregate
from logboom.store.local.aggregation_requests import MOST_LISTED
from logboom.store.local.day_writer import DayWriter
from logboom.store.local.days import Days, View
from logboom.store.local.folders import StoreFolder
from logboom.store.local.spread import RELATIVE_ERROR
from logboom.store.local.translate import Translator
from logboom.store.values import Document, TimeRange

FIRST = datetime(2026, 3, 14, tzinfo=UTC)
HOUR_US = 3_600_000_000
EVENTS_A_DAY = 600


def made() -> list[tuple[datetime, Event]]:
    dice = random.Random(11)
    run = source_run("aggregating", 0)
    events = []
    for number in range(2 * EVENTS_A_DAY):
        moment = FIRST + timedelta(seconds=number * 144)
        event: Event = {
            "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "message": "done",
            "event": {"id": event_id(run, number), "duration": dice.randrange(1, 10**9)},
            "log": {"source": run, "offset": number, "level": dice.choice(["info", "error"])},
            "client": {"ip": f"10.0.0.{number % 3}"},
            "tags": ["all", dice.choice(["slow", "fast"])],
            "attributes": {"ratio": dice.choice([-2.5, 0, 0.25, 8]), "seq": number},
        }
        if number % 4:
            event["service"] = {"name": dice.choice(["cart", "pay", "ship"])}
        events.append((moment, event))
    return events


EVENTS = made()


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    store = StoreFolder(tmp_path_factory.mktemp("store"), "logs-%Y.%m.%d")
    for day in (date(2026, 3, 14), date(2026, 3, 15)):
        writer = DayWriter(store.create(day), memory_bytes=15_000_000)
        writer.append(
            [
                Document.of(event["event"]["id"], day, event)
                for moment, event in EVENTS
                if moment.date() == day
            ]
        )
        writer.commit()
        writer.close()
    days = Days(store)
    yield days.view()
    days.close()


def asked(view: View, *wanted: Aggregation, query: Query | None = None) -> Aggregated:
    translated = Translator().translate(query or MatchAll())
    return aggregate(view.days, translated, TimeRange(), wanted, lambda: False)


def service_of(event: Event) -> str | None:
    name: str | None = event.get("service", {}).get("name")
    return name


def near(percent: float, values: list[float], answer: float | None) -> bool:
    """True when the answer is nearly one of the values around that place."""
    assert answer is not None
    ordered = sorted(values)
    place = min(len(ordered) - 1, int(len(ordered) * percent / 100))
    around = ordered[max(0, place - 3) : place + 4]
    slack = 2 * RELATIVE_ERROR
    return around[0] * (1 - slack) <= answer <= around[-1] * (1 + slack)


def test_values_are_counted_over_days(view: View) -> None:
    rows = asked(view, Values("s", "service.name", 10, None, ())).whole.inside["s"].rows
    expected = Counter(service_of(event) for _, event in EVENTS)
    missing = expected.pop(None)
    assert {row.key: row.count for row in rows} == expected
    assert [row.count for row in rows] == sorted(expected.values(), reverse=True)
    counted = asked(view, Values("s", "service.name", 10, "none", ())).whole.inside["s"].rows
    assert {row.key: row.count for row in counted}["none"] == missing


def test_lists_and_addresses_are_counted_by_each_value(view: View) -> None:
    whole = asked(
        view, Values("t", "tags", 10, None, ()), Values("a", "client.ip", 10, None, ())
    ).whole
    tags = {row.key: row.count for row in whole.inside["t"].rows}
    assert tags["all"] == len(EVENTS) == tags["slow"] + tags["fast"]
    assert {row.key for row in whole.inside["a"].rows} == {"10.0.0.0", "10.0.0.1", "10.0.0.2"}


def test_numbers_are_added_up_within_values_within_steps(view: View) -> None:
    numbers = Measure("m", Kind.SPREAD, "event.duration")
    inner = Values("s", "service.name", 10, None, (numbers,))
    rows = asked(view, Steps("h", "@timestamp", 7 * HOUR_US, HOUR_US, (inner,))).whole.inside["h"]
    found = {
        (int(row.key or 0), str(one.key)): one.measures["m"]
        for row in rows.rows
        for one in row.inside["s"].rows
    }
    expected: dict[tuple[int, str], list[int]] = {}
    for moment, event in EVENTS:
        name = service_of(event)
        if name is not None:
            time_us = int(moment.timestamp()) * 1_000_000
            start = (time_us - HOUR_US) // (7 * HOUR_US) * 7 * HOUR_US + HOUR_US
            expected.setdefault((start, name), []).append(event["event"]["duration"])
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        measured = found[key]
        assert (measured.count, measured.total) == (len(values), sum(values))
        assert (measured.least, measured.greatest) == (min(values), max(values))
        assert measured.squares == pytest.approx(sum(value**2 for value in values))


def test_stretches_have_any_length_and_what_is_outside_is_left_out(view: View) -> None:
    start = int(FIRST.timestamp()) * 1_000_000
    edges = (start + HOUR_US, start + 3 * HOUR_US, start + 30 * HOUR_US)
    rows = asked(view, Stretches("c", "@timestamp", edges, ())).whole.inside["c"].rows
    assert [(row.key, row.count) for row in rows] == [(edges[0], 50), (edges[1], 675)]


@pytest.mark.parametrize("query", [MatchAll(), Term("log.level", "error")])
def test_percentiles_over_days_are_near_the_values(view: View, query: Query) -> None:
    percents = (1.0, 50.0, 99.0)
    measure = Measure("p", Kind.PERCENTILES, "event.duration", percents)
    found = asked(view, measure, query=query).whole.measures["p"].percentiles
    values = [
        event["event"]["duration"]
        for _, event in EVENTS
        if isinstance(query, MatchAll) or event["log"]["level"] == "error"
    ]
    for percent in percents:
        assert near(percent, values, found[percent])


def test_percentiles_of_one_days_buckets_need_no_bins(view: View) -> None:
    measure = Measure("p", Kind.PERCENTILES, "event.duration", (50.0,))
    rows = asked(view, Steps("h", "@timestamp", 24 * HOUR_US, 0, (measure,))).whole.inside["h"].rows
    assert len(rows) == 2
    for row in rows:
        values = [
            event["event"]["duration"]
            for moment, event in EVENTS
            if int(moment.timestamp()) * 1_000_000 // (24 * HOUR_US) * 24 * HOUR_US == row.key
        ]
        assert near(50, values, row.measures["p"].percentiles[50.0])


def test_percentiles_of_numbers_on_both_sides_of_zero(view: View) -> None:
    measure = Measure("p", Kind.PERCENTILES, "attributes.ratio", (1.0, 40.0, 60.0, 99.0))
    found = list(asked(view, measure).whole.measures["p"].percentiles.values())
    assert found == [pytest.approx(value, rel=0.03) for value in (-2.5, 0, 0.25, 8)]


def test_percentiles_of_nothing_are_none(view: View) -> None:
    measure = Measure("p", Kind.PERCENTILES, "attributes.none", (50.0,))
    assert asked(view, measure).whole.measures["p"].percentiles == {50.0: None}


def test_different_values_are_counted_once_over_days(view: View) -> None:
    whole = asked(
        view,
        Measure("s", Kind.DIFFERENT, "service.name"),
        Measure("n", Kind.PRESENT, "service.name"),
        Measure("none", Kind.DIFFERENT, "attributes.none"),
    ).whole
    assert whole.measures["s"].count == 3
    assert whole.measures["n"].count == sum(service_of(event) is not None for _, event in EVENTS)
    assert whole.measures["none"].count == 0


def test_too_many_different_values_over_days_are_refused(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logboom.store.local.aggregation_requests.MOST_LISTED", 10)
    assert MOST_LISTED > 10
    seen = Measure("n", Kind.DIFFERENT, "attributes.seq")
    with pytest.raises(QueryError, match="on several days"):
        asked(view, seen)
    steps = Steps("d", "@timestamp", 24 * HOUR_US, 0, (seen,))
    counts = [row.measures["n"].count for row in asked(view, steps).whole.inside["d"].rows]
    assert counts == [pytest.approx(EVENTS_A_DAY, rel=0.03)] * 2


@pytest.mark.parametrize(
    "wanted",
    [
        Values("v", "message", 10, None, ()),
        Values("v", "event.id", 10, None, ()),
        Values("v", "@timestamp", 10, None, ()),
        Measure("m", Kind.NUMBERS, "service.name"),
        Measure("m", Kind.PERCENTILES, "message"),
        Measure("m", Kind.DIFFERENT, "trace.id"),
        Steps("s", "service.name", 10, 0, ()),
    ],
)
def test_fields_that_cannot_be_used_so_are_refused(view: View, wanted: Aggregation) -> None:
    with pytest.raises(QueryError, match=wanted.field if not isinstance(wanted, Stretches) else ""):
        asked(view, wanted)


def test_too_many_buckets_are_refused(view: View) -> None:
    inner = Values("n", "attributes.seq", 3_000, None, ())
    steps = Steps("s", "@timestamp", 1_000, 0, (inner,))
    edges = tuple(range(0, 80_000_000, 1_000))
    with pytest.raises(QueryError, match="too many buckets"):
        asked(view, Stretches("c", "@timestamp", edges, (steps,)))


def test_what_takes_too_long_is_not_complete(view: View) -> None:
    translated = Translator().translate(MatchAll())
    wanted = [Values("l", "log.level", 5, None, ())]
    found = aggregate(view.days, translated, TimeRange(), wanted, lambda: True)
    assert not found.complete
    assert sum(row.count for row in found.whole.inside["l"].rows) == EVENTS_A_DAY
