"""One machine follows the load: more processors when much waits, fewer when it is calm again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from itertools import pairwise

import httpx
import psutil
import pytest

from logboom.scaling import ScalingStatus, decode_scaling
from tests.polling import soon
from tests.processors import PATIENCE_S, Load, Processors, stored_once
from tests.services.ended import runs
from tests.services.process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SCALED_WITHIN_S = 240


async def test_processors_follow_the_load_up_and_down_and_lose_nothing(
    processors: Processors, load: Load, elasticsearch: str, unique: str
) -> None:
    port = free_port()
    processors.settings["processor"] |= {
        "metrics": f"127.0.0.1:{port}",
        "scale": {"min": 1, "max": 3, "cooldown": "2s", "lag_per_processor": 100},
    }
    await load.publish(5)
    parent = psutil.Process(processors.start("all"))

    async def told() -> ScalingStatus | None:
        return next(iter(decode_scaling(await load.broker.read_status())), None)

    async def are_three() -> bool:
        await load.publish(8)  # as much as may wait: two fast ones shall not keep up
        status = await told()
        return status is not None and status.processors == status.running == 3

    await soon(are_three, timeout_s=SCALED_WITHIN_S, what="there are three of them")
    children = parent.children()
    assert len(children) == 3

    async def shown() -> str:
        return await asyncio.to_thread(lambda: httpx.get(f"http://127.0.0.1:{port}/metrics").text)

    assert "logboom_processors_wanted{" in await shown()
    await soon(
        _holds(shown, 'logboom_broker_lag{partition="0"}'), timeout_s=PATIENCE_S, what="the lag"
    )

    async def is_one() -> bool:
        status = await told()
        return status is not None and status.processors == status.running == 1

    await soon(is_one, timeout_s=SCALED_WITHIN_S, what="there is one left")
    status = await told()
    assert status is not None
    steps = [(one.before, one.after) for one in reversed(status.changes)]
    assert all(after == before for (_, after), (before, _) in pairwise(steps))
    assert steps[-1] == (2, 1)
    ups = [one.reason for one in status.changes if one.after > one.before]
    assert any("events wait" in reason for reason in ups)
    assert status.ups >= 1
    assert status.downs >= 2
    await stored_once(processors, load, elasticsearch, unique)
    assert await asyncio.to_thread(processors.end, "all", signal.SIGTERM) == 0
    assert not any(map(runs, children))
    await _orphans_end_in_order(processors, load)
    assert sum(lag.messages for lag in await load.broker.lag(group=unique)) == 0
    assert "Traceback" not in processors.said()


async def _orphans_end_in_order(processors: Processors, load: Load) -> None:
    parent = psutil.Process(processors.start("killed"))

    async def working() -> list[psutil.Process]:
        told = await load.processors()
        return [one for one in parent.children() if one.pid in told]

    orphans = await soon(working, timeout_s=PATIENCE_S, what="a processor works")
    processors.end("killed", signal.SIGKILL)
    await asyncio.to_thread(lambda: [orphan.wait(PATIENCE_S) for orphan in orphans])


def _holds(text: Callable[[], Awaitable[str]], part: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return part in await text()

    return check
