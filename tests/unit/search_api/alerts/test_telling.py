"""What an alert says of what has fired: its series, its search, its lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from search_api.alerts.alert import Alert, AlertState, moment_of
from search_api.alerts.evaluate import Transition
from search_api.alerts.states import Key
from search_api.alerts.telling import alert_of, events_of, shortened
from tests.unit.search_api.alerts.timeline import START_US, at, rule_of


def transition(values: tuple[str, ...] = (), *, no_data: bool = False) -> Transition:
    key = Key(values, no_data=no_data)
    return Transition(key, AlertState.FIRING, START_US, START_US, 0.5, "usually 3", events=9)


def test_an_alert_tells_its_series_and_its_search() -> None:
    rule = rule_of(
        "error_rate > 5%", by=["service", "host"], where="NOT logger:x",
        annotations={"summary": "{{ service.name }} {{ value | percent }}"},
        labels={"severity": "critical", "team": "web"},
    )  # fmt: skip
    alert = alert_of(rule, transition(("cart", "")), ())

    assert alert.labels == {
        "alertname": "Rule", "severity": "critical", "team": "web", "service.name": "cart",
    }  # fmt: skip
    assert alert.annotations == {"summary": "cart 50%", "baseline": "usually 3"}
    assert (
        alert.query == "NOT log.logger:x AND service.name:cart AND NOT host.name:* AND tags:error"
    )
    assert alert.condition == "error_rate > 5% over 1m"
    assert Alert.from_json(alert.to_json()) == alert
    silent = alert_of(rule, transition(("cart", ""), no_data=True), ())
    assert silent.labels["no_data"] == "true"
    assert silent.condition == "no data over 1m"
    assert silent.episode != alert.episode


def test_where_there_is_no_data_that_is_what_is_told() -> None:
    rule = rule_of(
        "error_rate > 5%", by=["service", "host"], no_data="alert",
        annotations={
            "summary": "{{ service.name }} fails {{ value | percent }} of requests",
            "description": "It was {{ measured }}.",
            "runbook": "https://wiki.example/{{ service.name }}",
        },
    )  # fmt: skip
    fires, silent = (
        alert_of(
            rule, replace(transition(("cart", ""), no_data=no_data), value=value, baseline=""), ()
        )
        for no_data, value in ((False, 0.5), (True, None))
    )

    assert fires.annotations["summary"] == "cart fails 50% of requests"
    assert silent.annotations == {
        "summary": "no data of service.name=cart over 1m: error_rate > 5% cannot be judged",
        "runbook": "https://wiki.example/cart",
    }


def test_a_template_may_say_itself_what_is_told_where_there_is_no_data() -> None:
    template = "{{ 'silent' if labels.no_data | default('') else value | percent }}"
    rule = rule_of("error_rate > 5%", no_data="alert", annotations={"summary": template})
    silent = alert_of(rule, replace(transition(no_data=True), value=None, baseline=""), ())
    assert silent.annotations == {"summary": "silent"}


def test_an_alert_is_about_a_group_of_errors_when_its_lines_are() -> None:
    of_one = [{"error": {"fingerprint": "f"}}] * 2
    assert alert_of(rule_of("count > 1"), transition(), of_one).error_group == "f"
    mixed = [*of_one, {"error": {"fingerprint": "g"}}]
    assert alert_of(rule_of("count > 1"), transition(), mixed).error_group is None
    new = rule_of("new_error")
    assert alert_of(new, transition(("f2",)), ()).error_group == "f2"
    assert "error.fingerprint:f2" in alert_of(new, transition(("f2",)), ()).query


def test_the_lines_of_an_alert_are_those_that_are_wrong() -> None:
    ratio = rule_of("ratio('status:>=500', 'status:*') > 1%")
    assert alert_of(ratio, transition(), ()).query == 'http.response.status_code:["500" TO *]'
    slow = rule_of("avg(event.duration) > 1s")
    assert alert_of(slow, transition(), ()).query == "event.duration:*"
    assert events_of(rule_of("count > 1"), ()) == rule_of("count > 1").where


def test_samples_are_short() -> None:
    large = at(0, "x" * 5_000, attributes={"a": "y" * 100_000}, service={"name": "cart"})
    (short,) = shortened([large])
    assert short["service"] == {"name": "cart"}
    assert len(short["message"]) < 700
    assert "attributes" not in short
    assert len(shortened([at(0)] * 9)) == 5
    assert shortened([large], room=100) == []
    odd = at(0, attributes={"n": 2**70})
    assert shortened([odd])[0]["message"] == "something"


def test_moments_are_exact() -> None:
    assert moment_of(START_US + 1) == datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=UTC)
