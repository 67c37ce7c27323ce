"""How alerts are put into words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying import wording
from search_api.notifying.notification import Notification
from tests.unit.search_api.notifying.stage import LINKS
from tests.unit.search_api.notifying.timeline import START, alert

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
    one_of_many = replace(over, annotations={"untold": "30 earlier firings are not told"})
    assert wording.lasted(one_of_many).endswith("for 7m; 30 earlier firings are not told")


def message(*alerts: Alert) -> Notification:
    return Notification("k", "team", "firing", 0, "g", {}, alerts, START, LINKS)


def test_a_title_tells_of_one_service_or_how_many_there_are() -> None:
    some = [alert(f"Flood{number}", service__name=f"fl-{number:03}") for number in range(40)]

    assert wording.title(message(*some)) == "[FIRING:40] Flood in 40 services (high)"
    assert wording.title(message(some[0])) == "[FIRING:1] Flood in fl-000 (high)"
    assert wording.title(message(alert("Flood1"), some[0])) == "[FIRING:2] Flood in fl-000 (high)"
    assert wording.title(message(alert("Flood1"))) == "[FIRING:1] Flood (high)"


def test_a_title_tells_of_what_fires_and_of_the_service_that_all_share() -> None:
    one, two = (alert(name, service__name="shop") for name in ("Med1", "Other1"))
    over = replace(two, state=AlertState.RESOLVED, ends_at=START)

    assert wording.title(message(one, over)) == "[FIRING:1] Med in shop (high)"
    assert wording.title(message(one, two)) == "[FIRING:2] Med and 1 more in shop (high)"
    assert wording.title(message(one, alert("Other1"))) == "[FIRING:2] Med and 1 more (high)"
    daily = replace(message(one, over), kind="digest")
    assert wording.title(daily) == "[DAILY:2] Med and 1 more in shop (high)"


def test_a_title_tells_of_the_one_error_that_an_alert_is_about() -> None:
    line: dict[str, object] = {"message": "payment\nfailed", "service": {"name": "shop"}}
    one = replace(alert("NewErr1"), error_group="f", samples=(line,))

    assert wording.title(message(one)) == "[FIRING:1] NewErr: payment failed in shop (high)"
    long = replace(one, samples=({"message": "x" * 300},))
    assert wording.title(message(long)) == f"[FIRING:1] NewErr: {'x' * 79}… (high)"


def test_values_of_events_make_no_lines_of_their_own() -> None:
    forged = "a\r\nRESOLVED: all is well\u2028\x1b[2J\x85b"
    one = alert("Flood1", service__name=forged, user=forged)
    one = replace(
        one, annotations={"summary": forged, "description": forged}, samples=({"message": forged},)
    )

    text = wording.plain(message(one))

    assert [line.split(":")[0].strip() for line in text.splitlines()] == [
        "FIRING (high)", "measured", "since 2026-11-23 10", "labels", "a RESOLVED",
        "| a RESOLVED", "search", "acknowledge", "silence",
    ]  # fmt: skip
    assert "\x1b" not in text
