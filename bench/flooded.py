"""How fast are q1 to q9 answered while the pipeline takes in events as fast as it can?

    python -m bench.flooded --data FOLDER [--seconds 45] [--flood 2000000]

`logboom up` serves a copy of what `bench.queries` has written, and follows a file of so many events,
which is there from the beginning of the clock. All kinds of questions are asked in turn, one at a
time, over one connection. No answers are kept. The figures count only while events still come in.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from bench.events import write_events
from bench.local_store import events
from bench.machine import print_calibration
from bench.queries import build, serving
from bench.stopping import stop_in_order
from logboom.clock import SystemClock
from logboom.load.connection import Connection
from logboom.load.questions import KINDS, Asker, Facts
from logboom.load.report import percentile
from logboom.load.running import Load, ask_one, learn
from tests.polling import eventually

_DIFFERENT = 100_000
"""Lines that are made; the file repeats them."""


def flood(path: Path, count: int) -> None:
    """Writes the file that is to be taken in: events of the last hour."""
    hour = timedelta(hours=1)
    now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
    write_events(path, _DIFFERENT, begin=now - hour, span=hour)
    some = path.read_bytes()
    with path.open("ab") as file:
        for _ in range(count // _DIFFERENT - 1):
            file.write(some)


async def counted(url: str) -> int:
    """How many events of the flood a search finds."""
    connection = Connection(url, {})
    answer = await connection.ask("/api/v1/count?q=service:svc-*")
    connection.close()
    return int(orjson.loads(answer.body)["count"])


async def measure(url: str, facts: Facts, options: argparse.Namespace) -> None:
    """Asks while events come in, and prints a line for each kind.

    Raises:
        RuntimeError: An answer was not good.
    """
    connection = Connection(url, {})
    askers = {kind: Asker(facts, 2, (kind,)) for kind in KINDS}
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    first, begun = await counted(url), time.perf_counter()
    while time.perf_counter() - begun < options.seconds:
        for kind, asker in askers.items():
            question, asked = asker.next(), time.perf_counter()
            outcome = await ask_one(connection, asker, question)
            if outcome.error or outcome.is_partial:
                raise RuntimeError(outcome.error or "an answer is partial")
            took[kind].append((time.perf_counter() - asked) * 1000)
    last, lasted = await counted(url), time.perf_counter() - begun
    connection.close()
    print(f"{(last - first) / lasted:,.0f} ev/s became searchable meanwhile")
    if last >= options.flood:
        print("all of them: the figures are too good, take more with --flood")
    print(f"{'ms':6}{'p50':>8}{'p95':>8}{'max':>8}{'asked':>8}")
    for kind, some in took.items():
        times = sorted(some)
        shown = "".join(f"{one:8.0f}" for one in (*_percentiles(times), times[-1]))
        print(f"{kind:6}{shown}{len(times):8}  {KINDS[kind]}")


def _percentiles(times: list[float]) -> tuple[float, float]:
    return percentile(times, 50), percentile(times, 95)


def main() -> None:
    """Reads the arguments and measures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures searches while events come in.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--flood", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=45)
    options = parser.parse_args()
    build(options.data, options.events)
    line = orjson.dumps(next(events(1)))
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        shutil.copytree(options.data / "store", folder / "data" / "store")
        flood(folder / "ready", options.flood)
        settings = {"inputs": [{"path": str(folder / "logs" / "*.log")}], "retention": "36500d"}
        with serving(folder / "data", service="up", settings=settings) as (url, _):
            print_calibration(line, "before")
            facts = asyncio.run(learn(Load(url, 1, 1)))
            (folder / "ready").rename(folder / "logs" / "flood.log")
            eventually(lambda: asyncio.run(counted(url)), timeout_s=60, what="events come in")
            asyncio.run(measure(url, facts, options))
            print_calibration(line, "after")


if __name__ == "__main__":
    main()
