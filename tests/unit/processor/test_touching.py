"""Which minutes are marked: all in which a store counts a document."""

from __future__ import annotations

from datetime import date

from logboom.event import epoch_us
from logboom.store import Document
from processor.rolling.touching import touched_minutes
from tests.rollups import happening

DAY = date(2026, 3, 14)


def minute(text: str) -> int:
    return epoch_us(f"2026-03-14T{text}:00Z")


def test_a_document_touches_the_minute_of_its_time() -> None:
    documents = [
        happening(0, "2026-03-14T09:00:59.999Z"),
        happening(1, "2026-03-14T09:01:00.000Z"),
        happening(2, "2026-03-14T09:01:30.000Z", read="2026-03-14T11:00:00.000Z"),
    ]
    assert touched_minutes(documents) == {minute("09:00"), minute("09:01")}


def test_one_out_of_range_touches_the_minute_in_which_it_was_read() -> None:
    stray = happening(0, "1999-01-01T00:00:00Z", read="2026-03-14T09:00:30.000Z", day=DAY)
    assert touched_minutes([stray]) == {minute("09:00"), minute("00:00")}


def test_one_that_tells_nothing_touches_the_first_minute_of_its_day() -> None:
    for event in ({}, {"@timestamp": 5, "event": "x"}, {"@timestamp": "soon", "event": {}}):
        assert touched_minutes([Document.of("a", DAY, event)]) == {minute("00:00")}


def test_the_order_of_the_fields_does_not_matter() -> None:
    event = {"message": "a", "@timestamp": "2026-03-14T09:00:30Z"}
    assert touched_minutes([Document.of("a", DAY, event)]) == {minute("09:00")}


def test_times_of_other_zones_are_understood() -> None:
    event = {"@timestamp": "2026-03-15T01:00:30+02:00"}
    assert touched_minutes([Document.of("a", DAY, event)]) == {minute("23:00")}
