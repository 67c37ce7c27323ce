"""Which positions may a member of a group commit, and when is it done with what it took?"""

from __future__ import annotations

import asyncio

from logboom.broker.kafka_claims import Claims

OURS = {0, 1}


def test_what_was_handed_out_may_be_committed_whole_or_in_part() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 150)
    claims.hand_out(0, 150, 200)
    for position in (100, 120, 150, 200):
        assert claims.committable({0: position}, OURS) == {0: position}


def test_positions_beyond_what_was_handed_out_are_not_ours() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 200)
    assert claims.committable({0: 99, 1: 5}, OURS) == {}
    assert claims.committable({0: 201}, OURS) == {}


def test_partitions_of_others_are_passed_over() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 200)
    claims.hand_out(1, 10, 20)
    assert claims.committable({0: 200, 1: 20}, {1}) == {1: 20}


def test_a_write_that_ends_late_does_not_set_the_position_back() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 200)
    claims.forget()  # the partition went to another member, which read on to 1000
    claims.hand_out(0, 1000, 1100)
    assert claims.committable({0: 200}, OURS) == {}
    assert claims.committable({0: 1100}, OURS) == {0: 1100}


def test_messages_that_are_handed_out_again_do_not_set_the_position_back() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 150)
    claims.hand_out(0, 150, 200)
    claims.forget()  # the partition came back, and nobody had committed
    claims.hand_out(0, 100, 150)
    claims.hand_out(0, 150, 200)
    assert claims.committable({0: 200}, OURS) == {0: 200}  # by the write of the first time
    claims.settle({0: 200})
    assert claims.committable({0: 150}, OURS) == {}
    assert claims.committable({0: 200}, OURS) == {0: 200}


async def test_giving_up_waits_for_all_that_is_handed_out() -> None:
    claims = Claims()
    assert await claims.wait_until_settled(patience_s=0)
    claims.hand_out(0, 100, 200)
    claims.hand_out(1, 10, 20)
    claims.settle({0: 200})
    waiting = asyncio.create_task(claims.wait_until_settled(patience_s=60))
    await asyncio.sleep(0)
    assert not waiting.done()
    claims.settle({1: 15})
    await asyncio.sleep(0)
    assert not waiting.done()
    claims.settle({1: 20})
    assert await waiting


async def test_the_wait_has_an_end() -> None:
    claims = Claims()
    claims.hand_out(0, 100, 200)
    assert not await claims.wait_until_settled(patience_s=0.01)
    claims.forget()
    assert await claims.wait_until_settled(patience_s=0)


def test_what_was_fetched_before_the_books_closed_is_known() -> None:
    claims = Claims()
    before = claims.generation
    claims.close_books()
    assert claims.generation != before
