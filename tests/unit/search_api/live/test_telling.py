"""What a client is told when it is slow, and what channels tell."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom.clock import ManualClock, SystemClock
from logboom.config import Config
from logboom.errors import LogboomError, StoreUnavailable
from logboom.state import open_state
from search_api.alerts.outbox import KIND
from search_api.alerts.states import Key, RuleState, SeriesState
from search_api.live.channels import Channel
from search_api.live.firing import firing_now
from search_api.live.host import Sample, take_sample, told
from search_api.live.news import MOST_WAITING, MOST_WAITING_BYTES, Line, Listener, News

CLOCK = ManualClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))


def lines(*numbers: int) -> list[Line]:
    return [Line(f"id{n}", f"place{n}", b"{}") for n in numbers]


async def heard(listener: Listener) -> News:
    news = await listener.next(60)
    assert news is not None
    return news


async def test_what_a_slow_client_misses_is_counted_once_it_listens() -> None:
    listener = Listener()
    some = News(lines(*range(MOST_WAITING)))
    listener.tell(some)
    listener.tell(News(lines(1, 2)))
    listener.tell(News(lines(3), dropped=10, passed_over=7, place="behind"))
    assert await heard(listener) == some
    listener.tell(News(lines(4)))  # behind the gap: it must not come before it is told
    assert await heard(listener) == News((), dropped=14, passed_over=7, place="place4")
    listener.tell(News(lines(5)))
    assert await heard(listener) == News(lines(5))
    assert await listener.next(0.001) == News()


async def test_what_waits_for_a_slow_client_is_bounded_in_bytes_too() -> None:
    listener = Listener()
    large = News([Line("id", "place", b"x" * (MOST_WAITING_BYTES // 2 + 1))])
    huge = News([*large.lines, *large.lines])
    listener.tell(huge)  # nothing else waits
    listener.tell(large)
    assert await heard(listener) == huge
    assert await heard(listener) == News((), dropped=1, place="place")
    listener.tell(large)
    assert await heard(listener) == large
    assert listener._bytes == 0


async def test_an_end_comes_after_what_waits() -> None:
    listener = Listener()
    listener.tell(News(lines(1)))
    listener.end(None)
    assert await heard(listener) == News(lines(1))
    assert await listener.next(60) is None
    refused = Listener()
    refused.end(StoreUnavailable("is away"))
    with pytest.raises(StoreUnavailable):
        await refused.next(60)


async def test_a_channel_measures_once_for_all_and_only_while_anybody_listens() -> None:
    count = 0

    async def measure() -> dict[str, Any]:
        nonlocal count
        count += 1
        if count == 2:
            raise StoreUnavailable("is away")
        return {"count": count}

    channel = Channel(measure, CLOCK, every_s=0.01)

    async def follow() -> list[dict[str, Any]]:
        said = []
        async with aclosing(channel.follow()) as bulletins:
            async for bulletin in bulletins:
                said.append(orjson.loads(bulletin))
                if len(said) == 3:
                    break
        return said

    both = await asyncio.gather(follow(), follow())
    assert both[0] == both[1]
    assert [one.get("data") for one in both[0]] == [{"count": 1}, None, {"count": 3}]
    assert both[0][1]["problem"] == "is away"
    assert channel.listeners == 0


async def test_a_channel_that_breaks_says_so() -> None:
    async def measure() -> dict[str, Any]:
        raise ZeroDivisionError

    channel = Channel(measure, CLOCK)
    with pytest.raises(LogboomError, match="channel has ended"):
        async with aclosing(channel.follow()) as bulletins:
            await anext(bulletins)


def test_the_machine_is_measured(tmp_path: Path) -> None:
    clock = SystemClock()
    first = take_sample(tmp_path, clock.monotonic())
    shown = told(first, None)
    assert shown["disk"]["total_bytes"] > shown["disk"]["free_bytes"] >= 0
    assert shown["cpu"] == {"busy": None, "iowait": None}
    assert shown["network"]["received_bytes_per_s"] is None
    later = Sample(
        at_s=first.at_s + 2, busy_s=first.busy_s + 3, all_s=first.all_s + 4,
        iowait_s=first.iowait_s, disk={}, now=first.now,
        network={**first.network, "received_bytes": first.network["received_bytes"] + 1_000},
    )  # fmt: skip
    shown = told(later, first)
    assert shown["cpu"] == {"busy": 0.75, "iowait": 0.0}
    assert shown["network"]["received_bytes_per_s"] == 500
    assert shown["network"]["sent_bytes_per_s"] == 0


async def test_alerts_that_fire_are_told_the_latest_first(tmp_path: Path) -> None:
    memory = open_state(Config(data=tmp_path), CLOCK)
    pending = SeriesState(since_us=1, true_us=1, value=1.0)
    early = SeriesState(since_us=1, true_us=2, value=2.0, fired_us=2_000_000)
    late = SeriesState(since_us=1, true_us=2, value=3.0, fired_us=3_000_000)
    one = RuleState("x", series={Key(("cart",)): early, Key(("checkout",)): pending})
    other = RuleState("y", series={Key((), no_data=True): late})
    await memory.put(KIND, "shop/errors", one.to_json())
    await memory.put(KIND, "shop/silence", other.to_json())
    found = await firing_now(memory)
    await memory.close()
    assert found["total"] == 2
    assert [(f["rule"], f["series"], f["no_data"], f["value"]) for f in found["firing"]] == [
        ("shop/silence", [], True, 3.0),
        ("shop/errors", ["cart"], False, 2.0),
    ]
    assert found["firing"][1]["since"] == "1970-01-01T00:00:02.000Z"
    assert await firing_now(None) == {"firing": [], "total": 0}
