"""How fast is the whole pipeline, from a file to what a search finds?

    python -m bench.end_to_end [--events 300000] [--form embedded|distributed] [--warm-up N]

Prints events per second, and CPU and memory of each process. For the distributed form a Kafka and an
Elasticsearch are started, and warmed up through the very same pipeline; before and after, the same
Elasticsearch gets the same events as prepared bulk bodies: what it takes with nothing else running is
the limit. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from bench.events import write_events
from bench.forms import FORMS, Form, open_form
from bench.machine import print_calibration, print_usage, usage_of_service
from bench.memory import MemoryWatch
from bench.prepared import PreparedBodies
from bench.progress import Sample, rates_at, sustained
from bench.stopping import stop_in_order
from logboom.clock import SystemClock
from tests.flow import verify

_PATIENCE_S = 1800.0
_STEPS = (1_000_000, 3_000_000, 10_000_000, 30_000_000)
"""How fast is it then? Rates that fall show what does not grow with the events alone."""
_LOOK_S = 0.25
_WARM_UP = {"embedded": 0, "distributed": 30_000}
_OURS = "service:svc-*"


def main() -> None:
    """Runs one form and prints its figures."""
    stop_in_order()
    options = _options()
    warm_up = _WARM_UP[options.form] if options.warm_up is None else options.warm_up
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        folder = Path(name)
        with open_form(options.form, folder) as form:
            _run(form, folder, options.events, warm_up)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the whole pipeline.")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--form", choices=FORMS, default="embedded")
    parser.add_argument("--warm-up", type=int, help="events; default: 0, or 30000 if distributed")
    return parser.parse_args()


def _run(form: Form, folder: Path, events: int, warm_up: int) -> None:
    ready, hour = folder / "ready", timedelta(hours=1)
    now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
    size = write_events(ready, events, begin=now - hour, span=hour)
    with ready.open("rb") as file:
        line = file.readline()
    print(f"{events} events of {size / events:.0f} bytes")
    print_calibration(line, "before")
    if warm_up:
        form.pipeline.start()
        form.warm_up(form.logs / "warm.log", warm_up, now)
        print(f"warmed up with {warm_up} events of other services through the same processes")
    if "Elasticsearch" in form.services:
        bodies = PreparedBodies(form.services["Elasticsearch"].address, ready)
        _limit(form, bodies, events, "to warm up, not counted")
        before = _limit(form, bodies, events, "before")
        ours = _measure(form, ready, events)
        after = _limit(form, bodies, events, "after")
        print(f"ours is {2 * ours / (before + after):.2f} of the mean of before and after")
    else:
        _measure(form, ready, events)
    print_calibration(line, "after")


def _measure(form: Form, ready: Path, events: int) -> float:
    """Lets the pipeline have the events, and prints what came of it.

    Returns:
        Events per second from the first to the last.
    """
    pipeline = form.pipeline
    before, begun = form.usage(), time.monotonic()
    ready.rename(form.logs / "app.log")
    started = "from the file's appearance"
    if pipeline.process is None:
        started = "start included"
        pipeline.start()
    with MemoryWatch(form.processes) as memory:
        samples = _watch(form, events)
    after = form.usage()
    rate = events / (samples[-1].at_s - begun)
    print(f"file to searchable, {started}: {rate:.0f} ev/s")
    print(f"  from the first to the last 5%: {sustained(samples):.0f} ev/s")
    for step, at in rates_at(samples, _STEPS).items():
        print(f"  the last tenth before {step:,} events: {at:.0f} ev/s")
    total_us = print_usage(before, after, events)
    cores = psutil.cpu_count() or 1
    print(
        f"  all of them   {total_us:6.1f} us CPU/event:"
        f" {cores} cores could take {cores * 1e6 / total_us:.0f} ev/s at the most"
    )
    of_each = ", ".join(f"{name} {mb:.0f}" for name, mb in sorted(memory.most.items()))
    print(f"  ours together had {memory.most_mb:.0f} MB at the most: {of_each}")
    print(f"  {verify(pipeline.sequence_ids(_OURS), events)}")
    return rate


def _watch(form: Form, events: int) -> list[Sample]:
    """How many events a search finds, until it finds all.

    Asked a few times a second, but a tenth of the time at most: counting tens of millions takes a
    while, and it is not what is measured.
    """
    samples: list[Sample] = []
    due, wait_s = time.monotonic() + _PATIENCE_S, _LOOK_S
    while not samples or samples[-1].found < events:
        time.sleep(wait_s)
        asked = time.monotonic()
        found = form.pipeline.count(_OURS)
        samples.append(Sample(time.monotonic(), found))
        wait_s = max(_LOOK_S, 9 * (samples[-1].at_s - asked))
        if asked > due:
            raise RuntimeError(f"{found} of {events} events are found after {_PATIENCE_S:.0f} s")
    return samples


def _limit(form: Form, bodies: PreparedBodies, events: int, when: str) -> float:
    """Prints what Elasticsearch does with prepared bodies alone.

    Returns:
        Events per second.
    """
    service = form.services["Elasticsearch"]
    before, rate = usage_of_service(service), bodies.rate()
    after = usage_of_service(service)
    spent_us = (after.user_s + after.system_s - before.user_s - before.system_s) / events * 1e6
    print(
        f"prepared bulk bodies alone, {when}: {rate:.0f} ev/s,"
        f" Elasticsearch {spent_us:.1f} us CPU/event"
    )
    return rate


if __name__ == "__main__":
    main()
