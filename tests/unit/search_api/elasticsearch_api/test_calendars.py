"""Buckets of a date_histogram begin where Elasticsearch's do, also where clocks are changed.

The begins are those that the real one gave: tests/integration/test_elasticsearch_intervals.py asks it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from logboom.query.times import iso_text
from search_api.elasticsearch_api.calendars import cut_of


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "options", "start", "end", "begins"),
    [
        (
            "America/New_York", {"fixed_interval": "1d"}, "2026-10-02T04:00", "2026-10-05T03:59",
            ["02T04:00", "03T04:00", "04T04:00"],
        ),
        (
            "America/New_York", {"fixed_interval": "1d"}, "2026-03-07T12:00", "2026-03-09T12:00",
            ["07T05:00", "08T05:00", "09T04:00"],
        ),
        (
            "America/New_York", {"fixed_interval": "90m"}, "2026-11-01T04:00", "2026-11-01T09:00",
            ["01T04:00", "01T05:30", "01T06:30", "01T08:00"],
        ),
        (
            "America/New_York", {"fixed_interval": "6h", "offset": "+1h"},
            "2026-11-01T05:00", "2026-11-01T13:00", ["01T05:00", "01T12:00"],
        ),
        (
            "Australia/Lord_Howe", {"fixed_interval": "1h"}, "2026-10-03T14:30", "2026-10-03T16:30",
            ["03T14:30", "03T15:30", "03T16:00"],
        ),
        (
            "Australia/Lord_Howe", {"calendar_interval": "1h"}, "2026-10-03T14:30", "2026-10-03T16:30",
            ["03T14:30", "03T16:00"],
        ),
        (
            "Africa/Cairo", {"calendar_interval": "1d"}, "2026-04-23T00:00", "2026-04-25T00:00",
            ["22T22:00", "23T22:00", "24T21:00"],
        ),
    ],
)  # fmt: skip
def test_they_follow_the_clocks(
    zone: str, options: dict[str, str], start: str, end: str, begins: list[str]
) -> None:
    edges = cut_of({**options, "time_zone": zone}).edges(us(start), us(end))
    assert [iso_text(edge)[8:16] for edge in edges[:-1]] == begins
    assert edges[-1] > us(end)


def test_a_stretch_without_changes_has_buckets_of_one_length() -> None:
    cut = cut_of({"fixed_interval": "1d", "time_zone": "America/New_York"})
    assert cut.evenly((us("2026-06-01"), us("2026-10-31"))) == 4 * 3_600_000_000
    assert cut.evenly((us("2026-10-31"), us("2026-11-03"))) is None
    hours = cut_of({"fixed_interval": "1h", "time_zone": "America/New_York"})
    assert hours.evenly((us("2026-01-01"), us("2026-12-31"))) == 0


def test_a_width_beyond_all_years_is_a_width() -> None:
    cut = cut_of({"fixed_interval": "100000000d", "time_zone": "Europe/Berlin"})
    assert len(cut.edges(us("2026-01-01"), us("2026-01-02"))) == 2
