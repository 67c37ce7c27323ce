"""Rotation by copy and truncation, under load and across a crash: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.writing import LogWriter

EVENTS = 20_000
RATE = 4_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_copytruncate_loses_nothing_and_doubles_nothing(
    following: Pipeline, tmp_path: Path
) -> None:
    writer = LogWriter(
        tmp_path / "logs" / "app.log", count=EVENTS, per_second=RATE, rotate_every=EVENTS // 5,
        by_copy=True,
    )  # fmt: skip
    writer.start()
    eventually(lambda: writer.written > EVENTS // 2, timeout_s=60, what="half of it is written")
    following.kill("ship")
    writer.join()
    eventually(
        lambda: following.count("service:shop-*") >= EVENTS, timeout_s=120, what="all are found"
    )
    verdict = verify(following.sequence_ids("service:shop-*"), EVENTS)
    assert verdict.green, f"{verdict}\n{following.said()}"
    assert following.doctor(wait_s=20) == 0
