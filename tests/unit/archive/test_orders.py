"""Orders of the command line are carried out by the one process that writes, and answered."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from logboom.archive import orders
from logboom.archive.manifest import manifests
from logboom.archive.orders import Answer, Order
from logboom.clock import SystemClock
from logboom.errors import ServiceUnreachable
from logboom.state.lease import Lease, is_held
from tests.unit.archive.place import Place
from tests.unit.store_local.samples import DAY, documents


async def order(place: Place, wanted: Order) -> list[Answer]:
    """Leaves an order, has the keeper look once, and gives the answers."""
    keeper = place.keeper(keep=timedelta(days=900))
    told: list[Answer] = []

    async def tell(answer: Answer) -> None:
        told.append(answer)

    key = await orders.place(place.state, wanted, place.clock)
    await keeper.look()
    await orders.await_answers(place.state, key, SystemClock(), tell)
    return told


async def test_an_order_is_carried_out_and_answered(place: Place) -> None:
    await place.writer.write(documents(20, days=2))
    tomorrow = DAY + timedelta(days=1)
    (archived,) = await order(place, Order("archive", [DAY]))
    assert archived.said.startswith("10 events are archived in ")
    assert await place.days() == {tomorrow: 10}
    first, second = await order(place, Order("restore", [DAY, tomorrow]))
    assert first.said == "10 events are restored, 0 were there"
    assert second.trouble is not None
    assert "there is no archive of 2026-03-15" in second.trouble
    (dropped,) = await order(place, Order("drop", [tomorrow], grace_s=86400))
    assert "can be restored until 2026-03-21T12:00:00.000Z" in dropped.said
    assert [one.day for one in manifests(place.work().deleted)] == [tomorrow]
    assert await place.state.list(orders.KIND) == []


async def test_an_order_that_a_crash_interrupted_is_carried_out_again(place: Place) -> None:
    await place.writer.write(documents(10))
    before = DAY - timedelta(days=1)
    key = await orders.place(place.state, Order("archive", [before, DAY]), place.clock)
    (record,) = await orders.waiting(place.state, place.clock)
    done = Answer(before, "is archived").value()
    await place.state.put(orders.KIND, key, {**record.value, "phase": "running", "answers": [done]})
    await place.keeper().look()
    found = await place.state.get(orders.KIND, key)
    assert found is not None
    assert found.value["phase"] == "done"
    assert [one["trouble"] for one in found.value["answers"]] == [None, None]
    assert found.value["answers"][0] == done


async def test_an_order_that_nobody_takes_is_taken_back(place: Place) -> None:
    key = await orders.place(place.state, Order("drop", [DAY]), place.clock)

    async def ignore(_: Answer) -> None:
        raise AssertionError("there is no answer")

    waiting = asyncio.create_task(orders.await_answers(place.state, key, place.clock, ignore))
    await asyncio.sleep(0)
    place.clock.advance(16)
    with pytest.raises(ServiceUnreachable, match="does not take orders"):
        await waiting
    assert await place.state.list(orders.KIND) == []


async def test_one_holder_has_the_lease_at_a_time(place: Place) -> None:
    one = Lease(place.state, "days", "one", place.clock)
    other = Lease(place.state, "days", "other", place.clock)
    async with one.held() as mine:
        assert mine
        assert await is_held(place.state, "days", place.clock)
        async with other.held() as theirs:
            assert not theirs
        async with Lease(place.state, "days", "one", place.clock).held() as again:
            assert again  # the same one, after a crash
        place.clock.advance(61)  # the first one is silent for too long
        async with other.held() as theirs:
            assert theirs
    async with one.held() as mine:
        assert mine


async def test_how_long_a_silent_holder_has_a_lease_is_a_setting(place: Place) -> None:
    one = Lease(place.state, "days", "one", place.clock, for_s=5)
    other = Lease(place.state, "days", "other", place.clock, for_s=5)
    assert await one.take()
    place.clock.advance(4.9)
    assert not await other.take()
    assert await one.take()
    place.clock.advance(4.9)
    assert not await other.take()
    place.clock.advance(0.2)
    assert await other.take()
