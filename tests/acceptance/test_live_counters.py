"""The counters on `/metrics` follow the lines that are written, within seconds."""

from __future__ import annotations

import statistics
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from logboom.clock import SystemClock
from tests.flow import Pipeline
from tests.polling import eventually
from tests.writing import event

LINES = 40
TOLD_WITHIN_S = 5.0
"""What docs/metrics.md promises; half of the lines must keep to it even on a machine that is busy."""

pytestmark = [pytest.mark.slow]


def test_a_line_is_counted_within_five_seconds(pipeline: Pipeline, tmp_path: Path) -> None:
    clock = SystemClock()
    log = tmp_path / "logs" / "app.log"
    log.write_bytes(event(0))
    eventually(lambda: counted(pipeline) == 1, timeout_s=120, what="the first line is counted")
    written_s, seen_s = [0.0], [0.0]

    def all_are_seen() -> bool:
        if len(written_s) < LINES:
            with log.open("ab") as file:
                file.write(event(len(written_s)))
            written_s.append(clock.monotonic())
        number = counted(pipeline)
        seen_s.extend([clock.monotonic()] * (number - len(seen_s)))
        return number == LINES

    eventually(all_are_seen, timeout_s=240, what="all lines are counted")
    delays_s = [seen - written for written, seen in zip(written_s, seen_s, strict=True)]
    assert statistics.median(delays_s[1:]) <= TOLD_WITHIN_S


def counted(pipeline: Pipeline) -> int:
    """Events of the shops, as a scrape of the API has them."""
    try:
        with urlopen(f"{pipeline.url}/metrics", timeout=10) as answer:
            page = answer.read().decode()
    except (URLError, OSError):
        return 0
    return round(
        sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == "logboom_log_events_total"
            and sample.labels["service_name"].startswith("shop-")
        )
    )
