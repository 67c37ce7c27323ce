"""Times in all their forms; local times that can be two instants are told."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.events.normalise import Normaliser, SourceContext
from shipper.parsers.moments import Ambiguous
from shipper.parsers.timestamps import TIME_AMBIGUOUS, read_time

SECOND = 1_000_000_000
BERLIN, NEW_YORK, SHANGHAI = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Shanghai")
)


def ns(text: str) -> int:
    """An ISO time in UTC, with up to nine digits of fraction."""
    whole, _, fraction = text.partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND + int(fraction.ljust(9, "0") or 0)


NOW = "2026-11-21T12:00:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-10T13:55:36.123456789Z", "2026-10-10T13:55:36.123456789"),
        ("2026-10-10 13:55:36,123", "2026-10-10T11:55:36.123"),
        ("2026-10-10 13:55:36 +0200", "2026-10-10T11:55:36"),
        ("2026/10/10 - 13:55:36", "2026-10-10T11:55:36"),
        ("2026.10.10 13:55:36.123456", "2026-10-10T11:55:36.123456"),
        ("10/Oct/2026:13:55:36 +0000", "2026-10-10T13:55:36"),
        ("10/Oct/2026:13:55:36.123", "2026-10-10T11:55:36.123"),
        ("Oct 10 13:55:36", "2026-10-10T11:55:36"),
        ("Sat Oct 10 13:55:36.123456 2026", "2026-10-10T11:55:36.123456"),
        ("Sat Oct 10 13:55:36 UTC 2026", "2026-10-10T13:55:36"),
        ("Sat, 10 Oct 2026 13:55:36 +0000", "2026-10-10T13:55:36"),
        ("10-Oct-2026 13:55:36.123", "2026-10-10T11:55:36.123"),
        ("10-Oct-2026 13:55:36 Asia/Seoul", "2026-10-10T04:55:36"),
        ("2026-10-10 13:55:36.5 KST", "2026-10-10T04:55:36.5"),
        ("2026-10-10 13:55:36 America/Lima", "2026-10-10T18:55:36"),
        ("10 Oct 2026 13:55:36.123", "2026-10-10T11:55:36.123"),
        ("Oct 10, 2026 1:55:36 PM", "2026-10-10T11:55:36"),
        ("Oct 10, 2026 12:05:06\u202fAM", "2026-10-09T22:05:06"),
        ("26/10/10 13:55:36", "2026-10-10T11:55:36"),
        ("10.11.2026 13:55:36", "2026-11-10T12:55:36"),
        ("10/11/2026 1:55:36 PM", "2026-10-11T11:55:36"),
        ("13/10/2026 13:55:36", "2026-10-13T11:55:36"),
        ("1010 13:55:36.123456", "2026-10-10T11:55:36.123456"),
        ("E1010 13:55:36.123456", "2026-10-10T11:55:36.123456"),
        ("20261010 13:55:36.5", "2026-10-10T11:55:36.5"),
        ("1791640536.123456789", "2026-10-10T13:55:36.123456789"),
        ("1791640536123", "2026-10-10T13:55:36.123"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("2016-12-31 23:59:60.5 UTC", "2017-01-01T00:00:00.5"),
        ("2026-10-10 13:55:36 EST", "2026-10-10T18:55:36"),
        ("2026-10-10 13:55:36 KST", "2026-10-10T04:55:36"),
        ("2026-10-10 13:55:36 JST", "2026-10-10T04:55:36"),
        ("2026-10-10 13:55:36 GMT+09:00", "2026-10-10T04:55:36"),
        ("10 octobre 2026 13:55:36", "2026-10-10T11:55:36"),
        ("10. März 2026 13:55", "2026-03-10T12:55:00"),
        ("10 de octubre de 2026 13:55:36", "2026-10-10T11:55:36"),
        ("10 октября 2026 13:55:36", "2026-10-10T11:55:36"),
        ("2026年10月10日 13:55:36", "2026-10-10T11:55:36"),
        ("2026년 10월 10일 오후 1:55:36", "2026-10-10T11:55:36"),
        ("2026. 10. 10. 오전 12:55:36", "2026-10-09T22:55:36"),
    ],
)
def test_a_time_is_read(text: str, expected: str) -> None:
    assert read_time(text, zone=BERLIN, reference_ns=ns(NOW)) == ns(expected)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "not a time", "2026-13-45T00:00:00Z", "0000-00-00 00:00:00", "99:99:99",
        "20 brumaire 2026 10:00:00", "2026-10-10 13:55:36 Nowhere/Land", "2026-10-10 13:55:36 ../etc",
        "0001-01-01 00:00:00", "12 minutes", "-1791640536",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text, zone=BERLIN, reference_ns=ns(NOW)) is None


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        ("2027-01-01T00:10:00", "Dec 31 23:59:59", "2026-12-31T23:59:59"),
        ("2026-12-31T23:59:00", "Jan  1 00:00:01", "2027-01-01T00:00:01"),
        ("2026-11-21T12:00:00", "Nov 22 12:00:00", "2026-11-22T12:00:00"),
        ("2028-03-01T12:00:00", "Feb 29 12:00:00", "2028-02-29T12:00:00"),
        ("2026-11-21T00:05:00", "23:59:59,5", "2026-11-20T23:59:59.5"),
        ("2026-11-21T12:00:00", "11:59:59", "2026-11-21T11:59:59"),
    ],
)
def test_a_missing_date_is_the_nearest_one(now: str, text: str, expected: str) -> None:
    assert read_time(text, zone=UTC, reference_ns=ns(now)) == ns(expected)


@pytest.mark.parametrize(
    ("zone", "text", "first", "second"),
    [
        (BERLIN, "2026-10-25 02:30:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),
        (BERLIN, "25/Oct/2026:02:30:00.5", "2026-10-25T00:30:00.5", "2026-10-25T01:30:00.5"),
        (BERLIN, "2026-03-29 02:30:00", "2026-03-29T01:30:00", "2026-03-29T00:30:00"),
        (NEW_YORK, "Nov 1 01:15:00", "2026-11-01T05:15:00", "2026-11-01T06:15:00"),
    ],
)
def test_an_hour_that_is_there_twice_or_never_is_told(
    zone: tzinfo, text: str, first: str, second: str
) -> None:
    found = read_time(text, zone=zone, reference_ns=ns(NOW))
    assert found == Ambiguous(ns(first), ns(second))
    assert isinstance(found, Ambiguous)
    assert found.nearest(ns(NOW)) == ns(first)
    assert found.nearest(ns(second) + SECOND) == ns(second)


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        (BERLIN, "2026-10-25 02:30:00 CET", "2026-10-25T01:30:00"),
        (BERLIN, "2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00"),
        (SHANGHAI, "2026-10-25 02:30:00 CST", "2026-10-24T18:30:00"),
        (NEW_YORK, "2026-10-25 02:30:00 CST", "2026-10-25T08:30:00"),
        (BERLIN, "2026-10-25 01:59:59", "2026-10-24T23:59:59"),
        (BERLIN, "2026-10-25 03:00:00", "2026-10-25T02:00:00"),
        (BERLIN, "2026-10-25 02:30:00+02:00", "2026-10-25T00:30:00"),
    ],
)
def test_a_zone_that_is_named_leaves_no_doubt(zone: tzinfo, text: str, expected: str) -> None:
    assert read_time(text, zone=zone, reference_ns=ns(NOW)) == ns(expected)


def test_an_ambiguous_time_tags_its_event() -> None:
    context = SourceContext(run="r", path="-", host="h", service="s", zone=BERLIN, fields={})
    normaliser = Normaliser(context, redactor=None)

    def made(time: str) -> dict[str, object]:
        fields = {"time": time, "message": "x", "tags": ["own"]}
        value, _ = normaliser.normalise(
            fields, "x", offset=0, read_ns=ns(NOW), read_text=f"{NOW}.000Z"
        )
        event: dict[str, object] = orjson.loads(value)
        return event

    assert made("2026-10-25 02:30:00")["tags"] == [TIME_AMBIGUOUS, "own"]
    assert made("2026-10-25 02:30:00")["@timestamp"] == "2026-10-25T00:30:00.000Z"
    assert made("2026-10-25 03:30:00")["tags"] == ["own"]


@given(
    st.datetimes(datetime.fromisoformat("1972-01-01"), datetime.fromisoformat("2100-01-01")),
    st.sampled_from([BERLIN, NEW_YORK]),
)
def test_every_local_time_is_one_of_its_instants(local: datetime, zone: ZoneInfo) -> None:
    text = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond:06d}"
    found = read_time(text, zone=zone, reference_ns=ns(NOW))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    instants = [
        (local.replace(tzinfo=zone, fold=fold) - epoch) // (local.resolution) * 1000
        for fold in (0, 1)
    ]
    if instants[0] == instants[1]:
        assert found == instants[0]
    else:
        assert found == Ambiguous(*instants)


@given(
    st.one_of(
        st.text(max_size=80),
        st.text("0123456789:-/., TZ+PM", max_size=40),
        st.integers(),
        st.floats(),
    )
)
def test_no_value_is_too_strange_for_a_time(value: object) -> None:
    found = read_time(value, zone=BERLIN, reference_ns=ns(NOW))
    assert found is None or isinstance(found, int | Ambiguous)
