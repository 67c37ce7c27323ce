"""alertmanager.yml in our terms."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from logboom.config import expand, from_mapping
from logboom.config.notifying import NotifyingSection
from logboom.importing import as_yaml
from logboom.importing.alertmanager import import_alertmanager
from search_api.alerts.reading import read_rules
from search_api.notifying.plan import plan_of

USUAL = """
global:
  smtp_smarthost: 'localhost:587'
  smtp_from: 'alerts@example.org'
  slack_api_url: 'https://hooks.slack.example/SECRET'
  resolve_timeout: 5m
route:
  group_by: ['alertname', 'cluster']
  group_wait: 10s
  group_interval: 10s
  repeat_interval: 1h
  receiver: 'web.hook'
  routes:
    - match: {severity: critical}
      receiver: oncall
      continue: true
    - match_re: {service: '^(shop|cart)$'}
      matchers: ['team="a,b"', 'env!~"dev|test"']
      receiver: mails
      mute_time_intervals: [nights]
    - matchers: ['{severity="info", team="x"}']
      receiver: 'null'
receivers:
  - name: web.hook
    webhook_configs: [{url: 'http://127.0.0.1:5001/', send_resolved: true}]
  - name: oncall
    pagerduty_configs: [{routing_key: VERYSECRET, severity: critical}]
    slack_configs: [{channel: '#alerts', send_resolved: true}]
  - name: mails
    email_configs: [{to: 'a@example.org, b@example.org', auth_username: bot, auth_password: SECRET}]
    victorops_configs: [{api_key: SECRET}]
  - name: 'null'
inhibit_rules:
  - source_match: {severity: critical}
    target_match: {severity: warning}
    equal: [alertname, instance]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: '22:00', end_time: '24:00'}]
        weekdays: ['monday:friday']
        location: Asia/Seoul
      - weekdays: [saturday, sunday]
  - name: feasts
    time_intervals: [{months: [december]}]
templates: ['/etc/alertmanager/*.tmpl']
"""


def translated(text: str) -> tuple[dict[str, Any], str]:
    translation = import_alertmanager(text, origin="alertmanager.yml")
    written = as_yaml(translation, origin="alertmanager.yml")
    content = yaml.safe_load(written.replace("${", "https://x.example/").replace("}", "")) or {}
    from_mapping(expand(content), origin="logboom.yaml")
    return dict(translation.settings["alerts"]), written


def test_mute_times_hold_for_each_way_of_a_receiver() -> None:
    text = USUAL.replace("      receiver: mails\n", "      receiver: oncall\n")
    alerts, _ = translated(text)
    shop = alerts["route"]["routes"][1]
    assert shop["mute_times"]
    assert [route["mute_times"] for route in shop["routes"]] == [shop["mute_times"]] * 2


def test_a_usual_file() -> None:
    alerts, written = translated(USUAL)
    assert "SECRET" not in written
    route = alerts["route"]
    assert {name: route[name] for name in ("group_by", "group_wait", "group_interval", "repeat_interval", "receiver")} == {
        "group_by": ["alertname", "cluster"], "group_wait": "10s", "group_interval": "10s",
        "repeat_interval": "1h", "receiver": "web.hook",
    }  # fmt: skip
    critical, shop, nobody = route["routes"]
    assert critical["matchers"] == ['severity="critical"']
    assert critical["continue"] is True
    assert critical["routes"] == [
        {"receiver": "oncall 2", "continue": True},
        {"receiver": "oncall"},
    ]
    assert shop["matchers"] == ['service=~"^(shop|cart)$"', 'team="a,b"', 'env!~"dev|test"']
    assert shop["mute_times"] == ["nights", "nights 2"]
    assert (nobody["matchers"], nobody["mute_times"]) == (
        ['severity="info"', 'team="x"'],
        ["always quiet"],
    )
    assert alerts["inhibit"] == [
        {
            "source": ['severity="critical"'],
            "target": ['severity="warning"'],
            "equal": ["alertname", "instance"],
        }
    ]
    assert alerts["mute_times"] == [
        {
            "name": "nights",
            "days": ["mon", "tue", "wed", "thu", "fri"],
            "hours": ["22:00-24:00"],
            "zone": "Asia/Seoul",
        },
        {"name": "nights 2", "days": ["sat", "sun"]},
        {"name": "always quiet"},
    ]
    hook, pager, slack, mail = alerts["receivers"]
    assert hook == {"name": "web.hook", "webhook": "http://127.0.0.1:5001/", "allow_private": True}
    assert pager == {"name": "oncall", "pagerduty": "${LOGBOOM_ONCALL_KEY}"}
    assert slack == {"name": "oncall 2", "slack": "${LOGBOOM_SLACK_URL}"}
    assert mail["email"]["to"] == ["a@example.org", "b@example.org"]
    assert (mail["send_resolved"], mail["allow_private"]) == (False, True)


def test_warnings_go_where_they_went() -> None:
    """Rules call them medium."""
    alerts, _ = translated(
        "route: {receiver: a, routes: [{match: {severity: warning}, receiver: b}]}\n"
        "receivers: [{name: a, webhook_configs: [{url: 'https://a.example/'}]},"
        " {name: b, webhook_configs: [{url: 'https://b.example/'}]}]"
    )
    (rule,) = read_rules(
        "groups: [{name: g, rules: [{alert: A, when: count > 1, labels: {severity: warning}}]}]",
        origin="rules",
    )[0].rules
    made = plan_of(NotifyingSection.model_validate(alerts))
    assert made is not None
    assert [one.receiver for one in made.root.ways(rule.labels)] == ["b"]


@pytest.mark.parametrize(
    "words",
    [
        "`resolve_timeout` is left out", "`victorops_configs` is not translated", "`months` has no equal",
        "`channel` is left out", "'null' tells nobody", "`templates` is left out", "gets our own JSON",
    ],
)  # fmt: skip
def test_what_differs_is_named(words: str) -> None:
    _, written = translated(USUAL)
    assert words in " ".join(written.replace("#", " ").split())


def test_what_is_not_said_means_what_it_meant() -> None:
    alerts, _ = translated(
        "route: {receiver: a}\nreceivers: [{name: a, discord_configs: [{webhook_url: 'https://d'}]}]"
    )
    assert alerts["route"] == {
        "receiver": "a", "group_by": [], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h",
    }  # fmt: skip


def test_everything_else_is_named() -> None:
    text = """
route: {receiver: a, odd: 1, active_time_intervals: [x]}
receivers: [{name: a, webhook_configs: [{url: 'https://h.example/', odd: 2}]}]
tracing: {endpoint: x}
"""
    _, written = translated(text)
    for words in (
        "`odd` is not translated",
        "`active_time_intervals` is left out",
        "`tracing.endpoint`",
    ):
        assert words in " ".join(written.replace("#", " ").split())


def test_the_service_is_called_as_imported_rules_call_it() -> None:
    alerts, _ = translated(
        """
route:
  receiver: a
  group_by: [alertname, service_name]
  routes:
    - matchers: ['service_name="cart"']
    - match: {service_name: shop}
    - match_re: {service_name: 'pay.*'}
receivers: [{name: a, webhook_configs: [{url: 'http://127.0.0.1:5001/'}]}]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning", service_name!="x"]
    equal: [service_name]
"""
    )
    route, inhibit = alerts["route"], alerts["inhibit"][0]
    assert route["group_by"] == ["alertname", "service.name"]
    assert [one["matchers"] for one in route["routes"]] == [
        ['service.name="cart"'], ['service.name="shop"'], ['service.name=~"pay.*"'],
    ]  # fmt: skip
    assert inhibit["equal"] == ["service.name"]
    assert inhibit["target"][1] == 'service.name!="x"'
