"""What a question means is told where it may not be meant so."""

from __future__ import annotations

import pytest

from logboom.errors import QueryError
from search_api.searching.asking import LONGEST_FIELD, MOST_FIELDS, fields_of, understand

NOW_NS = 1_795_000_000_000_000_000


async def test_times_that_nothing_can_lie_between_are_noted() -> None:
    (note,) = (await understand(NOW_NS, "level:error", "now", "now-1h", "UTC")).notes
    assert "nothing can match: `from` is 2026-11-18T11:06:40.000Z" in note
    assert "not later, 2026-11-18T10:06:40.000Z" in note


@pytest.mark.parametrize(("begin", "end"), [("now-1h", "now"), (None, "now-1h"), ("now", None)])
async def test_other_times_are_not(begin: str | None, end: str | None) -> None:
    assert not (await understand(NOW_NS, "level:error", begin, end, "UTC")).notes


async def test_a_begin_that_is_still_to_come_is_noted() -> None:
    (note,) = (await understand(NOW_NS, "", "15:04", None, "UTC")).notes
    assert note == (
        "`from` is still to come: 15:04 is 2026-11-18T15:04:00.000Z, and now it is"
        " 2026-11-18T11:06:40.000Z"
    )
    assert not (await understand(NOW_NS, "", "now", "tomorrow", "UTC")).notes


@pytest.mark.parametrize(
    "zone", ["+09:00", "+0900", "+9", " 09:00", "UTC+9", "GMT+9", "Asia/Seoul"]
)
async def test_a_zone_may_be_an_offset(zone: str) -> None:
    asked = await understand(NOW_NS, "", "2026-11-18", None, zone)
    assert asked.times.start_us == 1_794_927_600_000_000


@pytest.mark.parametrize(
    ("zone", "suggestion"),
    [
        ("asia/seoul", "write Asia/Seoul"),
        ("new york", "write America/New_York"),
        ("KST", "write for example Asia/Seoul or +09:00"),
        ("+25:00", "write for example Asia/Seoul or +09:00"),
        ("x" * 5_000, "write for example Asia/Seoul or +09:00"),
        ("../../etc/passwd", "write for example Asia/Seoul or +09:00"),
    ],
)
async def test_another_zone_is_refused_with_the_one_that_is_meant(
    zone: str, suggestion: str
) -> None:
    with pytest.raises(QueryError, match="is not a time zone") as caught:
        await understand(NOW_NS, "", None, None, zone)
    assert caught.value.suggestion == suggestion


def test_fields_are_named_with_commas_or_in_a_list() -> None:
    assert fields_of(None) == fields_of("") == fields_of(" , ") == []
    assert fields_of("level, message ,level") == ["level", "message"]
    assert fields_of(["my field", "level "]) == ["my field", "level"]


def test_fields_that_are_shown_are_bounded() -> None:
    names = [f"f{number}" for number in range(MOST_FIELDS)]
    assert fields_of(names) == names
    with pytest.raises(QueryError, match="201 fields cannot be shown at once"):
        fields_of([*names, "more"])
    with pytest.raises(QueryError, match="more than 1000 characters"):
        fields_of("x" * (LONGEST_FIELD + 1))
