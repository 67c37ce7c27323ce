"""How long after a line was written does a search find it?

    python -m bench.latency [--form embedded|distributed] [--per-second 1000] [--seconds 30]
                            [--look-ms 20]

A thread appends events to a file that a running, warmed-up pipeline follows, a hundredth of a second's
worth at a time. Of some of them, chosen at random a few times a second, it notes the moment just before
the write. Another thread asks the API every 20 ms, over one connection, which of those are found, all
in one search; a line counts as found when the answer has arrived. So what is printed includes the
search itself and up to 20 ms until it is asked. Searching must not be the load: where a search takes
longer than 5 ms, it is asked so much less often that a quarter of the time is spent on it at most. The
event's own times tell the stages apart.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from math import ceil
from pathlib import Path
from urllib.parse import urlencode

import orjson

from bench.events import make_line
from bench.forms import FORMS, Form, open_form
from bench.machine import print_calibration, print_usage
from bench.stopping import stop_in_order
from logboom.clock import SystemClock

WARM_UP = {"embedded": 5_000, "distributed": 30_000}
_WARM_SEARCHES = 300
_SAMPLES_PER_S = 4
_SEARCHING_PART = 0.25
_FIRST = 1_000_000  # `seq`; the warm-up's are below
_PIECES_PER_S = 100
_PATIENCE_S = 60.0


def main() -> None:
    """Runs one form and prints its figures."""
    stop_in_order()
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="logboom-bench-") as name,
        open_form(options.form, Path(name)) as form,
    ):
        form.pipeline.start()
        log, now = form.logs / "app.log", present()
        form.warm_up(log, WARM_UP[options.form], now)
        line = make_line(random.Random(1), 0, now)
        print_calibration(line, "before")
        writer = SteadyWriter(log, options.per_second, options.seconds)
        _run(form, writer, options.look_ms / 1000)
        print_calibration(line, "after")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures when a line is found.")
    parser.add_argument("--form", choices=FORMS, default="embedded")
    parser.add_argument("--per-second", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--look-ms", type=int, default=20, help="search this often")
    return parser.parse_args()


def present() -> datetime:
    return datetime.fromtimestamp(epoch_s(), UTC)


def epoch_s() -> float:
    return SystemClock().now_ns() / 1e9


@dataclass(frozen=True, slots=True)
class Seen:
    """One sampled event on its way: seconds since the epoch.

    Attributes:
        written: Just before its write.
        created: When the shipper read it.
        ingested: When the processor took it to the store.
        found: When the answer with it had arrived.
    """

    written: float
    created: float
    ingested: float
    found: float


class SteadyWriter:
    """Appends events to a file at a steady rate.

    Args:
        path: The file.
        per_second: Events.
        seconds: For how long.

    Attributes:
        written: Of each sampled event, by `seq`, the moment just before its write, in seconds
            since the epoch; grows.
        took_s: How long it took in all, once `thread` has ended.
    """

    def __init__(self, path: Path, per_second: int, seconds: int) -> None:
        self._path = path
        self._per_second = per_second
        self.events = per_second * seconds
        self._sampled = _sampled(per_second, seconds)
        self.samples = len(self._sampled)
        self.written: dict[int, float] = {}
        self.took_s = 0.0
        self.thread = threading.Thread(target=self._write, name="application")

    def _write(self) -> None:
        dice = random.Random(2)
        begun, done = time.perf_counter(), 0
        with self._path.open("ab", buffering=0) as file:
            while done < self.events:
                due = min(self.events, int((time.perf_counter() - begun) * self._per_second))
                numbers, now = range(_FIRST + done, _FIRST + due), present()
                lines = b"".join(make_line(dice, number, now) for number in numbers)
                moment = epoch_s()
                file.write(lines)
                self.written |= {n: moment for n in numbers if n in self._sampled}
                done = due
                time.sleep(1 / _PIECES_PER_S)
        self.took_s = time.perf_counter() - begun


def _sampled(per_second: int, seconds: int) -> frozenset[int]:
    """One event of each stretch, anywhere in it: no rhythm that others could fall into step with."""
    dice, stretch = random.Random(3), max(1, per_second // _SAMPLES_PER_S)
    return frozenset(
        _FIRST + start + dice.randrange(stretch)
        for start in range(0, per_second * seconds, stretch)
    )


class Searcher:
    """Asks the API which events are there, over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.took_s: list[float] = []

    def find(self, numbers: Collection[int]) -> dict[int, dict[str, str]]:
        """Those of these `seq` that a search finds now, each with its `event` fields."""
        begun = time.perf_counter()
        query = f"attributes.seq:({' OR '.join(map(str, numbers))})"
        fields = "seq,event.created,event.ingested"
        parameters = {"q": query, "fields": fields, "limit": len(numbers)}
        self._connection.request("GET", f"/api/v1/search?{urlencode(parameters)}")
        answer = self._connection.getresponse()
        content = orjson.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"the search was refused: {content}")
        self.took_s.append(time.perf_counter() - begun)
        return {event["attributes"]["seq"]: event["event"] for event in content["events"]}


def _run(form: Form, writer: SteadyWriter, look_s: float) -> None:
    searcher = Searcher(form.pipeline.port)
    for number in range(_WARM_SEARCHES):
        searcher.find([number])
    searcher.took_s.clear()
    before = form.usage()
    writer.thread.start()
    try:
        seen = _watch(writer, searcher, look_s)
    finally:
        writer.thread.join()
    after = form.usage()
    rate = writer.events / writer.took_s
    print(f"{writer.events} events at {rate:.0f} ev/s, {len(seen)} of them sampled")
    print(f"searchable after     {percentiles([one.found - one.written for one in seen])}")
    print(f"  until read         {percentiles([one.created - one.written for one in seen])}")
    print(f"  until processed    {percentiles([one.ingested - one.created for one in seen])}")
    print(f"  until found        {percentiles([one.found - one.ingested for one in seen])}")
    print(f"one search takes     {percentiles(searcher.took_s)}; {len(searcher.took_s)} were asked")
    print_usage(before, after, writer.events)


def _watch(writer: SteadyWriter, searcher: Searcher, look_s: float) -> list[Seen]:
    """Searches until every sampled event was found.

    Raises:
        RuntimeError: One was not found in time.
    """
    seen: dict[int, Seen] = {}
    while len(seen) < writer.samples:
        begun, written = time.perf_counter(), dict(writer.written)
        waiting = written.keys() - seen.keys()
        if waiting and epoch_s() - min(written[n] for n in waiting) > _PATIENCE_S:
            raise RuntimeError(f"an event is not found after {_PATIENCE_S:.0f} s")
        found = searcher.find(waiting) if waiting else {}
        now = epoch_s()
        for number, times in found.items():
            created, ingested = _of_text(times["created"]), _of_text(times["ingested"])
            seen[number] = Seen(written[number], created, ingested, now)
        took_s = time.perf_counter() - begun
        time.sleep(max(look_s, took_s / _SEARCHING_PART) - took_s)
    return list(seen.values())


def _of_text(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def percentiles(seconds: Sequence[float]) -> str:
    ascending = sorted(seconds)
    p95 = ascending[ceil(0.95 * len(ascending)) - 1]
    return (
        f"p50 {statistics.median(ascending) * 1000:.0f} ms,"
        f" p95 {p95 * 1000:.0f} ms, max {ascending[-1] * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
