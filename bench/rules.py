"""What do a thousand rules over a hundred services cost, with each of the stores?

    python -m bench.rules [--form embedded|elasticsearch] [--rules 1000] [--services 100]
                          [--every 15] [--rounds 4] [--per-second 200]

Ten kinds of rules for each service, in one group, are evaluated in real time by the very engine that the
API runs. Before each evaluation the events of the time since the last one are stored. Printed is what an
evaluation takes: CPU of the evaluating process (all of its threads), CPU of Elasticsearch meanwhile, time by
the clock, and how many questions the rules became. Storing is not counted. The first evaluation makes the
records of all rules.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bench.events import make_line
from bench.latency import present
from bench.machine import Usage, print_calibration, usage_of_service
from bench.stopping import stop_in_order
from logboom.clock import SystemClock, utc_text
from logboom.config import Config
from logboom.event import event_id, source_run
from logboom.state import open_state
from logboom.store import Document, Outcome, open_store
from search_api.alerts.engine import Engine
from search_api.alerts.lateness import Late
from search_api.alerts.library import Library
from search_api.alerts.rule_keeping import KeptRules
from search_api.alerts.source import StoreSource
from tests.services.elasticsearch import start_elasticsearch
from tests.services.process import JvmService

_FORMS = ("embedded", "elasticsearch")
_BEFORE_S = 300
_AT_ONCE = 5_000
_SETTLED_S = 3.5
_KINDS: Sequence[dict[str, Any]] = (
    {"when": "error_rate > 50%", "over": "2m", "min_events": 5},
    {"when": "errors > 5000", "over": "5m"},
    {"when": "count > 100000", "over": "5m", "for": "1m"},
    {"when": "p95(event.duration) > 60s", "over": "5m"},
    {"when": "avg(event.duration) > 60s", "over": "5m"},
    {"when": "max(event.duration) > 60s", "over": "1m"},
    {"when": "ratio('status:>=500', 'status:*') > 90%", "over": "5m"},
    {"when": "rate > 1000/s", "over": "1m"},
    {"when": "absent", "over": "5m"},
    {"when": "count > 100000", "over": "1m", "where": "message:timeout"},
)


def main() -> None:
    """Runs one form and prints its figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures what rules cost.")
    parser.add_argument("--form", choices=_FORMS, default="embedded")
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--every", type=int, default=15, help="seconds")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--per-second", type=int, default=200)
    options = parser.parse_args()
    line = make_line(random.Random(1), 0, present())
    with tempfile.TemporaryDirectory(prefix="logboom-bench-") as name, ExitStack() as stack:
        settings: dict[str, Any] = {"data": name, "alerts": {"rules": [f"{name}/rules.yaml"]}}
        service: JvmService | None = None
        if options.form == "elasticsearch":
            service = start_elasticsearch()
            stack.callback(service.remove)
            settings["store"] = {"kind": "elasticsearch", "urls": [service.address], "replicas": 0}
        (Path(name) / "rules.yaml").write_text(yaml.safe_dump(_rules(options)))
        print_calibration(line, "before")
        asyncio.run(_run(Config.model_validate(settings), options, service))
        print_calibration(line, "after")


def _rules(options: argparse.Namespace) -> dict[str, Any]:
    rules = []
    for number in range(options.rules):
        kind = _KINDS[number // options.services % len(_KINDS)]
        about = f"service:service-{number % options.services}"
        where = f"{about} AND {kind['where']}" if "where" in kind else about
        rules.append({**kind, "alert": f"Rule{number}", "where": where})
    return {"groups": [{"name": "bench", "every": f"{options.every}s", "rules": rules}]}


class _Events:
    """Events of all services, at a steady rate of event time.

    Args:
        services: How many.
        per_second: Of all of them together.
    """

    def __init__(self, services: int, per_second: int) -> None:
        self._services = services
        self._gap_ns = 1_000_000_000 // per_second
        self._random = random.Random(1)
        self._number = 0

    def between(self, start_ns: int, end_ns: int) -> Iterator[Document]:
        """The events of a stretch of time."""
        for at_ns in range(start_ns, end_ns, self._gap_ns):
            self._number += 1
            yield self._one(at_ns)

    def _one(self, at_ns: int) -> Document:
        run, at = source_run("bench", 0), utc_text(at_ns // 1_000_000 * 1_000_000)
        name = event_id(run, self._number)
        is_error = self._random.random() < 0.05
        event = {
            "@timestamp": at,
            "event": {
                "id": name, "created": at, "ingested": at,
                "duration": self._random.randrange(1_000_000, 2_000_000_000),
            },
            "log": {"level": "error" if is_error else "info", "source": run, "offset": self._number},
            "service": {"name": f"service-{self._number % self._services}"},
            "http": {"response": {"status_code": 500 if is_error else 200}},
            "message": "request failed: timeout" if is_error else "request handled",
            "tags": ["error"] if is_error else [],
        }  # fmt: skip
        return Document.of(name, datetime.fromtimestamp(at_ns / 1e9, UTC).date(), event)


async def _run(config: Config, options: argparse.Namespace, service: JvmService | None) -> None:
    clock = SystemClock()
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    writer = await store.writer()

    async def late() -> Late:
        return Late()

    library = Library(config.alerts.rules, KeptRules(state, clock))
    engine = Engine(state, StoreSource(store, state), library, config.alerts, clock, late=late)
    events = _Events(options.services, options.per_second)
    stored_ns = clock.now_ns() - _BEFORE_S * 1_000_000_000
    every_ns = options.every * 1_000_000_000
    names = ["before", "first", *map(str, range(1, options.rounds + 1))]
    for name in names:
        now_ns = clock.now_ns()
        documents = list(events.between(stored_ns, now_ns))
        stored_ns = now_ns
        for begin in range(0, len(documents), _AT_ONCE):
            answers = await writer.write(documents[begin : begin + _AT_ONCE])
            assert set(answers) == {Outcome.STORED}
        await store.refresh()
        if name != "before":  # nothing is evaluated that is not stored
            await _measured(name, engine, service)
        if name != names[-1]:
            await asyncio.sleep((every_ns - clock.now_ns() % every_ns) / 1e9 + _SETTLED_S)
    failures = engine.standing.failures
    print(
        f"{engine.standing.evaluations} evaluations, {len(failures)} rules failed {[*failures][:3]}"
    )
    await writer.close()
    await state.close()
    await store.close()


async def _measured(name: str, engine: Engine, service: JvmService | None) -> None:
    before = Usage() if service is None else usage_of_service(service)
    cpu, begun = time.process_time(), time.perf_counter()
    evaluated = engine.standing.evaluations
    await engine.step()
    took_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    after = Usage() if service is None else usage_of_service(service)
    theirs = after.user_s + after.system_s - before.user_s - before.system_s
    print(
        f"round {name}: {engine.standing.evaluations - evaluated} rules,"
        f" {sum(one.questions for one in engine.standing.groups.values())} questions,"
        f" {cpu_s:.2f} s CPU, Elasticsearch {theirs:.2f} s CPU, {took_s:.2f} s by the clock"
    )


if __name__ == "__main__":
    main()
