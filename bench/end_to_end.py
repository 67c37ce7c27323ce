"""How fast is the whole pipeline, from a file to what a search finds?

    python -m bench.end_to_end [--events 300000] [--form embedded|distributed]

Prints events per second, and CPU and memory of each service's process. For the distributed form a
Kafka and an Elasticsearch are started, and at the end the same events are sent to the same
Elasticsearch as prepared bulk bodies: what it takes with nothing else running is the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.events import write_events
from logboom.clock import SystemClock
from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.services.elasticsearch import start_elasticsearch
from tests.services.kafka import start_kafka

_PATIENCE_S = 900.0
_LOOK_S = 0.25


def main() -> None:
    """Runs one form and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--form", choices=("embedded", "distributed"), default="embedded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as folder:
        log = Path(folder) / "app.log"
        now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
        size = write_events(
            log, options.events, begin=now - timedelta(hours=1), span=timedelta(hours=1)
        )
        print(f"{options.events} events of {size / options.events:.0f} bytes")
        settings: dict[str, Any] = {"inputs": [{"path": str(log)}]}
        if options.form == "embedded":
            _measure(Path(folder), settings, options.events)
            return
        kafka, elasticsearch = start_kafka(), start_elasticsearch()
        try:
            settings |= {"broker": f"kafka://{kafka.address}", "store": elasticsearch.address}
            ours = _measure(Path(folder), settings, options.events)
            lines = log.read_bytes().splitlines(keepends=True)
            limit = asyncio.run(_bulk(elasticsearch.address, lines))
            print(
                f"prepared bulk bodies alone: {limit:.0f} ev/s; ours is {ours / limit:.2f} of that"
            )
        finally:
            kafka.remove()
            elasticsearch.remove()


def _found(pipeline: Pipeline) -> int:
    """How many events a search finds; asked a few times a second, as a page would."""
    time.sleep(_LOOK_S)
    return pipeline.count("_exists_:attributes.seq")


def _measure(folder: Path, settings: dict[str, Any], events: int) -> float:
    pipeline = Pipeline(folder, settings)
    begun = time.monotonic()
    pipeline.start()
    try:
        eventually(
            lambda: _found(pipeline) >= events,
            timeout_s=_PATIENCE_S,
            what=f"{events} events are found",
        )
        rate = events / (time.monotonic() - begun)
        print(f"file to searchable, start included: {rate:.0f} ev/s")
        for name, process in sorted(pipeline.children().items()):
            times, memory = process.cpu_times(), process.memory_info().rss >> 20
            user_us, system_us = (t / events * 1e6 for t in (times.user, times.system))
            print(
                f"  {name:8} {user_us + system_us:6.1f} us CPU/event"
                f" ({system_us:.1f} of them the kernel's)  {memory:5d} MB"
            )
        print(f"  {verify(pipeline.sequence_ids('service:svc-*'), events)}")
        return rate
    finally:
        pipeline.stop()


async def _bulk(url: str, lines: list[bytes]) -> float:
    """Sends a file's lines as they are, in bodies of 8 MB, two at a time."""
    action = b'{"create":{"_index":"bench"}}\n'
    bodies = [
        b"".join(action + line for line in lines[n : n + 25_000])
        for n in range(0, len(lines), 25_000)
    ]
    places = asyncio.Semaphore(2)
    async with httpx.AsyncClient(timeout=120) as client:

        async def send(body: bytes) -> None:
            async with places:
                headers = {"content-type": "application/x-ndjson"}
                answer = await client.post(
                    f"{url}/_bulk?filter_path=errors", content=body, headers=headers
                )
                if answer.json()["errors"]:
                    raise RuntimeError(answer.text)

        begun = time.monotonic()
        await asyncio.gather(*(send(body) for body in bodies))
    return len(lines) / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
