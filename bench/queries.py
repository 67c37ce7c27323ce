"""How fast are q1 to q9 answered over HTTP, beside what other stores were measured with?

    python -m bench.queries --data FOLDER [--events 2000000] [--runs 30] [--only q1,q4]
                            [--throughput q1] [--users 4] [--seconds 10]

The events of `bench.local_store` (12 services, two days, about 300 bytes) are written into an embedded
store in the folder, once; later runs find them there. Then `logboom api` serves it, and one client
asks each kind of question with varied parameters, over one connection; the answers are not kept
(`api.searches.cache: 0`). With `--throughput` as many users as given ask without a pause, and the CPU of
the API tells what binds.

What the others took is from a run on the same kind of machine when it was quiet, in their own process
and over HTTP; the calibration says what this machine gives now.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
import yaml

from bench.local_store import events, ingest
from bench.machine import Usage, print_calibration, usage_of
from bench.stopping import stop_in_order
from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.load.connection import Connection
from logboom.load.questions import KINDS, PAGES, Asker, Facts
from logboom.load.report import percentile, table
from logboom.load.running import Load, ask_one, learn, run_load
from logboom.store.local import open_local
from tests.polling import eventually
from tests.services.process import free_port

_WARM = 3
_BUILT = "built.json"
_OTHERS = {
    "Elasticsearch": ("7/11", "7.5/10", "3.1/3.8", "125/186", "6/9", "22/35", "10/15", "8/11", "62/100"),
    "VictoriaLogs": ("16/40", "220/280", "12/33", "143/172", "33/41", "115/153", "259/538", "277/425", "275/978"),
    "tantivy alone": ("4.6/7.2", "4.2/12", "0.7/1.5", "73/82", "11/11", "80/81", "5.5/15", "6.2/8.6", "29/59"),
}  # fmt: skip
"""p50/p95 in ms of q1 to q9."""


def build(folder: Path, count: int) -> None:
    """Writes the events, unless that was done before.

    Raises:
        SystemExit: The folder has other events.
    """
    mark = folder / _BUILT
    if mark.exists():
        if orjson.loads(mark.read_bytes()) != count:
            raise SystemExit(f"{folder} holds {mark.read_text()} events, not {count}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    config = Config(data=folder)
    section = config.store
    if not isinstance(section, LocalStoreSection):
        raise SystemExit("the default is the embedded store")

    async def write() -> None:
        store = open_local(section, config, SystemClock())
        await ingest(store, count, 20_000)
        await store.close()

    asyncio.run(write())
    mark.write_bytes(orjson.dumps(count))


@contextmanager
def serving(
    folder: Path, *, service: str = "api", settings: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, psutil.Process]]:
    """A service with an API that keeps no answers: its URL and the process.

    Args:
        folder: Its data.
        service: `api`, or `up` for all of them.
        settings: More of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    path = folder / "queries.yaml"
    own = {"data": str(folder), "api": {"listen": address, "searches": {"cache": 0}}}
    path.write_text(yaml.safe_dump({**own, **(settings or {})}))
    command = [sys.executable, "-m", "logboom", service, "-c", str(path)]
    with (folder / f"{service}.out").open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        eventually(lambda: asyncio.run(_is_ready(address)), timeout_s=60, what="the API answers")
        yield f"http://{address}", psutil.Process(process.pid)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(60)


async def _is_ready(address: str) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address.split(":"))
    except OSError:
        return False
    writer.close()
    return True


async def measure(url: str, facts: Facts, kind: str, runs: int) -> list[float]:
    """What warm runs of one kind took, in ms, ascending.

    Raises:
        RuntimeError: An answer was not good.
    """
    connection = Connection(url, {})
    asker = Asker(facts, 2, (kind,))
    took: list[float] = []
    unmeasured = _unmeasured(kind)
    for run in range(unmeasured + runs):
        if kind != "q9" or run <= unmeasured:  # q9: the 50th page, once more and once more
            question = asker.next()
        begun = time.perf_counter()
        outcome = await ask_one(connection, asker, question)
        if outcome.error or outcome.is_partial:
            raise RuntimeError(outcome.error or "an answer is partial")
        if run >= unmeasured:
            took.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return sorted(took)


def _unmeasured(kind: str) -> int:
    return PAGES - 1 if kind == "q9" else _WARM


async def compare(url: str, api: psutil.Process, facts: Facts, options: argparse.Namespace) -> None:
    """Prints a line for each kind."""
    names = "".join(f"{name:>15}" for name in _OTHERS)
    print(f"{'p50/p95 ms':12}{'here':>15}{'CPU':>8}{names}")
    for number, kind in enumerate(KINDS):
        if options.only and kind not in options.only.split(","):
            continue
        before = _cpu_s(usage_of([api]))
        took = await measure(url, facts, kind, options.runs)
        cpu_ms = (_cpu_s(usage_of([api])) - before) * 1000
        cpu_ms /= _unmeasured(kind) + options.runs
        here = f"{percentile(took, 50):.1f}/{percentile(took, 95):.1f}"
        others = "".join(f"{times[number]:>15}" for times in _OTHERS.values())
        print(f"{kind:12}{here:>15}{cpu_ms:8.1f}{others}  {KINDS[kind]}")


async def throughput(url: str, api: psutil.Process, options: argparse.Namespace) -> None:
    """Prints how many answers a second there are, and the CPU of each."""
    before = usage_of([api])
    load = Load(url, options.users, options.seconds, tuple(options.throughput.split(",")))
    report = await run_load(load, SystemClock())
    after = usage_of([api])
    for line in table(report):
        print(line)
    user_ms, system_ms = (
        (now - then) * 1000 / report.total.asked
        for now, then in ((after.user_s, before.user_s), (after.system_s, before.system_s))
    )
    cores = (_cpu_s(after) - _cpu_s(before)) / report.took_s
    print(f"the API took {cores:.2f} cores: {user_ms:.2f} ms CPU of its own and {system_ms:.2f} ms"
          f" of the kernel for each; {1000 / (user_ms + system_ms):.0f} a second of one core")  # fmt: skip


def _cpu_s(usage: Usage) -> float:
    return usage.user_s + usage.system_s


async def _ask(url: str, api: psutil.Process, options: argparse.Namespace) -> None:
    facts = await learn(Load(url, 1, 1))
    if options.throughput:
        await throughput(url, api, options)
    else:
        await compare(url, api, facts, options)


def main() -> None:
    """Reads the arguments and measures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures searches over HTTP.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--only", default="")
    parser.add_argument("--throughput", default="")
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    build(options.data, options.events)
    line = orjson.dumps(next(events(1)))
    with serving(options.data) as (url, api):
        print_calibration(line, "before")
        asyncio.run(_ask(url, api, options))
        print_calibration(line, "after")


if __name__ == "__main__":
    main()
