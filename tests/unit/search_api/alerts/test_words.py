"""The words of alerts: numbers as people write them, and an end in the words of what has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.event import Event
from search_api.alerts.alert import Alert
from search_api.alerts.backtest import backtest
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.notifying import wording
from tests.unit.search_api.alerts.timeline import START_US, error, many, rule_of

CART, SHOP = {"service__name": "cart"}, {"service__name": "shop"}


async def alerts(events: Sequence[Event], until: int = 600, **settings: Any) -> list[Alert]:
    """What a rule tells of some events, in their order."""
    rule = rule_of(settings.pop("when"), by=["service"], **settings)
    source = MemorySource(events)
    return (await backtest(source, rule, START_US - 1, START_US + until * US)).alerts


async def test_a_whole_number_has_no_point() -> None:
    events = [error(second, **CART) for second in range(14)]
    summary = "{{ value }} of more than {{ threshold }}, {{ value / 4 }} each"

    first, _ = await alerts(events, when="errors > 5", annotations={"summary": summary})

    assert first.annotations["summary"] == "14 of more than 5, 3.5 each"
    assert first.value == 14.0


async def test_the_end_is_told_in_the_words_of_what_has_ended() -> None:
    events = [error(5, **CART), *many(6, 9, 1, **CART)]
    summary = "{{ service.name }} fails {{ value | percent }} of {{ events }} requests"

    first, last = await alerts(events, when="error_rate > 20%", annotations={"summary": summary})

    assert wording.headline(last) == wording.headline(first) == "cart fails 25% of 4 requests"
    assert wording.measured(first) == "25%, where error_rate > 20% over 1m is alerted"
    assert last.value is None  # nothing comes any more
    assert wording.measured(last) == "nothing any more, where error_rate > 20% over 1m is alerted"


async def test_they_are_the_words_of_when_it_held_last() -> None:
    """What was measured at its begin may be long ago."""
    events = [*many(0, 60, 1, **CART), *(error(second + 0.5, **CART) for second in range(30, 60))]

    first, last = await alerts(
        events, when="errors >= 10", annotations={"summary": "{{ value }} errors"}, over="30s"
    )

    assert first.annotations["summary"] == "15 errors"
    assert last.annotations["summary"] == "15 errors"
    assert (last.value, wording.measured(last)) == (
        0.0,
        "0, where errors >= 10 over 30s is alerted",
    )


async def test_so_it_is_with_several_comparisons() -> None:
    events = [error(second, **CART) for second in range(5)]
    summary = {"summary": "{{ value }}: {{ measured }}"}

    first, last = await alerts(events, when="count > 9 or errors > 3", annotations=summary)

    assert first.annotations["summary"] == "5: count 5 and errors 5"
    assert last.annotations["summary"] == "5: count 5 and errors 5"
    assert (last.value, last.measured) == (0.0, {"count": 0.0, "errors": 0.0})


async def test_so_it_is_with_what_is_forgotten() -> None:
    events = [*many(0, 60, 5, **CART), *many(0, 600, 5, **SHOP)]
    summary = {"summary": "{{ service.name }} has {{ value | number }} events"}

    first, last = await alerts(events, when="count < 2", annotations=summary, remember="2m")

    assert first.annotations == {"summary": "cart has 0 events"}
    assert last.annotations["summary"] == "cart has 0 events"
    assert "forgotten" in last.annotations["resolved"]
