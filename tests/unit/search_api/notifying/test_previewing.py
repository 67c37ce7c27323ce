"""What a backtest shows is what receivers would have got."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from search_api.alerts.backtest import Backtest, backtest
from search_api.alerts.rules import US
from search_api.alerts.source import MemorySource
from search_api.notifying import wording
from search_api.notifying.notification import notification_of
from search_api.notifying.previewing import previews
from search_api.notifying.receivers.document import document
from tests.unit.search_api.alerts.timeline import START_US, error, many, rule_of
from tests.unit.search_api.notifying.telling import LINKS
from tests.unit.search_api.notifying.timeline import Timeline, plan


def tried(**fields: Any) -> Backtest:
    rule = rule_of(
        "error_rate > 5%", by=["service"], min_events=5, labels={"severity": "critical"},
        annotations={"summary": "{{ service.name }} fails {{ value | percent }}"},
    )  # fmt: skip
    shop = {"service": {"name": "shop"}, "log": {"level": "error"}, **fields}
    events = [*(error(s, **shop) for s in (31, 32, 33)), *many(30, 60, 1, service__name="shop")]
    until_us = START_US + 300 * US
    return asyncio.run(backtest(MemorySource(events), rule, START_US, until_us))


def live(result: Backtest) -> list[dict[str, Any]]:
    """What the pipeline sends for the same alerts, one after the other."""
    timeline = Timeline(plan(route={"receiver": "team", "group_by": ["..."]}), stuck=True)
    sent = []
    for one in result.alerts:
        timeline.now = one.ends_at or one.window[1]
        timeline._step([one])
        for group in timeline.groups.values():
            for delivery in group.pending[-1:]:
                message = notification_of(group, delivery, LINKS)
                assert message is not None
                sent.append({**document(message), "text": wording.plain(message)})
    return sent


def test_a_preview_is_the_payload_that_is_sent() -> None:
    result = tried()
    shown = previews(result.alerts, LINKS)

    assert [one["state"] for one in shown] == ["firing", "resolved"]
    for mine, theirs in zip(shown, live(result), strict=True):
        title, text = mine.pop("title"), mine.pop("text")
        assert (title, text) == (theirs["title"], theirs["text"])
        assert [mine] == theirs["alerts"]


def test_it_has_what_a_message_carries() -> None:
    first, second = previews(tried().alerts, LINKS)

    assert first["title"] == "[FIRING:1] Rule in shop (critical)"
    assert first["annotations"]["summary"] == "shop fails 16.7%"
    assert (first["value"], first["threshold"], first["unit"]) == (3 / 18, 0.05, "share")
    assert first["samples"][0]["message"] == "something"
    assert "measured: 16.7%, where error_rate > 5% over 1m is alerted" in first["text"]
    assert first["links"]["search"].startswith("https://logs.example/api/v1/search?q=")
    assert second["title"] == "[RESOLVED] Rule in shop (critical)"
    assert second["samples"] == first["samples"]


def test_previews_of_large_events_are_small() -> None:
    shown = previews(tried(message="x" * 100_000, attributes={"a": "y" * 100_000}).alerts, LINKS)

    assert all(len(orjson.dumps(one)) < 20_000 for one in shown)
    assert {*shown[0]["samples"][0]} <= {
        "@timestamp", "message", "log.level", "service.name", "host.name", "trace.id",
    }  # fmt: skip
