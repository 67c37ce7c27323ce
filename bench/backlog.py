"""How fast does a processor write what waits in Kafka into Elasticsearch?

    python -m bench.backlog [--events 600000] [--rounds 2] [--warm-up 1] [--own-core]

A shipper puts all events into a topic and ends; then one `logboom process` starts, and nothing else but
Kafka and Elasticsearch runs. Before and after each round the same Elasticsearch gets the same events as
prepared bulk bodies. With `--own-core` Elasticsearch has one core for itself all the time, as a server
has where it is a machine of its own. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from bench.events import write_events
from bench.machine import on_cores, print_calibration, print_usage, usage_of, usage_of_service
from bench.prepared import PreparedBodies
from bench.progress import Sample, sustained
from bench.sending import start_in, start_ship
from bench.stopping import stop_in_order
from bench.topic import Topic
from logboom.clock import SystemClock
from tests.services.elasticsearch import start_elasticsearch
from tests.services.kafka import start_kafka
from tests.services.process import JvmService

_LOOK_S = 0.25
_PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True)
class _Services:
    kafka: JvmService
    elasticsearch: JvmService


def main() -> None:
    """Runs some rounds and prints their figures; those before them warm up and do not count."""
    stop_in_order()
    options = _options()
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        path = Path(name) / "events"
        hour = timedelta(hours=1)
        now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
        write_events(path, options.events, begin=now - hour, span=hour)
        with path.open("rb") as file:
            line = file.readline()
        with _services(own_core=options.own_core) as services:
            bodies = PreparedBodies(services.elasticsearch.address, path)
            limit = _limit(services, bodies, options.events)
            print_calibration(line, "before")
            for number in range(options.warm_up + options.rounds):
                counts = number >= options.warm_up
                print(f"round {number}" + ("" if counts else ", to warm up"), flush=True)
                ours = asyncio.run(_round(services, Path(name), path, options.events, number))
                after = _limit(services, bodies, options.events)
                if counts:
                    print(
                        f"  ours is {2 * ours / (limit + after):.2f} of the mean before and after"
                    )
                limit = after
            print_calibration(line, "after")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures Kafka to Elasticsearch.")
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=1, help="rounds before those that count")
    parser.add_argument("--own-core", action="store_true")
    return parser.parse_args()


@contextmanager
def _services(*, own_core: bool) -> Iterator[_Services]:
    """Both of them; with a core of its own for Elasticsearch, all that is started later has the others."""
    with ExitStack() as stack:
        cores = sorted(os.sched_getaffinity(0))
        with on_cores(cores[:1] if own_core else cores):
            elasticsearch = start_elasticsearch()
        stack.callback(elasticsearch.remove)
        stack.enter_context(on_cores(cores[1:] if own_core else cores))
        kafka = start_kafka()
        stack.callback(kafka.remove)
        yield _Services(kafka, elasticsearch)


def _limit(services: _Services, bodies: PreparedBodies, events: int) -> float:
    before, rate = usage_of_service(services.elasticsearch), bodies.rate()
    after = usage_of_service(services.elasticsearch)
    spent_us = (after.user_s + after.system_s - before.user_s - before.system_s) / events * 1e6
    print(f"  prepared bulk bodies alone: {rate:.0f} ev/s, {spent_us:.1f} us CPU/event")
    return rate


async def _round(services: _Services, folder: Path, path: Path, events: int, number: int) -> float:
    """Fills a topic of its own, and lets a processor write it into indices of its own.

    Returns:
        Events per second from the first to the last 5%.
    """
    here = folder / str(number)
    here.mkdir()
    name = f"bench-backlog-{number}"
    settings = {
        "inputs": [{"path": str(path)}],
        "data": str(here / "data"),
        "broker": {"kafka": {"bootstrap": [services.kafka.address], "topic": name}},
        "store": services.elasticsearch.address,
        "index": f"{name}-%Y.%m.%d",
    }
    async with Topic(services.kafka.address, name) as topic:
        await _fill(topic, here, settings, events)
    process = _start_process(here, settings)
    try:
        return await _watch(services, process, f"{name}-*", events)
    finally:
        process.terminate()
        process.wait(60)


async def _fill(topic: Topic, here: Path, settings: Mapping[str, Any], events: int) -> None:
    ship = start_ship(here, settings)
    due = time.monotonic() + _PATIENCE_S
    while await topic.messages() < events:
        if time.monotonic() > due or ship.poll() is not None:
            raise RuntimeError(f"not all events are in the topic: {(here / 'said').read_text()}")
        await asyncio.sleep(_LOOK_S)
    ship.terminate()
    ship.wait(60)


def _start_process(here: Path, settings: Mapping[str, Any]) -> psutil.Popen:
    config = here / "logboom.yaml"
    config.write_text(yaml.safe_dump(dict(settings)))
    return start_in(here, [sys.executable, "-m", "logboom", "process", "-c", config])


async def _watch(services: _Services, process: psutil.Popen, indices: str, events: int) -> float:
    """Counts until all are found, and prints what that took."""
    begun, samples = time.monotonic(), [Sample(time.monotonic(), 0)]

    def usage() -> dict[str, Any]:
        return {
            "process": usage_of([process]),
            "Kafka": usage_of_service(services.kafka),
            "Elasticsearch": usage_of_service(services.elasticsearch),
        }

    before = usage()
    async with httpx.AsyncClient(
        base_url=services.elasticsearch.address, timeout=60, trust_env=False
    ) as client:
        while samples[-1].found < events:
            if time.monotonic() - begun > _PATIENCE_S or process.poll() is not None:
                raise RuntimeError(f"{samples[-1].found} of {events} events are found")
            await asyncio.sleep(_LOOK_S)
            answer = await client.get(f"/{indices}/_count", params={"ignore_unavailable": "true"})
            found = answer.json().get("count", 0) if answer.is_success else 0
            samples.append(Sample(time.monotonic(), found))
    rate = sustained(samples)
    print(f"  from the processor's start: {events / (samples[-1].at_s - begun):.0f} ev/s")
    print(f"  from the first to the last 5%: {rate:.0f} ev/s")
    print_usage(before, usage(), events)
    if samples[-1].found != events:
        raise RuntimeError(f"{samples[-1].found} events are found, {events} were sent")
    return rate


if __name__ == "__main__":
    main()
