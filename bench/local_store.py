"""What does the embedded store cost, and how fast does it answer?

Generates realistic events (12 services, levels, trace ids, attributes, some stack traces, two days),
writes them in batches as the processor does, and prints: CPU per event of ours and of tantivy alone
on the very same entries, bytes per event, and p50/p95 of queries. Run it alone on the machine:

    python -m bench.local_store --events 2000000
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import orjson
from tantivy import Index

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.event import Event, event_id, source_run
from logboom.native import native_library
from logboom.query.model import And, MatchAll, Phrase, Query, Regex, Term, Wildcard
from logboom.store import Document, Outcome, SearchRequest, TimeRange
from logboom.store.local import LocalStore, dictionary, open_local
from logboom.store.local.blocks import divided, pack
from logboom.store.local.entry import EntryMaker
from logboom.store.local.index_writer import open_index_writer
from logboom.store.local.schema import SCHEMA, teach_words
from logboom.store.local.serial import encode

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 2
HOUR_US = 3_600_000_000
SERVICES = (
    "checkout", "cart", "payment", "catalog", "search", "users",
    "auth", "shipping", "email", "inventory", "gateway", "reports",
)  # fmt: skip
LEVELS = ("info",) * 80 + ("debug",) * 10 + ("warn",) * 6 + ("error",) * 4
WORDS = tuple(
    re.findall(
        r"\w+",
        "payment gateway request user order cart item stock cache database query timeout connection"
        " retry index shard worker queue message broker session token login profile upload template"
        " route handler filter parse encrypt verify deliver notify schedule job sync stream buffer"
        " commit lock release acquire wait signal pool memory disk network socket latency error",
    )
)
ERRORS = ("java.io.IOException", "java.lang.IllegalStateException", "TimeoutError", "ValueError")


def events(count: int, *, seed: int = 1) -> Iterator[Event]:
    """Events in the order of their time, evenly over the days."""
    dice = random.Random(seed)
    runs = [source_run(f"bench-{number}", 0) for number in range(len(SERVICES))]
    offsets = [0] * len(SERVICES)
    step = timedelta(days=DAYS) / count
    for number in range(count):
        which = dice.randrange(len(SERVICES))
        moment = START + step * number
        event = _event(dice, SERVICES[which], moment, runs[which], offsets[which])
        offsets[which] += 230
        yield event


def _event(dice: random.Random, service: str, moment: datetime, run: str, offset: int) -> Event:
    text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    level = dice.choice(LEVELS)
    message = f"{' '.join(dice.choices(WORDS, k=6))} order={dice.randrange(10**6)}"
    event: Event = {
        "@timestamp": text,
        "message": message,
        "log": {"level": level, "source": run, "offset": offset},
        "service": {"name": service},
        "host": {"name": f"node-{offset % 4}"},
        "trace": {"id": f"{dice.getrandbits(128):032x}"},
        "event": {"id": event_id(run, offset), "created": text},
        "attributes": {"user_id": dice.randrange(10**5), "region": dice.choice(("eu", "us"))},
    }
    if level == "error" and dice.random() < 0.5:
        frames = "\n".join(
            f"\tat app.{dice.choice(WORDS)}.run(Main.java:{line})" for line in range(8)
        )
        event["error"] = {"type": dice.choice(ERRORS), "stack_trace": f"{message}\n{frames}"}
    return event


def document(line: bytes) -> Document:
    """An event as the processor hands it over, just decoded."""
    event: Event = orjson.loads(line)
    return Document.of(event["event"]["id"], date.fromisoformat(event["@timestamp"][:10]), event)


def cpu_s() -> float:
    """CPU of all threads of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def ingest(store: LocalStore, count: int, batch: int) -> None:
    """Writes as the processor does, and says what it cost; making the events is not counted."""
    writer = await store.writer()
    source = events(count)
    writing, slowest, cpu = 0.0, 0.0, 0.0
    while some := [document(orjson.dumps(event)) for event in islice(source, batch)]:
        before, spent = time.perf_counter(), cpu_s()
        answers = await writer.write(some)
        took = time.perf_counter() - before
        cpu += cpu_s() - spent
        writing, slowest = writing + took, max(slowest, took)
        if any(answer is not Outcome.STORED for answer in answers):
            raise SystemExit("a document was not stored")
    before, spent = time.perf_counter(), cpu_s()
    await store.refresh()
    writing, cpu = writing + time.perf_counter() - before, cpu + cpu_s() - spent
    print(f"  {count / writing:,.0f} ev/s while writing, slowest write {slowest * 1000:.0f} ms")
    print(
        f"  CPU {cpu / count * 1e6:.1f} µs/event (a little less than all: merges go on meanwhile)"
    )
    print(f"  RSS {rss_mb():.0f} MB")
    await writer.close()
    for day in await store.days():
        print(
            f"  {day.name}: {day.documents:,} documents, {day.size_bytes / day.documents:.0f} B each"
        )


def rss_mb() -> float:
    """Memory of this process, without files that are mapped."""
    text = Path("/proc/self/smaps_rollup").read_text()
    found = re.search(r"Anonymous:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


class Parts:
    """CPU of each part of a write, by itself."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, name: str, since: float) -> float:
        """Adds what was spent since a moment; gives the present one."""
        now = cpu_s()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - since
        return now


def ingest_parts(folder: Path, lines: list[bytes], batch: int) -> None:
    """Our part step by step, and tantivy alone on the very same entries, committed as often."""
    maker = EntryMaker(document(lines[0]).day, native_library())
    index = teach_words(Index(SCHEMA, path=str(folder)))
    writer = open_index_writer(index, folder, memory_bytes=32_000_000)
    trained = dictionary.Trainer().add(lines[:2000])
    compressor = dictionary.compressor(trained)
    parts, size = Parts(), 0
    for at in range(0, len(lines), batch):
        some = [document(line) for line in lines[at : at + batch]]
        now = cpu_s()
        chunk = maker.ready(some, at).chunk
        now = parts.add("entry", now)
        encoded = [encode(one) for one in some]
        now = parts.add("encode", now)
        blocks = [pack(compressor, 0, block) for block in divided(encoded)]
        now = parts.add("compress", now)
        size += sum(map(len, blocks))
        writer.add(chunk)
        writer.commit()
        parts.add("tantivy", now)
    now = cpu_s()
    writer.close(waits=True)
    parts.add("tantivy's last merges", now)
    count = len(lines)
    for name, seconds in parts.seconds.items():
        print(f"  {name:24} {seconds / count * 1e6:5.1f} µs/event")
    print(f"  {sum(map(len, lines)) / count:.0f} B/event as JSON, {size / count:.0f} B compressed")
    on_disk = sum(file.stat().st_size for file in folder.iterdir())
    print(f"  index {on_disk / count:.0f} B/event")


async def timed(name: str, ask: Callable[[int], Awaitable[object]], runs: int = 30) -> None:
    """Prints the p50 and p95 of warm runs."""
    times: list[float] = []
    for run in range(runs + 3):
        started = time.perf_counter()
        await ask(run)
        times.append((time.perf_counter() - started) * 1000)
    warm = sorted(times[3:])
    p95 = warm[max(0, round(len(warm) * 0.95) - 1)]
    print(f"  {name:46} {statistics.median(warm):8.2f} {p95:8.2f}")


async def ask_all(store: LocalStore, count: int) -> None:
    """The queries of the measurements' table, with varied parameters."""
    dice = random.Random(2)
    start_us = int(START.timestamp()) * 1_000_000
    traces = [event["trace"]["id"] for event in events(min(count, 1000))]

    def hour() -> TimeRange:
        begin = start_us + dice.randrange(DAYS * 24 - 1) * HOUR_US
        return TimeRange(begin, begin + HOUR_US)

    def search(query: Query, times: TimeRange | None = None) -> Awaitable[object]:
        return store.search(SearchRequest(query, times or TimeRange()))

    def service_and_level() -> Query:
        return And((Term("service.name", dice.choice(SERVICES)), Term("log.level", "error")))

    async def fiftieth(_: int) -> None:
        service = Term("service.name", dice.choice(SERVICES))
        page = await store.search(SearchRequest(service, limit=1000))
        for _number in range(49):
            if page.cursor is None:
                break
            page = await store.search(SearchRequest(service, limit=1000, cursor=page.cursor))

    print(f"  {'':46} {'p50 ms':>8} {'p95 ms':>8}")
    await timed(
        "q1 newest 100, service and level, 1 h", lambda _: search(service_and_level(), hour())
    )
    await timed("q2 a word, newest 100", lambda _: search(Term(None, dice.choice(WORDS))))
    await timed("q3 a trace id", lambda _: search(Term("trace.id", dice.choice(traces))))
    day = TimeRange(start_us, start_us + 24 * HOUR_US)
    by_minute = partial(store.histogram, interval_us=60_000_000, by="log.level")
    await timed("q4 by minute and level, 24 h", lambda _: by_minute(MatchAll(), day))
    types = partial(store.facets, fields=["error.type"], size=10)
    await timed("q5 top 10 error types", lambda _: types(MatchAll(), TimeRange()))
    await timed("q6 newest 100 of everything", lambda _: search(MatchAll()))
    phrase = Phrase(None, "timeout connection retry")
    await timed("q7 phrase of three words", lambda _: search(phrase))
    await timed("q8 prefix, 1 h", lambda _: search(Wildcard(None, "conn*"), hour()))
    await timed("q8 regex, 1 h", lambda _: search(Regex(None, "(time|conn).*"), hour()))
    await timed("q9 50 pages of 1000, all of them", fiftieth, 3)
    await timed(
        "count of service and level", lambda _: store.count(service_and_level(), TimeRange())
    )
    await timed("q1 over all time", lambda _: search(service_and_level()))


async def measure(count: int, batch: int) -> None:
    """Everything, in a folder that is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bench-local-store-"))
    try:
        bare = folder / "bare"
        bare.mkdir()
        some = [orjson.dumps(one) for one in islice(events(count), min(200_000, count // DAYS))]
        print(f"the parts, {len(some):,} events of one day, one after the other:")
        ingest_parts(bare, some, batch)
        del some
        shutil.rmtree(bare)
        config = Config(data=folder)
        store = open_local(config.store, config, SystemClock())  # type: ignore[arg-type]
        print(f"the store, {count:,} events, {batch:,} per write:")
        await ingest(store, count, batch)
        print("queries:")
        await ask_all(store, count)
        await store.close()
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description="Measures the embedded store.")
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--batch", type=int, default=20_000)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.events, arguments.batch))


if __name__ == "__main__":
    main()
