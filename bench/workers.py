"""How much faster is a shipper with workers, from several files into the embedded broker?

    python -m bench.workers [--input text|json] [--files 4] [--events 60000] [--workers 2] [--rounds 2]

`logboom ship` with `workers: 1` and with more, in turn, each from the same files into a data folder of
its own. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import string
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import psutil

from bench.events import make_line, write_events, write_text
from bench.machine import Usage, print_calibration, usage_of
from bench.progress import Sample, sustained
from bench.sending import start_ship
from bench.stopping import stop_in_order
from bench.topic import sequence_id
from logboom.broker.local import LocalBroker
from logboom.clock import SystemClock
from logboom.config import LocalBrokerSection

_LOOK_S = 0.05
_WARM = 0.05
_PATIENCE_S = 300.0
_STOP_S = 30.0
_WRITE = {"text": write_text, "json": write_events}


@dataclass(frozen=True, slots=True)
class Shipped:
    """One run.

    Attributes:
        rate: Events per second from the first to the last 5%.
        usages: Of each process, from the first 5% on.
        events: Shipped meanwhile.
        wrong: Sequence ids that are not there once for each file.
    """

    rate: float
    usages: Sequence[Usage]
    events: int
    wrong: int

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per event, of all processes."""
        return sum(map(_cpu_s, self.usages)) / self.events * 1e6

    @property
    def busiest_us(self) -> float:
        """CPU microseconds per event of the process that takes most: it is the limit."""
        return max(map(_cpu_s, self.usages)) / self.events * 1e6


@dataclass(frozen=True, slots=True)
class _Begun:
    """When all was well under way: how many events had been shipped, and what each process had taken."""

    found: int
    usages: Mapping[int, Usage]


def main() -> None:
    """Runs both in turn and prints their figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures a shipper with workers.")
    parser.add_argument("--input", choices=tuple(_WRITE), default="text")
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--events", type=int, default=60_000, help="in each file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    now, hour = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC), timedelta(hours=1)
    line = make_line(random.Random(1), 0, now)
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        folder = Path(name)
        for letter in string.ascii_lowercase[: options.files]:
            log = folder / f"{letter}.log"
            _WRITE[options.input](log, options.events, begin=now - hour, span=hour)
        print(f"{options.files} files of {options.events} events")
        print_calibration(line, "before")
        found: dict[int, list[Shipped]] = {1: [], options.workers: []}
        for _ in range(options.rounds):
            for workers, runs in found.items():
                runs.append(_ship(folder, options.files, options.events, workers))
                _print(workers, runs[-1])
        print_calibration(line, "after")
    _print_ratio(found[1], found[options.workers])


def _print(workers: int, one: Shipped) -> None:
    each = " + ".join(f"{_cpu_s(usage) / one.events * 1e6:.1f}" for usage in one.usages)
    print(
        f"  workers: {workers}  {one.rate:7.0f} ev/s from the first to the last 5%"
        f"  {one.cpu_us:5.1f} us CPU/event: {each}"
        f"  {sum(usage.rss_mb for usage in one.usages):4.0f} MB  {one.wrong} lost or doubled"
    )


def _print_ratio(alone: Sequence[Shipped], several: Sequence[Shipped]) -> None:
    rate = fmean(one.rate for one in several) / fmean(one.rate for one in alone)
    cpu = fmean(one.cpu_us for one in several) / fmean(one.cpu_us for one in alone)
    limit = fmean(one.busiest_us for one in alone) / fmean(one.busiest_us for one in several)
    print(
        f"with workers / without: {rate:.2f} of the rate, {cpu:.2f} of the CPU per event;"
        f" with a core for each process: {limit:.2f} of the rate"
    )


def _ship(folder: Path, files: int, events: int, workers: int) -> Shipped:
    own = Path(tempfile.mkdtemp(dir=folder))
    settings = {
        "inputs": [{"path": str(folder / "*.log")}],
        "data": str(own / "data"),
        "shipper": {"workers": workers, "metrics": None},
    }
    broker, total = own / "data" / "broker", files * events
    process = start_ship(own, settings)
    samples, begun = [Sample(time.monotonic(), 0)], _Begun(0, {})
    try:
        while samples[-1].found < total:
            time.sleep(_LOOK_S)
            samples.append(Sample(time.monotonic(), _sent(broker)))
            if not begun.usages and samples[-1].found >= _WARM * total:
                begun = _Begun(samples[-1].found, _usages(process))
            if process.poll() is not None or samples[-1].at_s > samples[0].at_s + _PATIENCE_S:
                end = (own / "said").read_text()[-2000:]
                raise RuntimeError(f"{samples[-1].found} of {total} were shipped: {end}")
        ended = _usages(process)
    finally:
        process.terminate()
        process.wait(_STOP_S)
    wrong = asyncio.run(_wrong(broker, files, events))
    usages = [_since(usage, begun.usages[pid]) for pid, usage in ended.items()]
    return Shipped(sustained(samples), usages, total - begun.found, wrong)


def _usages(process: psutil.Popen) -> dict[int, Usage]:
    return {one.pid: usage_of([one]) for one in (process, *process.children())}


def _since(now: Usage, then: Usage) -> Usage:
    return Usage(now.user_s - then.user_s, now.system_s - then.system_s, now.rss_mb)


def _sent(broker: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{broker}/events.db?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT next FROM ends").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # it is not there yet


async def _wrong(folder: Path, files: int, events: int) -> int:
    """How many sequence ids are not there once for each file."""
    found: Counter[int] = Counter()
    broker = LocalBroker(folder, LocalBrokerSection())
    try:
        subscription = await broker.subscription(group="verifier")
        while batches := await subscription.receive(max_messages=10_000, timeout_s=0.0):
            for batch in batches:
                found.update(sequence_id(message.value) for message in batch.messages)
        await subscription.close()
    finally:
        await broker.close()
    return sum(found[number] != files for number in {*range(events), *found})


def _cpu_s(usage: Usage) -> float:
    return usage.user_s + usage.system_s


if __name__ == "__main__":
    main()
