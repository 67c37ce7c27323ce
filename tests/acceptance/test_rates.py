"""Rates are what searches count: after kills, replays and late events, in both forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from tests.flow import Pipeline
from tests.polling import eventually
from tests.rates import await_rates
from tests.writing import LogWriter

EVENTS = 12_000
RATE = 3_000
LATE = 16
SHOPS = "service:shop-*"

pytestmark = [pytest.mark.slow]


def write_late(path: Path, number: int) -> None:
    """Events of some hours and of some days ago."""
    now = datetime.fromtimestamp(SystemClock().now_ns() // 1_000_000_000, UTC)
    with path.open("a") as file:
        for n in range(number):
            moment = now - timedelta(hours=3 * n)
            event = {
                "timestamp": moment.isoformat(), "level": "ERROR", "message": f"late {n}",
                "service": f"shop-{n % 7}", "seq": 1_000_000 + n,
            }  # fmt: skip
            file.write(json.dumps(event) + "\n")


@pytest.mark.timeout(1200)
def test_rates_are_what_searches_count_though_the_processor_is_killed(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    writer = LogWriter(tmp_path / "logs" / "app.log", count=EVENTS, per_second=RATE)
    writer.start()
    for part in (0.2, 0.5, 0.8):
        _await_written(writer, int(EVENTS * part))
        pipeline.kill("process")
    writer.join()
    write_late(tmp_path / "logs" / "late.log", LATE)
    pipeline.await_count(SHOPS, EVENTS + LATE, timeout_s=240)
    assert pipeline.count(SHOPS) == EVENTS + LATE
    for tier, begin in (("1m", "now-5h/h"), ("5m", "now-1d/d"), ("1h", "now-6d/d")):
        assert pipeline.ask("services", from_=begin)["tier"] == tier
        await_rates(pipeline, begin)


def _await_written(writer: LogWriter, number: int) -> None:
    eventually(lambda: writer.written >= number, timeout_s=120, what="the load goes on")
