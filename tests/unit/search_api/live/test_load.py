"""The load tester against a real API."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from logboom.clock import SystemClock
from logboom.errors import LogboomError, ServiceUnreachable
from logboom.load.connection import Connection
from logboom.load.feeding import Feed, to_file
from logboom.load.questions import KINDS, Asker, facts_of
from logboom.load.report import Asked, percentile, report_of, table
from logboom.load.running import Load, Outcome, ask_one, learn, run_load
from tests.polling import soon
from tests.services.process import free_port
from tests.serving import serve


async def test_every_kind_of_question_is_answered(tmp_path: Path) -> None:
    async with serve(tmp_path) as api:
        await api.write(*range(40))
        await api.write(*range(40, 50), level="error", service='a "quoted" one')
        await api.store.refresh()
        load = Load(api.url, users=3, duration_s=0.5)
        report = await run_load(load, SystemClock())
        each = [await run_load(Load(api.url, 1, 0.02, (kind,)), SystemClock()) for kind in KINDS]
    assert report.errors == {}
    assert report.total.asked == sum(one.asked for one in report.kinds.values()) >= 3
    for kind, one in zip(KINDS, each, strict=True):
        assert one.errors == {}
        assert one.kinds.keys() == {kind}
        assert one.total.asked >= 1


async def test_what_there_is_to_ask_for_is_learnt(tmp_path: Path) -> None:
    async with serve(tmp_path) as api:
        with pytest.raises(LogboomError, match="no events"):
            await learn(Load(api.url, 1, 1))
        await api.write(*range(5), level="error")
        await api.store.refresh()
        facts = await learn(Load(api.url, 1, 1))
    assert (facts.services, facts.levels) == (("checkout",), ("error",))
    assert {"line", "test"} <= set(facts.words)
    assert facts.begin < facts.end
    with pytest.raises(ServiceUnreachable):
        await learn(Load(f"http://127.0.0.1:{free_port()}", 1, 1))


async def test_the_command_tells_of_errors_and_writes_meanwhile(tmp_path: Path) -> None:
    async with serve(tmp_path / "data") as api:
        await api.write(*range(10))
        await api.store.refresh()
        command = [sys.executable, "-m", "logboom", "bench", "--url", api.url, "--users", "2"]
        feed = ["--ingest", "200", "--ingest-to", str(tmp_path / "fed.log")]
        options = ["--duration", "0.5", "--only", "q1,q6", "--json", *feed]
        done = await asyncio.to_thread(
            subprocess.run, [*command, *options], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kinds"].keys() <= {"q1", "q6"}
    assert report["total"]["errors"] == 0
    lines = [orjson.loads(line) for line in (tmp_path / "fed.log").read_bytes().splitlines()]
    assert [line["number"] for line in lines] == list(range(report["ingested"]))
    failed = await asyncio.to_thread(
        subprocess.run, [*command, "--only", "q77"], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    assert "q77" in failed.stderr


async def test_a_feed_keeps_its_rate(tmp_path: Path) -> None:
    feed = Feed(1_000, to_file(tmp_path / "app.log"), SystemClock())
    task = asyncio.create_task(feed.run())

    async def has_written() -> bool:
        return feed.written >= 100

    await soon(has_written, timeout_s=30, what="a hundred events are written")
    task.cancel()
    assert len((tmp_path / "app.log").read_bytes().splitlines()) >= 100


def test_figures_count_only_good_answers() -> None:
    asked = [Asked("q1", n / 1000) for n in range(1, 101)] + [Asked("q2", 9.0, "500: broken")]
    report = report_of(asked, users=7, took_s=10)
    assert report.total.errors == 1
    assert report.total.percentiles == {50: 50, 90: 90, 95: 95, 99: 99}
    assert report.total.slowest == 100
    assert report.kinds["q2"].percentiles == {}
    assert report.errors == {"500: broken": 1}
    assert report.kinds["q1"].per_s == 10
    shown = "\n".join(table(report))
    assert "7 users" in shown
    assert "1 times: 500: broken" in shown
    assert report.to_json()["kinds"]["q1"]["p95_ms"] == 95
    assert percentile([5.0], 99) == 5.0


def test_partial_answers_are_counted_by_themselves() -> None:
    asked = [Asked("q1", 0.001), Asked("q1", 5.0, is_partial=True), Asked("q2", 9.0, "500: broken")]
    report = report_of(asked, users=1, took_s=10)
    assert (report.total.asked, report.total.partial, report.total.errors) == (3, 1, 1)
    assert (report.kinds["q1"].partial, report.kinds["q2"].partial) == (1, 0)
    assert report.total.slowest == 1
    shown = report.to_json()
    assert (shown["total"]["partial"], shown["kinds"]["q1"]["errors"]) == (1, 0)
    heads, first, *_ = list(table(report))[1:]
    assert heads.split()[-2:] == ["partial", "errors"]
    assert first.split()[8:10] == ["1", "0"]


async def test_an_answer_that_is_partial_is_known(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    asker = Asker(facts_of([{"service": {"name": "a"}}], moment, moment), 1, ("q6",))
    bodies = [
        b'{"events":[],"partial":true}',
        b'{"events":[{"attributes":{"partial":true}}],"partial":false}',
        b'{"events":[{"message":"\\"partial\\":true"}],"partial":false}',
    ]

    left = iter(bodies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = next(left)
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        connection = Connection(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", {})
        found = [await ask_one(connection, asker, asker.next()) for _ in bodies]
        connection.close()
    assert found == [Outcome(is_partial=True), Outcome(), Outcome()]


def test_pages_are_asked_one_after_the_other_and_begin_anew() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    asker = Asker(facts_of([{"service": {"name": "a"}}], moment, moment), 1, ("q9",))
    first = asker.next()
    assert "cursor" not in first.target
    asker.note(first, {"cursor": "next"})
    assert "cursor=next" in asker.next().target
    asker.note(first, {"cursor": None})
    assert asker.next() == first
