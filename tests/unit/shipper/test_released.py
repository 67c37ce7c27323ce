"""Sources that are gone are told of once more, and then no longer kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import orjson

from logboom.broker.opening import open_broker
from logboom.broker.port import Broker
from logboom.clock import SystemClock
from logboom.config import Config
from shipper.registry.registry import Registry
from shipper.run import Shipper
from tests.polling import soon
from tests.services.process import free_port
from tests.traps.shipping import lines

FILES = 5


async def test_logs_that_come_and_go_leave_nothing_in_memory(tmp_path: Path) -> None:
    logs, port = tmp_path / "logs", free_port()
    logs.mkdir()
    config = Config.model_validate(
        {
            "data": tmp_path / "data",
            "inputs": [{"kind": "file", "path": str(logs / "*.log")}],
            "shipper": {"metrics": f"127.0.0.1:{port}"},
        }
    )
    registry = Registry(config.data / "shipper" / "registry.db")
    broker = await open_broker(config)
    shipper, stop = Shipper(config, registry, broker, SystemClock()), asyncio.Event()

    async def states() -> list[str]:
        told = [orjson.loads(one) for one in (await broker.read_status()).values()]
        return sorted(one["state"] for one in told if one.get("path", "").startswith(str(logs)))

    async def all_are_told() -> bool:
        return len(await states()) == FILES

    async def none_is_kept() -> bool:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        return str(logs) not in answer.text

    running = asyncio.create_task(shipper.run(stop))
    for number in range(FILES):
        (logs / f"{number}.log").write_text(lines(0, 5))
    await soon(all_are_told, timeout_s=30, what="all are told of")
    assert not await none_is_kept()
    for path in logs.iterdir():
        path.unlink()
    await soon(none_is_kept, timeout_s=60, what="none is kept")
    assert await states() == ["gone"] * FILES
    assert [record.lines_acked for record in registry.sources()] == [5] * FILES
    stop.set()
    await running
    await broker.close()
    registry.close()


async def test_how_sources_ended_whose_shipper_was_killed_is_told_by_the_next_one(
    tmp_path: Path,
) -> None:
    """What was told last is older than what the registry knows."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(FILES):
        (logs / f"{number}.log").write_text(lines(0, 5))
    inputs = [{"kind": "file", "path": str(logs / "*.log")}]
    registry = Registry(tmp_path / "registry.db")

    async def all_are_read() -> bool:
        return [record.lines_acked for record in registry.sources()] == [5] * FILES

    async def shipped_by(name: str, until: Callable[[Broker], Awaitable[None]]) -> None:
        config = Config.model_validate({"data": tmp_path / name, "inputs": inputs})
        broker = await open_broker(config)
        shipper, stop = Shipper(config, registry, broker, SystemClock()), asyncio.Event()
        running = asyncio.create_task(shipper.run(stop))
        await until(broker)
        stop.set()
        await running
        await broker.close()

    async def read(_broker: Broker) -> None:
        await soon(all_are_read, timeout_s=30, what="all are read")

    async def told(broker: Broker) -> None:
        async def are_told() -> bool:
            entries = [orjson.loads(one) for one in (await broker.read_status()).values()]
            ends = [one for one in entries if one.get("path", "").startswith(str(logs))]
            assert {(one["state"], one["lines_acked"]) for one in ends} <= {
                ("gone", 5),
                ("idle", 5),
            }
            return [one["state"] for one in ends].count("gone") == 2

        await soon(are_told, timeout_s=30, what="how they ended is told")

    await shipped_by("one", read)
    for number in range(2):
        (logs / f"{number}.log").unlink()
    await shipped_by("two", told)
    registry.close()
