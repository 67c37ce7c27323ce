"""Rules that can never fire, or always do, are refused, with what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.errors import ConfigError
from tests.unit.search_api.alerts.timeline import rule_of

REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"when": "count < 3", "min_events": 10},
     ["when: count < 3 and min_events: 10 can never both be", "leave min_events out"]),
    ({"when": "rate < 1/m", "over": "5m", "min_events": 5}, ["rate < 1/m and min_events: 5"]),
    ({"when": "errors > 10 and count < 5"},
     ["errors > 10 and count < 5 can never both be", "join them with `or`"]),
    ({"when": "errors > 10 and rate < 1/m", "over": "5m"}, ["errors > 10 and rate < 1/m"]),
    ({"when": "rate > 1/s and count < 60"}, ["rate > 1/s and count < 60 can never both"]),
    ({"when": "count > 2 and count < 3"}, ["count > 2 and count < 3 can never both"]),
    ({"when": "count == 5 and count == 6"}, ["count == 6 and count == 5 can never both"]),
    ({"when": "count == 5 and count > 5"}, ["count > 5 and count == 5 can never both"]),
    ({"when": "rate == 0.001/s"}, ["rate == 0.001/s can never be"]),
    ({"when": "error_rate > 50% and errors < 10 and count > 100"}, ["can never all be"]),
    ({"when": "error_rate < 5% and errors > 10 and count < 50"}, ["can never all be"]),
    ({"when": "error_rate > 5% and absent"}, ["error_rate > 5% and absent can never both"]),
    ({"when": "errors > 5 and absent"}, ["errors > 5 and absent can never both"]),
    ({"when": "count > 5 or count <= 5"}, ["is always true"]),
    ({"when": "count >= 5 or errors < 9"}, ["is always true"]),
    ({"when": "not (absent and count > 0)"}, ["is always true"]),
    ({"when": "count > 1e18"}, ["count > 1e18 can never be", "no window has so many events"]),
    ({"when": "count < 1e18"}, ["count < 1e18 is always true"]),
    ({"when": "errors >= 1e16"}, ["can never be"]),
    ({"when": "rate > 1e10/s"}, ["can never be", "in a second"]),
    ({"when": "error_rate < 1.5"}, ["is always true", "share from 0 to 1", "write 1.5%"]),
    ({"when": "error_rate <= 100%"}, ["is always true"]),
    ({"when": "error_rate > -1"}, ["is always true"]),
    ({"when": "distinct(user.id) == -1"}, ["can never be", "never below 0"]),
    ({"when": "ratio('status:>=500', 'status:*') > 1"}, ["can never be", "share from 0 to 1"]),
    ({"when": "ratio('level:error', '*:*') > 150%"}, ["can never be"]),
    ({"when": "max(event.duration) > 1000 h", "over": "5m", "recovery": "1e20 h"},
     ["recovery", "can never be"]),
    ({"when": "avg(event.duration) > 1e9 h"}, ["can never be", "64 bits"]),
    ({"when": "distinct(service.name) > 1", "by": ["service.name"]},
     ["by: ", "says nothing", "take service.name out of `by`"]),
    ({"when": "spike(distinct(service)) > 3", "by": ["service"]}, ["says nothing"]),
    ({"when": "error_rate > 5%", "where": "tags:error AND service:shop"},
     ["it is 100%", "take tags:error out of `where`"]),
    ({"when": "errors > 5", "where": "NOT tags:error"}, ["lets no errors through"]),
    ({"when": "new_error", "where": "service:shop AND NOT tags:error"}, ["lets no errors through"]),
    ({"when": "count > 5", "where": "level:error AND level:warn"},
     ["where: ", "log.level:error and log.level:warn", "join with OR"]),
    ({"when": "count > 5", "where": "service:shop AND (status:>=500 AND NOT service:shop)"},
     ["no event fits it"]),
    ({"when": "ratio('level:error', '*:*') > 5%", "where": "level:info"}, ["always 0"]),
    ({"when": "count > 5", "where": "level:errror"}, ["no level 'errror'", "did you mean error?"]),
    ({"when": "new_error", "over": "5m", "for": "10m"}, ["for: 10m never passes", "new for 5m"]),
    ({"when": "absent", "by": ["service"], "remember": "5m", "for": "10m"},
     ["for: 10m never passes", "forgotten after 5m", "make `remember` longer"]),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "words"), REFUSED, ids=lambda one: str(one)[:60])
def test_what_never_holds_or_always_does_is_refused(
    settings: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as told:
        rule_of(**settings)

    for word in words:
        assert word in str(told.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"when": "count < 3", "min_events": 2},
        {"when": "errors > 10 and count < 12"},
        {"when": "(count > 9 or errors > 5) and count < 8"},
        {"when": "rate >= 1/s and count <= 60"},
        {"when": "rate > 0.1/s and count < 8"},
        {"when": "error_rate >= 57% and errors <= 57 and count >= 100"},
        {"when": "error_rate <= 29% and errors >= 29 and count <= 100"},
        {"when": "count > 5 unless error_rate > 5%"},
        {"when": "absent unless error_rate > 5%"},
        {"when": "absent or errors > 5"},
        {"when": "error_rate >= 100% and count > 20"},
        {"when": "spike(count) > 3 and count > 5"},
        {"when": "distinct(user.id) > 1", "by": ["service.name"]},
        {"when": "distinct(tags) > 1", "by": ["tags"]},
        {"when": "distinct(attributes.role) > 2", "by": ["attributes.role"]},
        {"when": "ratio('level:error', 'level:info') > 2"},
        {"when": "ratio('status:>=500', 'status:*') >= 1"},
        {"when": "errors > 5", "where": "tags:error AND tags:slow"},
        {"when": "count > 5", "where": "service:shop* AND service:shop-pay"},
        {"when": "count > 5", "where": "level:(error OR warn)"},
        {"when": "count > 5", "where": "message:red AND message:blue"},
        {"when": "new_error", "over": "10m", "for": "5m"},
        {"when": "not new_error", "over": "5m", "for": "10m"},
        {"when": "absent", "by": ["service"], "for": "10m"},
        {"when": "not absent", "by": ["service"], "remember": "5m", "for": "10m"},
        {"when": "min(event.duration) < 0 s"},
        {"when": "avg(temperature) < -5"},
        {"when": "sum(event.duration) > 1e9 h"},
    ],
    ids=str,
)
def test_what_may_hold_is_taken(settings: dict[str, Any]) -> None:
    assert rule_of(**settings).when.parts
