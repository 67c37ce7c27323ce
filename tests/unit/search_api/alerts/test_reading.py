"""Rules as YAML, and what is said of mistakes in them."""

from __future__ import annotations

import pytest

from logboom.errors import ConfigError
from logboom.quantities import duration, number, percent, quantity
from search_api.alerts.conditions import parse_when
from search_api.alerts.reading import read_rules
from search_api.alerts.templates import Told, check_template, render
from tests.unit.search_api.alerts.timeline import rule_of

GROUP = """
groups:
  - name: community-platform
    every: 15s
    rules:
      - alert: HighErrorRate
        when: error_rate > 0.05
        over: 2m
        by: [service]
        where: 'NOT logger:healthcheck'
        min_events: 20
        for: 2m
        keep_firing_for: 5m
        recovery: 2%
        no_data: ok
        labels: {severity: critical, team: web}
        annotations: {summary: '{{ service.name }} fails {{ value | percent }} of requests'}
"""


def test_a_rule_is_read_with_all_it_says() -> None:
    (group,) = read_rules(GROUP, origin="rules.yaml")
    (rule,) = group.rules

    assert rule.id == "community-platform/HighErrorRate"
    assert rule.by == ("service.name",)
    assert rule.told == "error_rate > 0.05 over 2m"
    assert rule.condition.recovery == 0.02
    assert rule.labels == {"severity": "critical", "team": "web"}
    assert (rule.for_us, rule.keep_us, rule.min_events) == (120_000_000, 300_000_000, 20)


@pytest.mark.parametrize(
    ("when", "threshold", "shown"),
    [
        ("error_rate > 5%", 0.05, "error_rate > 5%"),
        ("avg(event.duration) > 1000 ms", 1e9, "avg(event.duration) > 1000 ms"),
        ("p99.9(duration)>=2s", 2e9, "p99.9(duration) >= 2 s"),
        ("max(response_time_ms) > 1.5 s", 1500, "max(response_time_ms) > 1.5 s"),
        ("max(response_time_ms) > 1500", 1500, "max(response_time_ms) > 1500"),
        ("max(http.response.body.bytes) > 1MiB", 2**20, "max(http.response.body.bytes) > 1 MiB"),
        ("rate > 6/m", 0.1, "rate > 6/m"),
        ("count == 0", 0, "count == 0"),
        ("spike(p95(duration)) > 3x", 3, "spike(p95(duration)) > 3 x"),
    ],
)
def test_thresholds_have_units(when: str, threshold: float, shown: str) -> None:
    (condition,) = parse_when(when).conditions

    assert condition.threshold == pytest.approx(threshold)
    assert condition.text == shown


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("error_rate > 5", ["can never be", "write 5%"]),
        ("error_rate > 100%", ["can never be"]),
        ("count < 0", ["can never be"]),
        ("count >= 0", ["always true", "count > 0"]),
        ("count > -1", ["always true"]),
        ("count > 5%", ["wrong unit", "number of events"]),
        ("rate > 5 ms", ["wrong unit", "0.1/s"]),
        ("avg(event.duration) > 1000", ["no unit", "1000 ms"]),
        ("avg(size) > 5 ms", ["no known unit", "attributes.size_ms"]),
        ("avg(servce.name) > 5", ["no field servce.name", "did you mean service.name?"]),
        ("avg(service) > 5", ["no numbers", "distinct(service)"]),
        ("distinct(message) > 5", ["message cannot be counted"]),
        ("eror_rate > 1%", ["eror_rate", "did you mean error_rate?"]),
        ("error_rate > 0.05 for 2m", ["'for'", "character 19", "write for: 2m beside `when`"]),
        ("count > 5 over 10m by service.name", ["'over'", "write over: 10m beside `when`"]),
        ("count > 5 in the last 5m", ["'in' is no part", "over: 5m beside"]),
        ("errors > 5 by service.name, host", ["'by'", "by: [service.name, host] beside"]),
        ("count where logger:x > 5", ["'where'", "where: 'logger:x' beside"]),
        ("(absent for 10m)", ["'for'", "for: 10m beside"]),
        ("count > 5 every 1m", ["every: 1m to the group"]),
        ("count > 5 for", ["'for' is no part", "write for: 5m"]),
        ("count = 5", ["write =="]),
        ("count => 5", ["= is no comparison", ">="]),
        ("count > 5 && errors > 3", ["'&' has no meaning", "write `and`"]),
        ("count > 5 || errors > 3", ["write `or`"]),
        ("errors / count > 0.05", ["'/' has no meaning", "error_rate or ratio("]),
        ("count(status:500) > 5", ["said in `where`"]),
        ("rate(errors) > 5", ["rate takes nothing in parentheses", "`where`"]),
        ("rate[5m] > 5", ["`over`", "`logboom import FILE`"]),
        ("status >= 500", ["status is a field, and no measure", "where: status:VALUE"]),
        ("count", ["compared to nothing"]),
        ("count >", ["number is missing"]),
        ("count > 5 rate > 1", ["'>' is too much", "character"]),
        ("count > 5 > 1", ["'>' is too much", "character 11", "`and`"]),
        ("count > 1,000", ["1,000 is no number"]),
        ("count > 1e400", ["too large a number"]),
        ("count == 1.5", ["can never be", "whole number"]),
        ("distinct(service) != 0.5", ["always true", "whole number"]),
        ("p100(duration) > 1 s", ["did you mean max?"]),
        ("avg > 5", ["avg of what", "avg(event.duration)"]),
        ("avg(event.duration > 5", [") is missing"]),
        ("ratio(a, b) > 1", ["one of two queries"]),
        ("ratio('lvl:', 'x') > 1", ["is no query"]),
        ("ratio('levle:error', '*:*') > 1", ["no field levle", "level"]),
        ("spike(absent) > 3", ["cannot be taken of absent"]),
        ("spike(spike(count)) > 3", ["cannot be taken"]),
        ("absent > 3", ["takes no threshold"]),
        ("> 3", ["begins with what is measured"]),
        ("count > 3 §", ["has no meaning"]),
        ("", ["is empty"]),
        ("count > " + "1" * 500, ["500 characters"]),
    ],
)
def test_mistakes_in_conditions_teach(when: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as told:
        parse_when(when)

    for word in words:
        assert word in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("over: 2m", "window: 2m", ["rules[0].window", "is `over`"]),
        ("over: 2m", "interval: 2m", ["write `every` to the group"]),
        ("no_data: ok", "severity: high", ["rules[0].severity", "below `labels`"]),
        ("no_data: ok", "summary: high", ["below `annotations`"]),
        ("[service]", "[service, service.name]", ["by: service.name is there twice"]),
        (
            "by: [service]",
            "by: service.name",
            ["rules[0].by: must be a list: write [service.name]"],
        ),
        ("team: web", "team: '{{ service.name }}'", ["labels: team has", "for annotations"]),
        ("team: web", f"team: {'x' * 201}", ["labels: team has more than 200 characters"]),
        ("team: web", "te-am: web", ["'te-am' cannot be a label", "letters, digits"]),
        ("NOT logger:healthcheck", "x" * 2_001, ["where: has more than 2000 characters"]),
        ("{{ value | percent }}", "{{ $value }}", ["is no template", "write {{ value }}"]),
        ("over: 2m", "ovr: 2m", ["groups[0].rules[0].ovr", "did you mean over?"]),
        ("for: 2m", "for: 2", ["2 has no unit"]),
        ("when: error_rate", "expr: rate(x) ", [".expr", "`logboom import FILE`"]),
        ("every: 15s", "every: 0s", ["groups[0].every", "must be at least 1s"]),
        ("[service]", "[message]", ["by", "too many values"]),
        ("[service]", "[servic]", ["no field servic", "did you mean service"]),
        ("logger:healthcheck", "loger:x", ["no field loger", "did you mean logger"]),
        ("logger:healthcheck", "@timestamp:<now", ["depends on the present"]),
        ("recovery: 2%", "recovery: 7%", ["recover at 7% while it still fires"]),
        ("recovery: 2%", "recovery: soon", ["no threshold for recovery"]),
        ("severity: critical", "severity: bad", ["critical, high, medium, low"]),
        ("team: web", "alertname: web", ["'alertname' cannot be a label"]),
        ("value | percent", "value | prcent", ["no filter prcent", "percent"]),
        ("value | percent", "valu", ["annotations.summary, character 29", "did you mean value?"]),
        ("value | percent", "value.real", ["value has no parts", "write {{ value }}"]),
        ("value | percent", "value.__class__", ["value has no parts"]),
        ("value | percent", "value[''x'']", ["value has no parts"]),
        ("value | percent", "labels.q | default(labels.r)", ["no labels.r to tell"]),
        ("value | percent", "labels.tem", ["no labels.tem", "did you mean team?"]),
        ("value | percent", "labels.q", ["the labels are alertname, service.name, severity"]),
        ("value | percent", "labels.service.name", ["write {{ service.name }}"]),
        ("value | percent", "labels.team.x", ["no labels.team.x to tell"]),
        ("value | percent", "service", ["no service to tell", "did you mean service.name?"]),
        ("value | percent", "service.nam", ["no service.nam", "did you mean service.name?"]),
        ("value | percent", "host.name", ["no host.name", "put host.name into `by`"]),
        ("value | percent", "window | percent", ["cannot be rendered", "take numbers: value"]),
        ("value | percent", "window | duration", ["cannot be rendered"]),
        ("value | percent", "service.name + value", ["cannot be rendered"]),
        ("value | percent", "value / (threshold - threshold)", ["cannot be rendered"]),
        (
            "{{ value | percent }}",
            "{% if value < threshold %}{{ labels.q }}{% endif %}",
            ["annotations.summary", "the labels are"],
        ),
        (
            "{{ value | percent }}",
            "{% if value < threshold %}{{ window | percent }}{% endif %}",
            ["cannot be rendered"],
        ),
        ("value | percent }}", "().__class__ }}", ["tuple cannot be used"]),
        ("value | percent }}", "value * 9 ** 9 }}", ["cannot be used"]),
        ("{{ value | percent }}", "{% for x in labels %}x{% endfor %}", ["for cannot be used"]),
        ("{{ value | percent }}", "{{ value", ["is no template"]),
        ("groups:", "rules:", ["has no `groups`"]),
        ("alert: HighErrorRate", "alert: a/b", ["alert"]),
        ("alert: HighErrorRate", "alert: ..", ["alert", "path"]),
        ("    every: 15s", "    every: 15s\n   bad", ["not valid YAML"]),
    ],
)
def test_mistakes_in_files_teach(old: str, new: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as told:
        read_rules(GROUP.replace(old, new), origin="rules.yaml")

    assert str(told.value).startswith("rules.yaml")
    for word in words:
        assert word in str(told.value)


def test_a_field_of_your_own_may_be_called_almost_like_another_one() -> None:
    with pytest.raises(ConfigError, match=r"A field of your own is attributes\.levle"):
        rule_of("count > 5", where="levle:high")

    assert rule_of("count > 5", where="attributes.levle:high").where_text
    assert rule_of("max(attributes.levle) > 5", by=["attributes.hots"]).by == ("attributes.hots",)


def test_all_mistakes_are_told_at_once() -> None:
    twice = GROUP + GROUP.split("rules:")[1].replace("> 0.05", "> 7")

    with pytest.raises(ConfigError) as told:
        read_rules(twice, origin="rules.yaml")

    assert "two rules HighErrorRate" in str(told.value)
    assert "can never be" in str(told.value)


def test_baselines_have_sense() -> None:
    for baseline, words in [("36h", "whole days"), ("1d", "fewer than 3 days"), ("2m", "3 to 60")]:
        with pytest.raises(ConfigError, match=words):
            rule_of("spike(count) > 3", baseline=baseline)
    with pytest.raises(ConfigError, match="min_events"):
        rule_of("absent", min_events=3)


def test_other_words_for_severities() -> None:
    assert rule_of("count > 1", labels={"severity": "warning"}).labels["severity"] == "medium"
    assert rule_of("count > 1", labels={"severity": "Critical"}).labels["severity"] == "critical"
    assert rule_of("count > 1").labels["severity"] == "medium"


TOLD = Told(
    value=1_234_000_000, threshold=1e9, unit="ns", condition="avg(duration) > 1 s", labels={"a": "b", "c": "d e"},
    series={"service.name": "cart", "service.version": "7"}, events=12, window="2m",
)  # fmt: skip


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ value | duration }} is over {{ threshold | duration }}", "1.23 s is over 1 s"),
        ("{{ service.name }} {{ service.version }} {{ labels.a }}", "cart 7 b"),
        ("{{ events | number }} in {{ window }}: {{ condition }}", "12 in 2m: avg(duration) > 1 s"),
        ("{% if value > threshold %}slow{% else %}fine{% endif %}", "slow"),
        ("{{ labels.missing }}", "{{ labels.missing }} ('dict object' has no attribute 'missing')"),
        ("{{ labels }}; {{ service }}", "a=b, c=d e; name=cart, version=7"),
        ("{{ value / (events - 12) }}", "{{ value / (events - 12) }} (float division by zero)"),
    ],
)
def test_templates(template: str, text: str) -> None:
    found = render(template, TOLD)

    assert found == text or "division by zero" in found


@pytest.mark.parametrize(
    "template",
    [
        "{{ labels.team | default('none') }} {{ labels['service.name'] }} {{ labels.severity }}",
        "{{ service.name | default('none') | upper }} {{ baseline }} {{ measured }} {{ window }}",
        "{% if value > threshold %}{{ value - threshold }}{% else %}{{ value / threshold }}{% endif %}",
        "{{ labels.no_data }} {{ (value / events) | percent }} {{ threshold | duration }}",
        "no more than words {{ '{{' }}",
    ],
)
def test_templates_that_can_be_rendered_are_taken(template: str) -> None:
    rule_of("count > 5", by=["service"], no_data="alert", annotations={"summary": template})


def test_filters() -> None:
    assert [percent(v) for v in (0.1234, 1.0, 0.0001, None)] == [
        "12.3%",
        "100%",
        "0.01%",
        "nothing",
    ]
    assert [number(v) for v in (12.0, 1_234_567.8, 0.123456, None)] == [
        "12", "1,234,568", "0.123", "nothing",
    ]  # fmt: skip
    assert [duration(v) for v in (0.25, 90.0, 200, 7260)] == ["250 ms", "90 s", "3m20s", "2h1m"]
    assert duration(5_000, "ns") == "5 µs"
    assert duration(None) == "nothing"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0833, "share", "8.33%"), (1.2345e9, "ns", "1.23 s"), (1500, "ms", "1.5 s"),
        (0.25, "per_second", "0.25/s"), (3.5, "times", "3.5x"), (1.5 * 2**20, "bytes", "1.5 MiB"),
        (17, "bytes", "17 B"), (12_345, "", "12,345"), (None, "times", "nothing"),
        (None, "bytes", "nothing"),
    ],
)  # fmt: skip
def test_what_is_measured_is_told_in_its_unit(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "not " * 200 + "value }}",
        "{{ " + "not " * 960 + "value }}",
        "{{ " + "(" * 1_900 + "value" + ")" * 1_900 + " }}",
        "{{ value" + " | trim" * 30 + " }}",
        "{% if value %}" * 30 + "x" + "{% endif %}" * 30,
        "{{ 1" + "~1" * 1_900 + " }}",
        "{{ value",
    ],
)
def test_a_template_is_simple(template: str) -> None:
    with pytest.raises(ConfigError, match=r"is (no template|nested)"):
        check_template(template, [TOLD])


def test_a_template_that_cannot_be_rendered_is_told_as_it_is() -> None:
    template = "{{ " + "not " * 960 + "value }}"

    assert render(template, TOLD).startswith("{{ not not")
