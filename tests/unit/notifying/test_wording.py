"""How alerts are put into words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from search_api.alerts.alert import Alert
from search_api.notifying import wording
from tests.unit.notifying.timeline import START, alert

BARE = alert("ep1")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (BARE, "20%, where error_rate > 0.05 over 2m is alerted"),
        (
            replace(
                BARE, value=1.25e9, threshold=1e9, unit="ns", condition="max(duration) > 1 s over 1m"
            ),
            "1.25 s, where max(duration) > 1 s over 1m is alerted",
        ),
        (replace(BARE, value=1.0, threshold=None, condition="absent over 5m"), "absent over 5m"),
        (replace(BARE, value=None, condition="no data over 5m"), "no data over 5m"),
        (
            replace(
                BARE, value=4.0, threshold=3.0, unit="times", condition="spike(errors) > 3 over 5m",
                annotations={"baseline": "usually 12"},
            ),
            "4x, where spike(errors) > 3 over 5m is alerted; usually 12",
        ),
        (
            replace(
                BARE, measured={"p95(duration)": 2e9, "avg(size)": None},
                units={"p95(duration)": "ns"}, condition="both over 5m",
            ),
            "p95(duration) 2 s and avg(size) nothing, where both over 5m is alerted",
        ),
    ],
)  # fmt: skip
def test_what_was_measured(told: Alert, words: str) -> None:
    assert wording.measured(told) == words


def test_how_long_it_lasted_and_why_it_is_over() -> None:
    over = replace(BARE, ends_at=START + timedelta(minutes=7))
    assert wording.lasted(BARE) == "since 2026-11-23 10:00:00 UTC"
    assert wording.lasted(over) == "since 2026-11-23 10:00:00 UTC, for 7m"
    ended = replace(over, annotations={"resolved": "the rule was changed"})
    assert wording.lasted(ended).endswith("for 7m: the rule was changed")
