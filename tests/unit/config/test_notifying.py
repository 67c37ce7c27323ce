"""The settings of telling: short forms, and mistakes that teach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from logboom.config import Config, from_mapping
from logboom.errors import ConfigError
from search_api.notifying.plan import plan_of

HOOK = {"name": "hook", "webhook": "https://ops.example/hook"}


def alerts(**settings: Any) -> Config:
    return from_mapping({"alerts": settings}, origin="logboom.yaml")


def test_the_short_forms() -> None:
    receivers = [
        HOOK,
        {"name": "slack", "slack": "https://hooks.example/T"},
        {"name": "am", "alertmanager": "http://am:9093"},
        {"name": "pd", "pagerduty": "KEY"},
        {"name": "sms", "apprise": ["twilio://x"]},
    ]
    made = alerts(receivers=receivers, escalation=["pd", "sms"]).alerts
    assert [one.kind for one in made.receivers] == [
        "webhook",
        "slack",
        "alertmanager",
        "pagerduty",
        "apprise",
    ]
    assert [step.after for step in made.escalation.steps] == [
        timedelta(minutes=5),
        timedelta(minutes=15),
    ]
    assert "KEY" not in repr(made)
    assert "ops.example" not in repr(made)


def test_the_first_receiver_gets_everything_without_a_route() -> None:
    made = plan_of(alerts(receivers=[HOOK]).alerts)
    assert made is not None
    assert (made.root.receiver, made.root.group_by) == ("hook", ("alertname", "service.name"))
    assert plan_of(alerts().alerts) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"receivers": [{"name": "x"}]}, "says not what it is"),
        ({"receivers": [HOOK | {"slack": "https://s.example/"}]}, "webhook and slack at once"),
        ({"receivers": [HOOK, HOOK]}, "two receivers named hook"),
        ({"receivers": [{"name": "x", "webhook": "ops.example"}]}, "is no URL"),
        ({"receivers": [{"name": "x", "webhok": "https://ops.example"}]}, "did you mean webhook?"),
        ({"receivers": [HOOK], "route": {"receiver": "hok"}}, "did you mean hook?"),
        ({"receivers": [HOOK], "route": {}}, "needs a `receiver`"),
        ({"receivers": [HOOK], "route": {"receiver": "hook", "match": {"a": "b"}}}, "takes every alert"),
        ({"receivers": [HOOK], "route": {"receiver": "hook", "contine": True}}, "did you mean continue?"),
        ({"receivers": [HOOK], "route": {"receiver": "hook", "routes": [{"matchers": ["x"]}]}}, "is no matcher"),
        ({"receivers": [HOOK], "route": {"receiver": "hook", "group_wait": 5}}, "has no unit"),
        ({"receivers": [HOOK], "escalation": ["hook"] * 4}, "more than three levels"),
        ({"receivers": [HOOK], "mute_times": [{"name": "n", "hours": ["25:00-26:00"]}]}, "are no hours"),
        ({"receivers": [HOOK], "mute_times": [{"name": "n", "zone": "Mars"}]}, "is no time zone"),
        ({"receivers": [HOOK], "route": {"receiver": "hook", "mute_times": ["n"]}}, "no mute time named n"),
        ({"receivers": [{"name": "m", "email": {"host": "h", "sender": "a@b", "to": ["c@d"], "security": "none",
                                                 "username": "u", "password": "p"}}]}, "in the clear"),
    ],
)  # fmt: skip
def test_mistakes_teach(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        alerts(**settings)
    assert words in str(caught.value)
