"""Does paging miss or double events while others are stored, and how much memory does an export take?

    python -m bench.pages [--events 1000000] [--page 1000] [--data DIR]

Fills an embedded store with events of four days, starts an API over it, and goes through all pages of a
search for everything while a writer goes on: newer events, and late ones anywhere in the four days. Each
of the events that were there at the start must be on exactly one page, and no other event on two. Then
everything is exported as NDJSON and as CSV, and the memory of the API is watched meanwhile. With `--data`
the store is kept, and found again by the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlencode

import orjson
import psutil

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import event_id
from logboom.query.model import MatchAll
from logboom.store import Document, Store, TimeRange, open_store
from tests.polling import eventually
from tests.services.process import free_port

_RUN, _OTHER_RUN = "0123456789abc", "1123456789abc"
_DAYS = 4
_FIRST_DAY = date(2026, 11, 16)
_AT_ONCE = 5_000
_LATE_AT_ONCE = 200
_PIECE_BYTES = 1 << 18
_LEVELS = ("info",) * 18 + ("warn", "error")


def main() -> None:
    """Runs everything and prints the figures."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name:
        data = Path(name) if options.data is None else options.data
        asyncio.run(_fill(data, options.events))
        with _api(data) as (port, process):
            _pages(data, port, process, options)
            for form in ("ndjson", "csv"):
                _export(port, process, form)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Checks paging and exports of many events.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--page", type=int, default=1_000)
    parser.add_argument("--sort", choices=("asc", "desc"), default="desc")
    parser.add_argument("--data", type=Path)
    return parser.parse_args()


def _document(number: int, at: datetime, run: str = _RUN) -> Document:
    name = event_id(run, number * 300)
    time_text = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    event = {
        "@timestamp": time_text,
        "message": f"order {number} of customer {number * 7919 % 10_007} was handled in the usual way",
        "event": {"id": name, "created": time_text, "ingested": time_text},
        "log": {"level": _LEVELS[number % 20], "source": run, "offset": number * 300},
        "service": {"name": f"svc-{number % 12}"},
        "host": {"name": f"host-{number % 3}"},
        "attributes": {"seq": number, "customer": number * 7919 % 10_007},
    }
    return Document.of(name, at.date(), event)


def _moment(number: int, total: int) -> datetime:
    begin = datetime(_FIRST_DAY.year, _FIRST_DAY.month, _FIRST_DAY.day, tzinfo=UTC)
    # Four events of each millisecond: pages end in the middle of an instant.
    return begin + timedelta(milliseconds=int(number // 4 * 4 * _DAYS * 86_400_000 / total))


async def _fill(data: Path, total: int) -> None:
    store = await open_store(Config(data=data), clock=SystemClock())
    stored = (await store.count(MatchAll(), TimeRange())).value
    begun = time.monotonic()
    if stored < total:
        writer = await store.writer()
        for start in range(stored, total, _AT_ONCE):
            numbers = range(start, min(total, start + _AT_ONCE))
            await writer.write([_document(number, _moment(number, total)) for number in numbers])
        await store.refresh()
        await writer.close()
    print(f"{total:,} events are there, after {time.monotonic() - begun:.0f} s")
    await store.close()


@contextmanager
def _api(data: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    config = data / "bench.yaml"
    config.write_text(f"data: {data}\napi: {{listen: 127.0.0.1:{port}}}\n", encoding="utf-8")
    command = [sys.executable, "-m", "logboom", "api", "-c", str(config)]
    with Popen(command) as process:
        try:
            eventually(lambda: _answers(port), timeout_s=60, what="the API answers")
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@dataclass
class _Intruder:
    """Stores further events, newer ones and late ones, until it is told to stop."""

    data: Path
    total: int
    written: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        store: Store = await open_store(Config(data=self.data), clock=SystemClock())
        writer = await store.writer()
        while not self.stop.is_set():
            numbers = range(self.written, self.written + _LATE_AT_ONCE)
            late = [
                _document(number, _moment(number * 7919 % self.total, self.total), _OTHER_RUN)
                for number in numbers
            ]
            await writer.write(late)
            self.written += len(late)
            await asyncio.sleep(0.05)
        await writer.close()
        await store.close()


def _pages(data: Path, port: int, process: psutil.Process, options: argparse.Namespace) -> None:
    intruder = _Intruder(data, options.events)
    thread = threading.Thread(target=intruder.run)
    thread.start()
    seen: set[str] = set()
    ours, doubled, pages, cursor = 0, 0, 0, None
    begun, cpu = time.monotonic(), _cpu_s(process)
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        while True:
            asked = {"limit": options.page, "sort": options.sort, "fields": "seq"}
            asked |= {} if cursor is None else {"cursor": cursor}
            connection.request("GET", f"/api/v1/search?{urlencode(asked)}")
            answer = connection.getresponse()
            content = orjson.loads(answer.read())
            if answer.status != 200 or content["partial"]:
                sys.exit(f"page {pages}: {content}")
            for event in content["events"]:
                name = event["_id"]
                doubled += name in seen
                seen.add(name)
                ours += name.startswith(_RUN)
            pages, cursor = pages + 1, content["cursor"]
            if cursor is None:
                break
    finally:
        intruder.stop.set()
        thread.join()
    took = time.monotonic() - begun
    print(
        f"{pages:,} pages of {options.page:,} in {took:.0f} s ({_cpu_s(process) - cpu:.0f} s of CPU):"
        f" {ours:,} of {options.events:,}, {options.events - ours:,} missed, {doubled:,} doubled;"
        f" {intruder.written:,} others were stored meanwhile, {len(seen) - ours:,} of them seen"
    )


def _export(port: int, process: psutil.Process, form: str) -> None:
    before, peak = process.memory_info().rss, 0
    begun, cpu = time.monotonic(), _cpu_s(process)
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/api/v1/export?format={form}&sort=asc")
    answer = connection.getresponse()
    rows, size, marks, due = 0, 0, [], 0.0
    while piece := answer.read1(_PIECE_BYTES):
        rows += piece.count(b"\n")
        size += len(piece)
        now = time.monotonic()
        if now > due:
            due = now + 0.25
            rss = process.memory_info().rss
            peak = max(peak, rss)
            marks.append(rss)
    took = time.monotonic() - begun
    fifths = [marks[len(marks) * at // 5] >> 20 for at in range(5)]
    print(
        f"export as {form}: {rows:,} rows, {size >> 20:,} MiB in {took:.0f} s"
        f" ({_cpu_s(process) - cpu:.0f} s of CPU); RSS {before >> 20} MiB before, {peak >> 20} at most,"
        f" after each fifth {fifths}, {process.memory_info().rss >> 20} in the end"
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
