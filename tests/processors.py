"""Processors under test: several processes of one group, and a load that is numbered through."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import httpx
import orjson
import yaml

from logboom.broker import Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.clock import SystemClock, utc_text
from logboom.errors import BrokerUnavailable, StoreUnavailable
from logboom.event import Event, event_id, source_run
from logboom.query.model import MatchAll
from logboom.rollups import Tier
from logboom.status import ServiceStatus, decode_status
from logboom.store import Document, SearchRequest
from tests.integration.elastic import opened
from tests.polling import soon
from tests.rollups import in_order, truth

KEYS = 24
PARTITIONS = 6
PIECE = 300
MOST_WAIT = 2500
PATIENCE_S = 180
"""For a busy machine: an upper bound of what takes seconds."""


@dataclass
class Processors:
    """`logboom process`, several times, with one configuration."""

    folder: Path
    settings: dict[str, Any]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: int = 0

    def start(self, name: str) -> int:
        """Starts one more; gives its process id."""
        config = self.folder / "logboom.yaml"
        config.write_text(yaml.safe_dump(self.settings))
        with (self.folder / f"{name}.out").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "logboom", "process", "-c", str(config)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return self.running[name].pid

    def end(self, name: str, number: signal.Signals) -> int:
        """Sends a signal, and gives the exit status."""
        process = self.running.pop(name)
        os.kill(process.pid, number)
        self.killed += number is signal.SIGKILL
        return process.wait(PATIENCE_S)

    def interrupted_events(self) -> int:
        """How many events interrupted writes may have had, of which the next owner stored a part.

        A killed processor had one write under way. One that had to give up its partitions before
        its last write ended had one under way, one ready and one in the making, and so had the
        next owner, when it came to those events.
        """
        batch = int(self.settings["processor"]["batch_events"]) + PIECE  # a piece is never cut
        said = "".join(path.read_text() for path in self.folder.glob("*.out"))
        given_up = sum(said.count(text) for text in ("before the last write", "were not committed"))
        return batch * (self.killed + 6 * given_up)

    def said(self) -> str:
        """The ends of their logs."""
        logs = sorted(self.folder.glob("*.out"))
        return "\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for path in logs)


class Load:
    """Publishes events of `KEYS` sources, numbered through, as a shipper does.

    It is paced by the processors: as much waits for them as keeps all of them busy.
    """

    def __init__(self, broker: KafkaBroker, group: str) -> None:
        self.broker = broker
        self._group = group
        self.published = 0

    async def publish(self, pieces: int) -> None:
        """So many batches more."""
        for _ in range(pieces):
            publisher = await self.broker.publisher(producer="load")
            await soon(self._has_room, timeout_s=PATIENCE_S, what="the processors get on")
            numbers = range(self.published, self.published + PIECE)
            await publisher.publish(OutgoingBatch(1, [_message(number) for number in numbers]))
            await publisher.close()
            self.published += PIECE

    async def _has_room(self) -> bool:
        try:
            lag = await self.broker.lag(group=self._group)
        except BrokerUnavailable:
            return False  # a Kafka that was just started has no coordinator of groups yet
        return sum(one.messages for one in lag) < MOST_WAIT

    async def until(self, condition: Callable[[dict[int, ServiceStatus]], bool], what: str) -> None:
        """Goes on publishing until the processors' states are so."""

        async def check() -> bool:
            await self.publish(1)
            return condition(await self.processors())

        await soon(check, timeout_s=PATIENCE_S, what=what)

    async def processors(self) -> dict[int, ServiceStatus]:
        """The last told state of each processor, by process id."""
        services, _ = decode_status(await self.broker.read_status())
        return {status.pid: status for status in services}


def _message(number: int) -> Message:
    run = source_run(f"source-{number % KEYS}", 0)
    now = utc_text(SystemClock().now_ns() // 1_000_000 * 1_000_000)
    event = {
        "@timestamp": now,
        "event": {"id": event_id(run, number), "created": now},
        "log": {"source": run, "offset": number, "level": "info"},
        "message": f"order {number} was handled",
        "service": {"name": "shop"},
    }
    return Message(run.encode(), orjson.dumps(event))


async def _read(url: str, index: str) -> list[Event]:
    """All events, in the order in which a search shows them, oldest first."""
    store = await opened(url, index)
    events: list[Event] = []
    cursor = None
    while True:
        page = await store.search(SearchRequest(MatchAll(), limit=10_000, cursor=cursor))
        events += page.events
        cursor = page.cursor
        if cursor is None:
            await store.close()
            return events[::-1]


def _swapped(events: Sequence[Event]) -> int:
    """How many events of a source, given in its order, were stored before one that precedes them,
    or after one that follows."""
    times = [str(event["event"]["ingested"]) for event in events]
    latest_before = accumulate(times, max)
    earliest_behind = reversed(list(accumulate(reversed(times), min)))
    rows = zip(times, latest_before, earliest_behind, strict=True)
    return sum(before > time or behind < time for time, before, behind in rows)


def _count(url: str, index: str) -> int:
    httpx.post(f"{url}/{index}/_refresh", timeout=60)
    answer = httpx.get(f"{url}/{index}/_count", params={"ignore_unavailable": "true"}, timeout=60)
    return int(answer.json()["count"])


async def stored_once(processors: Processors, load: Load, url: str, group: str) -> None:
    """Waits until everything published is stored.

    Raises:
        AssertionError: Something is not, or is there twice, or a source is not shown in its order,
            or is not stored in it, though no write was interrupted; or the rates never say so.
    """
    index = f"{group}-*"
    try:
        await soon(
            lambda: asyncio.to_thread(lambda: _count(url, index) >= load.published),
            timeout_s=PATIENCE_S, what="everything is stored",
        )  # fmt: skip
    except AssertionError as error:
        raise AssertionError(f"{error}\n{processors.said()}") from error
    sources: dict[str, list[Event]] = {}
    for event in await _read(url, group):
        sources.setdefault(event["log"]["source"], []).append(event)
    shown = {source: [e["log"]["offset"] for e in found] for source, found in sources.items()}
    assert all(offsets == sorted(offsets) for offsets in shown.values())
    assert sorted(chain.from_iterable(shown.values())) == list(range(load.published))
    await _rates_are_counted_truth([e for found in sources.values() for e in found], url, group)
    swapped = sum(map(_swapped, sources.values()))
    assert swapped <= processors.interrupted_events(), processors.said()


async def _rates_are_counted_truth(events: Sequence[Event], url: str, group: str) -> None:
    documents = [
        Document.of(e["event"]["id"], date.fromisoformat(e["@timestamp"][:10]), e) for e in events
    ]
    store = await opened(url, group)

    async def are_true() -> bool:
        try:
            return in_order(await store.rollups.rows(Tier.MINUTE, 0, 2**51)) == truth(documents)
        except StoreUnavailable:
            return False  # their index was made just now

    try:
        await soon(are_true, timeout_s=PATIENCE_S, what="the rates are what was stored")
    finally:
        await store.close()
