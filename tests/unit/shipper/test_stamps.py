"""Are times that are held together the same as the times one by one?"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.stamps import Stamps, days_of, joined

DAYS = st.sampled_from(["2026-11-20", "2026-11-21", "2026-11-22"])
TIMES = st.lists(DAYS.map(lambda day: f"{day}T23:59:59.999Z"))


@given(TIMES)
def test_they_are_a_sequence_of_times(times: list[str]) -> None:
    stamps = Stamps("".join(f"{time}\n" for time in times).encode())
    assert stamps == times
    assert times == stamps
    assert len(stamps) == len(times)
    assert list(stamps) == times
    assert [stamps[number] for number in range(len(times))] == times
    assert [stamps[-number] for number in range(1, len(times) + 1)] == times[::-1]
    assert stamps[1:3] == times[1:3]
    assert stamps != [*times, "2026-11-21T00:00:00.000Z"]
    with pytest.raises(IndexError):
        stamps[len(times)]


@given(TIMES)
def test_they_tell_their_days(times: list[str]) -> None:
    stamps = Stamps("".join(f"{time}\n" for time in times).encode())
    expected = Counter(time[:10] for time in times)
    assert days_of(stamps) == expected
    assert days_of(times) == expected
    assert joined(stamps) == joined(times) == "\n".join(times).encode()
