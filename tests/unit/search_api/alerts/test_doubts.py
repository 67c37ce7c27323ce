"""What a rule may say and hardly mean is told, and not refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from logboom.query.memory import compile_query
from logboom.query.model import Query
from logboom.store import TimeRange
from search_api.alerts.doubts import doubts_of, not_looked_at, unseen
from search_api.alerts.expressions import fields_in
from search_api.alerts.rules import DAY_US, US
from search_api.alerts.source import MemorySource
from tests.unit.search_api.alerts.timeline import START_US, at, rule_of


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"when": "count > 3", "min_events": 10},
         ["count > 3 says nothing: min_events: 10 is more"]),
        ({"when": "rate > 1/m", "over": "5m", "min_events": 20}, ["rate > 1/m says nothing"]),
        ({"when": "count > 5", "where": "statuscode:>=500"}, ["statuscode: did you mean status?"]),
        ({"when": "count > 5", "by": ["usr"]}, ["usr: did you mean user?", "attributes.usr"]),
        ({"when": "distinct(lvl) > 5"}, ["lvl: events have it as log.level", ": write distinct(log.level) > 5"]),
        ({"when": "ratio('lvl:error', '*:*') > 5%"}, ["lvl: events have it as log.level"]),
        ({"when": "avg(response_time_ms) > 1000 ms", "for": "5m"},
         ["response_time_ms: events have it as event.duration", ": write avg(event.duration) > 1000 ms"]),
        ({"when": "p95(took) > 1000"}, ["took: events", ": write p95(event.duration) > 1000 ms"]),
        ({"when": "max(attributes.elapsed_s) > 1.5"}, [": write max(event.duration) > 1.5 s"]),
        ({"when": "spike(avg(latency_ms)) > 3"}, [": write spike(avg(event.duration)) > 3"]),
        ({"when": "count > 5", "where": "latency_ms:>5"}, ["events have it as event.duration"]),
        ({"when": "count > 5", "by": ["app"]}, ["app: events have it as service.name"]),
        ({"when": "count > 5", "by": ["attributes.service.name"]},
         ["events have it as service.name, hardly ever as attributes.service.name"]),
        ({"when": "error_rate > 5%", "where": "service:shop AND level:>=error"}, ["it is 100%"]),
        ({"when": "error_rate > 5% and count > 9", "where": "level:error"}, ["error_rate > 5%: "]),
        ({"when": "count > 5", "where": "level=error"}, ["looks for words", "level:VALUE"]),
        ({"when": "count > 5", "where": "status > 500 AND x"}, ["status >", "status:>VALUE"]),
        ({"when": "count > 5", "where": "service.name == 'shop'"}, ["service.name:VALUE"]),
        ({"when": "spike(max(attributes.duration)) > 5"}, ["events have it as event.duration"]),
        ({"when": "count > 5", "by": ["service", "trace"]},
         ["by: hardly two requests have the same trace.id", "1,000 at most", "service.name", "distinct(trace.id)"]),
        ({"when": "errors > 5", "by": ["span.id"]}, ["the same span.id"]),
        ({"when": "errors > 5", "by": ["transaction.id"]}, ["the same transaction.id"]),
        ({"when": "errors > 5", "by": ["log.offset"]}, ["hardly two events have the same log.offset"]),
        ({"when": "errors > 5", "by": ["event.original"]}, ["two events have the same event.original"]),
        ({"when": "errors > 5", "by": ["duration"]}, ["two events have the same event.duration"]),
        ({"when": "errors > 5", "by": ["requestId"]}, ["the same attributes.requestId"]),
        ({"when": "errors > 5", "by": ["ctx.correlation_id"]}, ["attributes.ctx.correlation_id"]),
        ({"when": "errors > 5", "by": ["uuid"]}, ["the same attributes.uuid"]),
        ({"when": "p95(event.duration) < -1 s"},
         ["p95(event.duration) < -1 s hardly ever holds: event.duration is not below 0"]),
        ({"when": "avg(event.duration) < 0 s and count > 5"}, ["avg(event.duration) < 0 s hardly ever"]),
        ({"when": "min(status) == -1"}, ["hardly ever holds: http.response.status_code is not"]),
        ({"when": "sum(http.response.body.bytes) >= 0"}, ["nearly always holds"]),
        ({"when": "max(event.duration) > -1 ms"}, ["max(event.duration) > -1 ms nearly always holds"]),
        ({"when": "max(event.duration) != -1 ms"}, ["nearly always holds"]),
    ],
    ids=str,
)  # fmt: skip
def test_it_is_told(settings: dict[str, Any], words: list[str]) -> None:
    (told,) = doubts_of(rule_of(**settings))

    for word in words:
        assert word in told


@pytest.mark.parametrize(
    "settings",
    [
        {"when": "count > 30", "min_events": 10},
        {"when": "error_rate > 5%", "where": "level:>=warn"},
        {"when": "errors > 5", "where": "level:error"},
        {"when": "error_rate > 5% and count > 100", "min_events": 20},
        {"when": "max(queue_time_ms) > 5 s", "by": ["customer", "attributes.hosts"]},
        {"when": "avg(queue.depth) > 5", "where": "attributes.levle:high AND region:eu"},
        {"when": "absent", "by": ["service"], "where": "level:error OR failed"},
        {"when": "max(event.duration) > 0 ms and min(event.duration) <= 0 ms"},
        {"when": "min(clock_skew_ms) < -1 s and avg(balance) < 0"},
        {"when": "count > 5", "by": ["user.id", "order_id", "session_id", "client.ip"]},
        {"when": "distinct(trace.id) > 5", "by": ["error.fingerprint", "container.id"]},
        {
            "when": "count > 5",
            "where": 'status:>=500 OR "level=error" OR message:"a = b" OR link:*q=5*',
        },
    ],
    ids=str,
)
def test_what_is_usual_is_not(settings: dict[str, Any]) -> None:
    assert doubts_of(rule_of(**settings)) == []


async def test_fields_that_no_event_has_are_told() -> None:
    source = MemorySource([at(5, attributes={"amount": 3}), at(-90_000, attributes={"old": 1})])
    now_us = START_US + 60 * US
    rule = rule_of("max(amount) > 5 and avg(amont) > 5", by=["usr"], where="old:1")

    assert await unseen(source, rule, now_us) == [
        "no event of the last day has attributes.old",
        "no event of the last day has attributes.usr: did you mean user?",
        "no event of the last day has attributes.amont",
    ]
    assert not await unseen(source, rule_of("max(amount) > 5"), now_us)
    assert len(await unseen(source, rule_of("max(amount) > 5"), now_us + DAY_US)) == 1


class Asked(MemorySource):
    """Remembers of which events it was asked what is lacking."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[Query] = []

    async def lacking(
        self, query: Query, _times: TimeRange, _fields: Sequence[str]
    ) -> Sequence[str]:
        self.queries.append(query)
        return ()


async def test_what_days_have_no_room_for_is_looked_for_in_all_events_of_a_rule() -> None:
    source = Asked()
    rule = rule_of("ratio('level:error AND x:1', 'level:info') > 5%", where="service:shop")
    await not_looked_at(source, rule, TimeRange())
    (query,) = source.queries
    assert list(fields_in(query)) == ["attributes.x"]
    matches = compile_query(query)
    for level in ("error", "info", "debug"):
        assert matches({"service": {"name": "shop"}, "log": {"level": level}}), level
    assert not matches({"service": {"name": "bank"}, "log": {"level": "error"}})
