"""Shipper and processor answer for themselves, in bounded series, and never fall over it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from logboom.broker import Broker
from logboom.clock import SystemClock
from logboom.config import from_mapping
from logboom.errors import ConfigError
from logboom.monitoring import Monitoring
from logboom.reporting import Reporter
from logboom.status import DeadStatus, LossStatus, SourceStatus
from logboom.telemetry import MOST_SOURCES, PipelineCollector
from tests.polling import soon
from tests.services.process import free_port


def source(number: int, **changes: Any) -> SourceStatus:
    facts: dict[str, Any] = {
        "source": f"s{number}", "shipper": "n1", "run": "r", "path": f"/{number}.log", "at_ns": 0,
        "state": "idle", "read_offset": 100, "lines_read": 10, "lines_acked": 6, "lines_empty": 1,
        "lines_dead": 1, "lines_pending": 1, "dropped": {"noise": 1},
    }  # fmt: skip
    return SourceStatus(**{**facts, **changes})


def reporter() -> Reporter:
    unused: Broker = None  # type: ignore[assignment] # nothing is posted
    return Reporter(unused, "shipper", "n1", SystemClock())


def series(body: str) -> dict[tuple[str, str], float]:
    """Name and first label → value."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


@contextlib.asynccontextmanager
async def monitored(monitoring: Monitoring) -> AsyncIterator[None]:
    serving = asyncio.create_task(monitoring.serve())
    yield
    serving.cancel()
    await asyncio.wait([serving])


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_three_pages_are_answered_over_http() -> None:
    port, state = free_port(), reporter()

    def tell(collector: PipelineCollector) -> None:
        collector.services = [
            state.status({"events_made": 5, "nul_bytes_skipped": 7, "spool_bytes": 9})
        ]
        collector.sources = [source(1), source(2)]

    async with monitored(Monitoring(f"127.0.0.1:{port}", state, tell)):
        await soon(lambda: is_open(port), timeout_s=10, what="it listens")
        metrics = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = metrics.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"Content-Length: %d" % len(body) in head
        found = series(body.decode())
        assert found["logboom_events_made_total", "n1"] == 5
        assert found["logboom_nul_bytes_skipped_total", "n1"] == 7
        assert found["logboom_spool_bytes", "n1"] == 9
        assert found["logboom_shipper_lines_read_total", "n1"] == 20
        assert found["logboom_shipper_lines_dropped_total", "n1"] == 2
        assert found["logboom_source_read_bytes_total", "/2.log"] == 100
        assert b"503" in await ask(port, b"GET /readyz HTTP/1.1\r\n\r\n")
        state.state, state.waiting_for = "waiting", "the disk is full"
        assert b"the disk is full" in await ask(port, b"GET /readyz HTTP/1.1\r\n\r\n")
        state.state, state.waiting_for = "running", None
        assert (await ask(port, b"GET /readyz?x HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert (await ask(port, b"HEAD /healthz HTTP/1.1\r\n\r\n")).endswith(b"\r\n\r\n")
        assert b" 404 " in await ask(port, b"GET / HTTP/1.1\r\n\r\n")
        assert b" 405 " in await ask(port, b"POST /metrics HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    "request_bytes", [b"", b"\0\xff\r\n\r\n", b"GET /metrics", b"x" * 100_000, b"\r\n\r\n"]
)
async def test_nonsense_is_survived(request_bytes: bytes) -> None:
    port = free_port()
    async with monitored(Monitoring(f"127.0.0.1:{port}", reporter(), lambda _: None)):
        await soon(lambda: is_open(port), timeout_s=10, what="it listens")
        with contextlib.suppress(ConnectionError):
            await ask(port, request_bytes)
        assert b"alive" in await ask(port, b"GET /healthz HTTP/1.0\r\n\r\n")


async def test_a_port_that_is_taken_is_one_line_and_no_crash(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as taken, caplog.at_level(logging.WARNING):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        await Monitoring(address, reporter(), lambda _: None).serve()
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == ["no metrics"]
    assert address in caplog.text
    await Monitoring(None, reporter(), lambda _: None).serve()


def test_other_machines_are_not_answered() -> None:
    with pytest.raises(ConfigError, match=r"shipper\.metrics.*reached from other machines"):
        from_mapping({"shipper": {"metrics": "0.0.0.0:7711"}}, origin="c")
    assert from_mapping({"shipper": {"metrics": None}}, origin="c").shipper.metrics is None


def test_series_are_bounded_and_stay() -> None:
    collector = PipelineCollector()
    many = [source(number) for number in range(MOST_SOURCES + 50)]
    collector.sources = many[:150]
    first = _shown(collector)
    collector.sources = list(reversed(many))
    second = _shown(collector)
    assert first < second
    assert len(second) == MOST_SOURCES
    totals = {f.name: f for f in collector.collect()}["logboom_shipper_lines_read"]
    assert [sample.value for sample in totals.samples] == [10.0 * len(many)]


def _shown(collector: PipelineCollector) -> set[str]:
    families = {family.name: family for family in collector.collect()}
    return {sample.labels["path"] for sample in families["logboom_source_lines_read"].samples}


def test_what_is_lost_and_what_is_dead_is_told() -> None:
    collector = PipelineCollector()
    collector.losses = [
        LossStatus(
            source="s",
            shipper="n1",
            run="r",
            path="/a",
            lines=4,
            bytes=9,
            days={},
            reason="x",
            at_ns=0,
        )
    ]
    collector.dead = [DeadStatus(store="d", at_ns=0, letters=3, bytes=70)]
    values = {f.name: [s.value for s in f.samples] for f in collector.collect()}
    assert values["logboom_shipper_lines_lost"] == [4]
    assert (values["logboom_dead_letters"], values["logboom_dead_letters_bytes"]) == ([3], [70])


def test_promtool_finds_no_fault_with_the_page() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")

    def tell(collector: PipelineCollector) -> None:
        collector.services = [reporter().status({"events_made": 5})]
        collector.sources = [source(1)]

    _, _, body = Monitoring(None, reporter(), tell).page("GET", "/metrics")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
