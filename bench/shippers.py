"""How do `logboom ship`, rsyslog and syslog-ng compare, from the same file to the same Kafka?

    python -m bench.shippers [--input json|text] [--events 300000] [--rounds 2] [--compression lz4]

All in turn, each into a topic of its own, acks=all. Ours with automatic settings and with the format
named; the others pass each line, or each entry of several, on as it is, ours parses, normalises,
redacts, and plans each batch durably. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import psutil

from bench.events import make_line, write_events, write_text
from bench.machine import Usage, print_calibration, usage_of, usage_of_service
from bench.progress import Sample, sustained
from bench.rsyslog import start_rsyslog
from bench.sending import Sending, start_ship
from bench.stopping import stop_in_order
from bench.syslog_ng import start_syslog_ng
from bench.topic import Topic
from logboom.clock import SystemClock
from tests.flow import Verdict, verify
from tests.services.kafka import start_kafka
from tests.services.process import JvmService

_WARM_UP = 30_000
_LOOK_S = 0.1
_PATIENCE_S = 300.0
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Shipped:
    """One shipper's run.

    Attributes:
        rate: Events per second from the start of the process until all are in the topic.
        sustained: The same from the first to the last 5%.
        usage: The shipper's; its memory at the most.
        kafka_us: What Kafka took meanwhile, CPU microseconds per event.
        messages: In the topic at the end.
        verdict: On their sequence ids.
    """

    rate: float
    sustained: float
    usage: Usage
    kafka_us: float
    messages: int
    verdict: Verdict

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per message."""
        return (self.usage.user_s + self.usage.system_s) / self.messages * 1e6


_Start = Callable[[Sending], psutil.Popen]


class _Write(Protocol):
    def __call__(self, path: Path, count: int, *, begin: datetime, span: timedelta) -> int: ...


@dataclass(frozen=True, slots=True)
class _Input:
    """What is shipped.

    Attributes:
        named: The settings of somebody who knows what it is.
        is_lines: Every line is an event.
    """

    write: _Write
    named: Mapping[str, Any]
    is_lines: bool


_GROK = "%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{DATA:logger} - %{GREEDYDATA:message}"
_INPUTS = {
    "json": _Input(write_events, {"format": "json", "multiline": "none"}, is_lines=True),
    "text": _Input(
        write_text,
        {
            "format": "grok",
            "patterns": [_GROK],
            "multiline": {"pattern": r"^\d{4}-\d{2}-\d{2}", "negate": True, "match": "after"},
        },
        is_lines=False,
    ),
}


def main() -> None:
    """Runs all in turn and prints their figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures shippers side by side.")
    parser.add_argument("--input", choices=tuple(_INPUTS), default="json")
    parser.add_argument("--compression", choices=("lz4", "zstd", "none"), default="lz4")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    # A topic that was just made has no leader for a moment; the client says so and tries again.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        kafka = start_kafka()
        try:
            _compare(Path(name), kafka, options)
        finally:
            kafka.remove()


def _compare(folder: Path, kafka: JvmService, options: argparse.Namespace) -> None:
    log, warm = folder / "app.log", folder / "warm.log"
    now, hour = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC), timedelta(hours=1)
    given, events = _INPUTS[options.input], options.events
    size = given.write(log, events, begin=now - hour, span=hour)
    given.write(warm, _WARM_UP, begin=now - hour, span=hour)
    print(f"{events} events of {size / events:.0f} bytes, {options.compression}")
    shippers: dict[str, _Start] = {
        "automatic": partial(_start_ours, section={}),
        "named": partial(_start_ours, section=given.named),
        "rsyslog": start_rsyslog,
        "syslog-ng": start_syslog_ng,
    }
    job = partial(
        Sending,
        kafka=kafka.address,
        compression=options.compression,
        joins_lines=not given.is_lines,
    )
    for start in shippers.values():
        _ship(folder, kafka, _WARM_UP, start, partial(job, log=warm))
    print(f"Kafka is warmed up with {_WARM_UP} events from each")
    line = make_line(random.Random(1), 0, now)
    print_calibration(line, "before")
    found: dict[str, list[Shipped]] = {name: [] for name in shippers}
    for _ in range(options.rounds):
        for name, start in shippers.items():
            one = _ship(folder, kafka, events, start, partial(job, log=log))
            found[name].append(one)
            _print(name, one)
    print_calibration(line, "after")
    for name in shippers:
        if name != "automatic":
            _print_ratio(name, found["automatic"], found[name])


def _print_ratio(name: str, ours: Sequence[Shipped], theirs: Sequence[Shipped]) -> None:
    rate = fmean(one.sustained for one in ours) / fmean(one.sustained for one in theirs)
    cpu = fmean(one.cpu_us for one in ours) / fmean(one.cpu_us for one in theirs)
    print(f"automatic / {name}: {rate:.2f} of its sustained rate, {cpu:.2f} of its CPU per event")


def _ship(
    folder: Path, kafka: JvmService, events: int, start: _Start, job: Callable[..., Sending]
) -> Shipped:
    return asyncio.run(_shipped(folder, kafka, events, start, job))


async def _shipped(
    folder: Path, kafka: JvmService, events: int, start: _Start, job: Callable[..., Sending]
) -> Shipped:
    own = Path(tempfile.mkdtemp(dir=folder))
    async with Topic(kafka.address, own.name) as topic:
        before, begun = usage_of_service(kafka), time.monotonic()
        process = start(job(folder=own, topic=topic.name))
        try:
            samples = [Sample(begun, 0)]
            usages = [Usage()]
            while samples[-1].found < events:
                await asyncio.sleep(_LOOK_S)
                usages.append(usage_of([process]))
                samples.append(Sample(time.monotonic(), await topic.messages()))
                if process.poll() is not None or samples[-1].at_s > begun + _PATIENCE_S:
                    said = (own / "said").read_text()[-2000:]
                    raise RuntimeError(f"{samples[-1].found} of {events} were shipped: {said}")
            usages.append(usage_of([process]))
            after = usage_of_service(kafka)
        finally:
            process.terminate()
            process.wait(_STOP_S)
        kafka_s = after.user_s + after.system_s - before.user_s - before.system_s
        most_mb = max(usage.rss_mb for usage in usages)
        return Shipped(
            rate=events / (samples[-1].at_s - begun),
            sustained=sustained(samples),
            usage=Usage(usages[-1].user_s, usages[-1].system_s, most_mb),
            kafka_us=kafka_s / events * 1e6,
            messages=await topic.messages(),
            verdict=verify(await topic.sequence_ids(), events),
        )


def _start_ours(sending: Sending, *, section: Mapping[str, Any]) -> psutil.Popen:
    topics = {"topic": sending.topic, "status_topic": f"{sending.topic}-status"}
    kafka = {"bootstrap": [sending.kafka], "compression": sending.compression, **topics}
    settings = {
        "inputs": [{"path": str(sending.log), **section}],
        "broker": {"kafka": kafka},
        "data": str(sending.folder / "data"),
    }
    return start_ship(sending.folder, settings)


def _print(name: str, one: Shipped) -> None:
    print(
        f"  {name:13} {one.rate:7.0f} ev/s, start included ({one.sustained:.0f} from the first to"
        f" the last 5%)  {one.cpu_us:5.1f} us CPU/event  {one.usage.rss_mb:4.0f} MB"
        f"  Kafka {one.kafka_us:.1f} us CPU/event"
    )
    print(f"    {one.messages} messages: {one.verdict}")


if __name__ == "__main__":
    main()
