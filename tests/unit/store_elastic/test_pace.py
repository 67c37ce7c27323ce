"""Overload halves what is under way; success brings it back step by step."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from logboom.store.elastic.pace import Pace

MEBIBYTE = 2**20


def test_requests_are_halved_first_and_then_their_size() -> None:
    pace = Pace(8 * MEBIBYTE, 4)
    seen = []
    for _ in range(9):
        pace.slow_down()
        seen.append((pace.requests, pace.bytes / MEBIBYTE))
    assert seen == [(2, 8), (1, 8), (1, 4), (1, 2), (1, 1), (1, 0.5), *[(1, 0.25)] * 3]


def test_success_takes_the_steps_back_and_stops_at_the_settings() -> None:
    pace = Pace(MEBIBYTE, 3)
    for _ in range(4):
        pace.slow_down()
    assert (pace.requests, pace.bytes) == (1, MEBIBYTE // 4)
    for _ in range(7):
        pace.went_well()
    assert (pace.requests, pace.bytes) == (1, MEBIBYTE // 4)
    pace.went_well()
    assert (pace.requests, pace.bytes) == (1, MEBIBYTE // 2)
    for _ in range(100):
        pace.went_well()
    assert (pace.requests, pace.bytes) == (3, MEBIBYTE)
    assert not pace.is_slowed


def test_what_was_too_large_is_not_tried_again() -> None:
    pace = Pace(8 * MEBIBYTE, 2)
    pace.too_large(6 * MEBIBYTE)
    assert pace.bytes == 3 * MEBIBYTE
    for _ in range(100):
        pace.went_well()
    assert pace.bytes == 3 * MEBIBYTE
    pace.too_large(1000)
    assert pace.bytes == MEBIBYTE // 4


@given(
    st.integers(1, 10 * MEBIBYTE), st.integers(1, 32), st.lists(st.booleans(), max_size=300)
)  # fmt: skip
def test_there_is_always_something_under_way_and_never_too_much(
    most: int, requests: int, signs: list[bool]
) -> None:
    pace = Pace(most, requests)
    for went_well in signs:
        if went_well:
            pace.went_well()
        else:
            pace.slow_down()
        assert 1 <= pace.requests <= requests
        assert 1 <= pace.bytes <= most
        assert pace.is_slowed == (pace.bytes < most or pace.requests < requests)


@given(st.integers(0, 100 * MEBIBYTE), st.integers(1, 4))
def test_a_share_lets_all_requests_end_together(total: int, requests: int) -> None:
    pace = Pace(8 * MEBIBYTE, requests)
    share = pace.share(total)
    assert MEBIBYTE // 4 <= share <= 8 * MEBIBYTE
    bodies = -(-total // share)
    assert bodies <= -(-total // (8 * MEBIBYTE)) + requests
    if total >= requests * MEBIBYTE // 4:
        assert bodies % requests == 0 or share == 8 * MEBIBYTE


def test_a_write_that_is_a_little_too_large_for_one_request_is_halved() -> None:
    assert Pace(8 * MEBIBYTE, 2).share(9 * MEBIBYTE) == 4.5 * MEBIBYTE + 16 * 1024
    assert Pace(8 * MEBIBYTE, 2).share(12 * MEBIBYTE) < 6.1 * MEBIBYTE
    assert Pace(8 * MEBIBYTE, 2).share(1000) == MEBIBYTE // 4


async def test_places_are_as_many_as_requests_may_be_under_way_now() -> None:
    pace = Pace(MEBIBYTE, 2)
    waiting = [asyncio.create_task(pace.take_place()) for _ in range(4)]
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [True, True, False, False]
    pace.slow_down()
    pace.give_place_back()
    await asyncio.sleep(0.01)
    assert [one.done() for one in waiting] == [True, True, False, False]
    pace.give_place_back()
    await asyncio.sleep(0.01)
    assert [one.done() for one in waiting] == [True, True, True, False]
    waiting[3].cancel()
    pace.give_place_back()
    await asyncio.wait_for(pace.take_place(), 1)
