"""How fast are q1 to q9 on the embedded store, on Elasticsearch, and what does our API add to it?

    python -m bench.beside --data FOLDER [--events 2000000] [--runs 400] [--only q1,q4]

The events of `bench.local_store` are written into an embedded store and into the Elasticsearch that
the tests start, each by its own writer; both stay in the folder, for later runs. Then the very same
questions are asked of our API on the one, of our API on the other, and of Elasticsearch itself: what our
API sent to it was noted by a server in between before the clock ran. All three take turns, question
by question. What our API adds is also measured without Elasticsearch's own ups and downs (*to kept*):
the server in between gives the answer that it has just noted at once, to our API and to plain HTTP in
turn. The answers of both stores must be the same. Nobody keeps answers: neither our API nor
Elasticsearch, whose cache of requests is off.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psutil

from bench.between import Between, Direct, Sent
from bench.local_store import document, events
from bench.machine import cpu_ms_of, print_calibration, usage_of_service
from bench.queries import build, serving
from bench.stopping import stop_in_order
from logboom.clock import SystemClock
from logboom.config import Config, ElasticsearchSection
from logboom.load.connection import Answer, Connection
from logboom.load.questions import KINDS, PAGES, Asker, Facts, Question
from logboom.load.report import percentile
from logboom.load.running import Load, learn
from logboom.store import Outcome
from logboom.store.elastic import open_elasticsearch
from tests.services.elasticsearch import start_elasticsearch
from tests.services.process import JvmService

_WARM = 3
_BATCH = 20_000
_LOADED = "elasticsearch.json"
_VARYING = ("took_ms", "cursor")
_WITHOUT_CACHE = b'{"index.requests.cache.enable": false}'


@dataclass(slots=True)
class Times:
    """What one kind of question took, in ms; of our APIs also their CPU."""

    embedded: list[float] = field(default_factory=list)
    embedded_cpu: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)
    through_cpu: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    added_to_kept: list[float] = field(default_factory=list)

    @property
    def added(self) -> list[float]:
        """What our API took on top of Elasticsearch, for each question."""
        return [ours - its for ours, its in zip(self.through, self.direct, strict=True)]


@contextmanager
def elasticsearch(folder: Path) -> Iterator[JvmService]:
    """An Elasticsearch whose data stays in a folder."""
    data = folder / "elasticsearch"
    data.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(data, nobody.pw_uid, nobody.pw_gid)
    service = start_elasticsearch(settings={"path.data": str(data)})
    try:
        yield service
    finally:
        service.remove()


async def load(url: str, count: int) -> None:
    """Writes the events into Elasticsearch.

    Raises:
        SystemExit: One was not stored.
    """
    section = ElasticsearchSection(urls=[url])
    store = await open_elasticsearch(section, Config(store=section), SystemClock())
    writer = await store.writer()
    batch = []
    for number, event in enumerate(events(count), 1):
        batch.append(document(orjson.dumps(event)))
        if len(batch) == _BATCH or number == count:
            if any(answer is not Outcome.STORED for answer in await writer.write(batch)):
                raise SystemExit("a document was not stored")
            batch = []
    await writer.close()
    await store.refresh()
    await store.close()


def order(url: str, method: str, path: str, body: bytes | None = None) -> None:
    """Has Elasticsearch do something.

    Raises:
        RuntimeError: It does not.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    connection.request(method, path, body, {"content-type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(answer.read()[:500].decode())
    connection.close()


def load_once(service: JvmService, folder: Path, count: int) -> None:
    """Writes the events, unless that was done before."""
    mark = folder / _LOADED
    if mark.exists() and orjson.loads(mark.read_bytes()) == count:
        return
    begun, before = time.perf_counter(), usage_of_service(service)
    asyncio.run(load(service.address, count))
    order(service.address, "POST", "/_flush")  # else it reads its log again at its next start
    took_s, after = time.perf_counter() - begun, usage_of_service(service)
    cpu_s = after.user_s + after.system_s - before.user_s - before.system_s
    print(f"Elasticsearch: {count / took_s:,.0f} ev/s, {cpu_s / count * 1e6:.0f} us CPU of its own")
    mark.write_bytes(orjson.dumps(count))


def questions(facts: Facts, kind: str, runs: int) -> Iterator[Question | None]:
    """What is asked for a kind; None: the page after the one before, as q9 wants it."""
    asker = Asker(facts, 2, (kind,))
    for _ in range(_WARM + runs):
        yield None if kind == "q9" else asker.next()


async def answer_of(connection: Connection, target: str) -> dict[str, Any]:
    """A good answer.

    Raises:
        RuntimeError: It was another one.
    """
    answer = await connection.ask(target)
    if answer.status != 200:
        raise RuntimeError(answer.body[:500].decode())
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


async def fiftieth(connection: Connection, facts: Facts) -> str:
    """The question for the 50th page of a service, as this store's cursors have it."""
    asker = Asker(facts, 2, ("q9",))
    question = asker.next()
    for _ in range(PAGES - 1):
        asker.note(question, await answer_of(connection, question.target))
        question = asker.next()
    return question.target


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether two answers say the same; cursors are each store's own."""
    one, other = ({k: v for k, v in a.items() if k not in _VARYING} for a in (ours, theirs))
    if "events" in one:
        one["events"], other["events"] = (
            [event["_id"] for event in some["events"]] for some in (one, other)
        )
    return one == other


@dataclass(frozen=True, slots=True)
class Asked:
    """Where questions are put.

    Attributes:
        embedded: Our API on the embedded store.
        through: Our API on Elasticsearch.
        noted: Our API on Elasticsearch, through `between`.
        between: Notes what it sends.
        direct: Elasticsearch itself.
        kept: Its answers, as `between` keeps them.
        apis: The processes of `embedded` and `through`.
    """

    embedded: Connection
    through: Connection
    noted: Connection
    between: Between
    direct: Direct
    kept: Direct
    apis: tuple[psutil.Process, psutil.Process]


async def ask(asked: Asked, facts: Facts, kind: str, runs: int) -> tuple[Times, int]:
    """Asks a kind of question of all; gives the times, and how many answers differed."""
    times, different = Times(), 0
    deep = None
    if kind == "q9":
        deep = [await fiftieth(one, facts) for one in (asked.embedded, asked.through, asked.noted)]
    for number, question in enumerate(questions(facts, kind, runs)):
        targets = deep if question is None else [question.target] * 3
        if targets is None:
            raise RuntimeError("only q9 has pages")
        asked.between.sent.clear()
        await answer_of(asked.noted, targets[2])
        sent = list(asked.between.sent)
        took, theirs, through_cpu = await in_turn(
            asked, sent, targets[1], direct_first=number % 2 == 0
        )
        added_to_kept = await added(asked, sent, targets[2], direct_first=number % 2 == 0)
        begun = time.perf_counter()
        ours, embedded_cpu = await asked_of(asked.embedded, asked.apis[0], targets[0])
        embedded = time.perf_counter() - begun
        different += not same(orjson.loads(ours.body), orjson.loads(theirs.body))
        if number >= _WARM:
            times.direct.append(took[0] * 1000)
            times.through.append(took[1] * 1000)
            times.through_cpu.append(through_cpu)
            times.added_to_kept.append(added_to_kept * 1000)
            times.embedded.append(embedded * 1000)
            times.embedded_cpu.append(embedded_cpu)
    return times, different


async def asked_of(
    connection: Connection, api: psutil.Process, target: str
) -> tuple[Answer, float]:
    """An answer, and the CPU milliseconds of the process that gave it."""
    before = cpu_ms_of(api)
    answer = await connection.ask(target)
    return answer, cpu_ms_of(api) - before


async def in_turn(
    asked: Asked, sent: list[Sent], target: str, *, direct_first: bool
) -> tuple[tuple[float, float], Answer, float]:
    """Asks Elasticsearch the same thing directly and through our API.

    Returns:
        How long each took, in s; and the answer of our API with its CPU, in ms.
    """
    begun = time.perf_counter()
    if direct_first:
        asked.direct.ask(sent)
        between = time.perf_counter()
        answer, cpu_ms = await asked_of(asked.through, asked.apis[1], target)
    else:
        answer, cpu_ms = await asked_of(asked.through, asked.apis[1], target)
        between = time.perf_counter()
        asked.direct.ask(sent)
    first, second = between - begun, time.perf_counter() - between
    return ((first, second) if direct_first else (second, first)), answer, cpu_ms


async def added(asked: Asked, sent: list[Sent], target: str, *, direct_first: bool) -> float:
    """What our API adds to answers that are there at once: those which Elasticsearch gave before, in s."""
    took = {}
    asked.between.keeps = True
    for is_direct in (direct_first, not direct_first):
        begun = time.perf_counter()
        if is_direct:
            asked.kept.ask(sent)
        else:
            await asked.noted.ask(target)
        took[is_direct] = time.perf_counter() - begun
    asked.between.keeps = False
    return took[False] - took[True]


async def compare(asked: Asked, facts: Facts, options: argparse.Namespace) -> None:
    """Prints a line for each kind."""
    heads = ("embedded", "its CPU", "API on ES", "its CPU", "ES itself", "API adds", "to kept")
    print(f"{'p50/p95 ms':10}{''.join(f'{head:>14}' for head in heads)}  different")
    for kind in KINDS:
        if options.only and kind not in options.only.split(","):
            continue
        times, different = await ask(asked, facts, kind, options.runs)
        each = (
            times.embedded, times.embedded_cpu, times.through, times.through_cpu, times.direct,
            times.added, times.added_to_kept,
        )  # fmt: skip
        shown = [
            f"{percentile(some, 50):.1f}/{percentile(some, 95):.1f}".rjust(14)
            for some in map(sorted, each)
        ]
        print(f"{kind:10}{''.join(shown)}  {different}", flush=True)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def _measure(
    urls: tuple[str, str, str], between: Between, direct: Direct,
    apis: tuple[psutil.Process, psutil.Process], options: argparse.Namespace,
) -> None:  # fmt: skip
    facts = await learn(Load(urls[0], 1, 1))
    embedded, through, noted = (Connection(url, {}) for url in urls)
    asked = Asked(embedded, through, noted, between, direct, Direct(between.url), apis)
    await compare(asked, facts, options)
    for one in (embedded, through, noted):
        one.close()


def main() -> None:
    """Reads the arguments and measures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures searches on both stores, side by side.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    build(options.data, options.events)
    line = orjson.dumps(next(events(1)))
    with ExitStack() as stack:
        service = stack.enter_context(elasticsearch(options.data))
        load_once(service, options.data, options.events)
        order(service.address, "PUT", "/logboom-logs-*/_settings", _WITHOUT_CACHE)
        for name in ("store", "elasticsearch"):
            on_disk = size_of(options.data / name) / options.events
            print(f"{name}: {on_disk:.0f} bytes an event on disk")
        between = stack.enter_context(Between(service.address).serving())
        url, api = stack.enter_context(serving(options.data))
        through, other = stack.enter_context(
            serving(options.data / "through", settings={"store": service.address})
        )
        noted, _ = stack.enter_context(
            serving(options.data / "noted", settings={"store": between.url})
        )
        print_calibration(line, "before")
        asyncio.run(
            _measure((url, through, noted), between, Direct(service.address), (api, other), options)
        )
        print_calibration(line, "after")


if __name__ == "__main__":
    main()
