"""Signs of life: only while all is well, and beside everything else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.config import HeartbeatSection
from search_api.alerts.heartbeat import Heartbeat
from search_api.alerts.rules import US
from search_api.alerts.standing import GroupStanding, Standing
from tests.http_handling import answer, handled
from tests.polling import soon
from tests.unit.search_api.alerts.timeline import START, START_US
from tests.unit.search_api.alerts.world import World, group_of


class Outside(BaseHTTPRequestHandler):
    """Somebody outside."""

    status = 200
    beats = 0

    def do_POST(self) -> None:
        type(self).beats += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        answer(self, b"", self.status)

    def log_message(self, *_words: object) -> None:
        """Nothing: what a test prints is looked at."""


@pytest.fixture
def outside() -> Iterator[str]:
    Outside.beats, Outside.status = 0, 200
    with handled(Outside) as url:
        yield f"{url}/secret"


async def test_signs_of_life_come_only_while_all_is_well(outside: str) -> None:
    clock = ManualClock(START)
    heart = Heartbeat(HeartbeatSection.model_validate({"url": outside, "every": "60s"}), clock)
    standing = Standing(groups={"g": GroupStanding(1, 15 * US, last_us=START_US)})

    await heart.beat(standing)
    assert Outside.beats == 0  # nothing has been evaluated yet
    standing.success_us = START_US
    await heart.beat(standing)
    await heart.beat(standing)
    assert (Outside.beats, standing.heartbeats) == (1, 1)
    clock.advance(70)
    Outside.status = 500
    await heart.beat(standing)
    assert "secret" not in standing.heartbeat_trouble
    assert (Outside.beats, standing.heartbeats) == (2, 1)
    clock.advance(70)
    await heart.beat(standing)  # the group is late by now
    assert Outside.beats == 2


class Dripping(BaseHTTPRequestHandler):
    """Somebody outside who answers byte by byte."""

    is_over = threading.Event()

    def do_POST(self) -> None:
        with suppress(OSError):  # nobody listens any more
            self.wfile.write(b"HTTP/1.1 204 No Content\r\nx: ")
            for _ in range(100):
                if self.is_over.wait(0.02):
                    break
                self.wfile.write(b"y")
            self.wfile.write(b"\r\n\r\n")

    def log_message(self, *_words: object) -> None:
        """Nothing: what a test prints is looked at."""


async def test_a_sign_of_life_takes_its_time_and_no_more() -> None:
    Dripping.is_over.clear()
    standing = Standing(success_us=START_US)
    with handled(Dripping) as url:
        section = HeartbeatSection.model_validate({"url": f"{url}/", "every": "60s"})

        await Heartbeat(section, ManualClock(START), patience_s=0.3).beat(standing)

        Dripping.is_over.set()
    assert standing.heartbeats == 0
    assert "Timeout" in standing.heartbeat_trouble


async def test_an_engine_works_beside_signs_of_life_that_nobody_can_send(tmp_path: Path) -> None:
    content = group_of({"alert": "One", "when": "count > 0"})
    world = World(tmp_path, content, heartbeat={"url": "http://127.0.0.1:x/", "every": "60s"})
    engine = await world.start()
    await engine.step()
    assert engine.standing.heartbeat_trouble == ""

    running = asyncio.create_task(engine.run(each_s=0.01))

    async def is_told() -> bool:
        return "InvalidURL" in engine.standing.heartbeat_trouble

    await soon(is_told, timeout_s=30, what="the heartbeat was tried")
    assert not running.done()
    names = {one["name"]: one["state"] for one in engine.standing.parts(0)}
    assert names["heartbeat"] == "failing"
    running.cancel()
    await asyncio.wait([running])
    await world.close()
