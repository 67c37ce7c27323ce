"""Rules of Prometheus over our own metrics become rules of ours; the others are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.importing import import_alert_rules
from search_api.alerts.reading import read_rules

EVENTS, ERRORS = "logboom_log_events_total", "logboom_log_errors_total"
REQUESTS, TIME = "logboom_log_requests_total", "logboom_log_duration_seconds"


def imported(expression: str, **more: Any) -> tuple[dict[str, Any], list[str]]:
    lines = [f"      {name}: {value}\n" for name, value in more.items()]
    text = (
        "groups:\n- name: logs\n  interval: 30s\n  rules:\n    - alert: One\n"
        f"      expr: |\n        {expression}\n{''.join(lines)}"
    )
    found = import_alert_rules(text, origin="rules.yml")
    groups = found.settings["groups"]
    rule = groups[0]["rules"][0] if groups else {}
    return rule, [note.text for note in found.notes]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"rate({EVENTS}[5m]) > 2", {"when": "rate > 2/s", "over": "5m", "by": ["service.name"]}),
        (f"sum(rate({EVENTS}[5m])) > 2", {"when": "rate > 2/s", "over": "5m"}),
        (
            f"sum by (service_name, level) (increase({EVENTS}[1h])) <= 5",
            {"when": "count <= 5", "over": "1h", "by": ["service.name", "log.level"]},
        ),
        (
            f'increase({ERRORS}{{service_name="db", level!="warn"}}[1m]) > 0',
            {
                "when": "count > 0", "over": "1m", "by": ["service.name"],
                "where": "tags:error AND service.name:db AND NOT log.level:warn",
            },
        ),
        (
            f'sum(rate({REQUESTS}{{status=~"5.."}}[5m])) by (service_name) > 0.1',
            {
                "when": "rate > 0.1/s", "over": "5m", "by": ["service.name"],
                "where": "status:[500 TO 599]",
            },
        ),
        (
            f"sum(rate({ERRORS}[2m]))\tby (service_name)  / sum(rate({EVENTS}[2m])) by(service_name)>.05",
            {"when": "error_rate > .05", "over": "2m", "by": ["service.name"]},
        ),
        (
            f'sum(rate({REQUESTS}{{status="5xx"}}[5m])) / (sum(rate({REQUESTS}[5m])) > 0) > 0.01',
            {
                "when": "ratio('status:[500 TO 599]', 'status:[100 TO 599]') > 0.01",
                "over": "5m",
            },
        ),
        (
            f"0.05 < sum(rate({ERRORS}[2m])) / sum(rate({EVENTS}[2m]))",
            {"when": "error_rate > 0.05", "over": "2m"},
        ),
        (
            f"1e2 >= (sum(increase({EVENTS}[2m])))",
            {"when": "count <= 1e2", "over": "2m"},
        ),
        (
            f"(sum(rate({ERRORS}[2m])) / sum(rate({EVENTS}[2m]))) > 0.05",
            {"when": "error_rate > 0.05", "over": "2m"},
        ),
        (
            f"rate({TIME}_sum[5m]) / rate({TIME}_count[5m]) > 1",
            {
                "when": "avg(event.duration) > 1 s", "over": "5m", "by": ["service.name"],
                "where": "_exists_:event.duration",
            },
        ),
        (
            f"histogram_quantile(0.95, sum(rate({TIME}_bucket[5m])) by (le, service_name)) > 2.5",
            {
                "when": "p95(event.duration) > 2.5 s", "over": "5m", "by": ["service.name"],
                "where": "_exists_:event.duration",
            },
        ),
        (
            f'absent({EVENTS}{{service_name=~"web.*|api"}})',
            {"when": "absent", "over": "5m", "where": "service.name:(web* OR api)"},
        ),
        (
            (
                f"sum(rate({ERRORS}[2m])) by (service_name) / sum(rate({EVENTS}[2m])) by (service_name)"
                f" > 0.05 and on(service_name) sum(increase({EVENTS}[2m])) by (service_name) > 100"
            ),
            {
                "when": "error_rate > 0.05 and count > 100", "over": "2m",
                "by": ["service.name"],
            },
        ),
        (
            (
                f"(rate({ERRORS}[5m]) > 0.1 or ((increase({EVENTS}[5m]) > 7)))"
                f" unless rate({TIME}_sum[5m]) / rate({TIME}_count[5m]) < 0.2"
            ),
            {
                "when": "(errors > 30 or count > 7) unless avg(event.duration) < 0.2 s",
                "over": "5m", "by": ["service.name"],
            },
        ),
    ],
)  # fmt: skip
def test_what_can_be_translated(expression: str, expected: dict[str, Any]) -> None:
    rule, notes = imported(expression)

    assert rule == {"alert": "One", **expected}
    assert notes == []
    read_rules(f"groups: [{{name: g, rules: [{rule!r}]}}]", origin="test")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("node_load1 > 4", "not of logs"),
        (f"1 < sum(rate({ERRORS}[5m])) < 4", "has a form"),
        (
            "rate(http_seconds_sum[5m]) / rate(http_seconds_count[5m]) > 1.5",
            "write `when: avg(event.duration) > 1.5 s` where logs tell",
        ),
        (
            f"rate({ERRORS}[5m]) > 2 * rate({ERRORS}[1h] offset 1d)",
            "write for instance `when: spike(errors) > 2`",
        ),
        (f"deriv({ERRORS}[5m]) > 1", "has a form that no rule of ours has"),
        (f"sum(rate({EVENTS}[5m])) by (instance) > 1", "split by instance"),
        (f'rate({EVENTS}{{instance="a"}}[5m]) > 1', "label instance"),
        (f'rate({EVENTS}{{service_name=~"a(b|c)"}}[5m]) > 1', "asks for service_name"),
        (f'rate({REQUESTS}{{status="404"}}[5m]) > 1', 'status="404"'),
        (f"rate({ERRORS}[5m]) / rate({EVENTS}[1m]) > 1", "another window"),
        (f"rate({TIME}_sum[5m]) > 1", "sums durations"),
        (f"rate({TIME}_total[5m]) > 1", "which there is not"),
        (f"rate({ERRORS}[5m]) > 1 and rate({EVENTS}[1m]) > 1", "different windows"),
        (f"rate({ERRORS}[5m]) > 1 and sum(rate({EVENTS}[5m])) > 1", "different series"),
        (f'rate({ERRORS}[5m]) > 1 or rate({EVENTS}{{level="warn"}}[5m]) > 1', "different events"),
        (f'rate({EVENTS}{{service_name="a or b"}}[5m]) > 1', 'service_name="a or b"'),
        (f"rate({ERRORS}[5m]) > 1 unless on(level) rate({EVENTS}[5m]) > 9", "other labels"),
        (f"rate({ERRORS}[5m]) > 1 and ignoring(x) rate({EVENTS}[5m]) > 9", "ignores labels"),
        (f"rate({ERRORS}[5m]) > 1 and node_load1 > 4", "not of logs"),
        (f"rate({ERRORS}[5m]) > 1 and", "not of logs"),
    ],
)
def test_what_cannot_is_named(expression: str, words: str) -> None:
    rule, notes = imported(expression)

    assert rule == {}
    assert notes[0] == "there is no rule that could be translated"
    assert words in notes[1]
    assert notes[1].startswith("One ")


def test_labels_and_words() -> None:
    rule, notes = imported(
        f"sum by (service_name) (rate({EVENTS}[5m])) > 2",
        labels='{severity: notice, team: web, "for": x, of: "{{ $labels.service_name }}"}',
        annotations='{summary: "{{ $labels.service_name }}: {{ $value | humanize }} or {{ $value }}",'
        ' description: "{{ $labels.instance }}", link: "{{ $value | query }}"}',
        **{"for": "2m", "keep_firing_for": "5m"},
    )

    assert (rule["for"], rule["keep_firing_for"]) == ("2m", "5m")
    assert rule["labels"] == {"severity": "medium", "team": "web", "for": "x"}
    assert rule["annotations"] == {
        "summary": "{{ service.name }}: {{ value | number }} or {{ value | number }}"
    }
    assert len(notes) == 4
    assert "the label of of One is a template: it is left out" in notes
    assert "severity notice" in " ".join(notes)
    assert "label instance" in " ".join(notes)
    assert "function query" in " ".join(notes)


def test_a_label_for_the_service_is_called_as_routes_call_it() -> None:
    for name, ours in (("service_name", "service.name"), ("service", "service")):
        rule, notes = imported(f"sum(rate({EVENTS}[5m])) > 2", labels=f"{{{name}: cart}}")

        assert (rule["labels"], notes) == ({ours: "cart"}, [])
        read_rules(f"groups: [{{name: g, rules: [{rule!r}]}}]", origin="test")


def test_recorded_series_are_named() -> None:
    text = "groups:\n- name: logs\n  rules:\n  - {record: a, expr: b}\n"

    found = import_alert_rules(text, origin="rules.yml")

    assert [note.line for note in found.notes] == [0, 4]
    assert "records a series" in found.notes[1].text


def test_the_command_knows_rules(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(
        f"groups:\n- name: logs\n  rules:\n  - alert: A\n    expr: rate({EVENTS}[5m]) > 2\n"
    )

    done = CliRunner().invoke(make_app(), ["import", str(file)])

    assert done.exit_code == 0
    assert [rule.id for group in read_rules(done.stdout, origin="out") for rule in group.rules] == [
        "logs/A"
    ]


def test_rules_of_one_name_are_named_apart_and_that_is_said() -> None:
    rule = "  - alert: Errors\n    expr: increase({metric}[5m]) > {limit}\n{labels}"
    text = "groups:\n- name: logs\n  rules:\n" + "".join(
        rule.format(metric=ERRORS, limit=limit, labels=labels)
        for limit, labels in (
            (5, "    labels: {severity: medium}\n"),
            (50, "    labels: {severity: critical}\n"),
            (500, ""),
            (5000, "    labels: {severity: critical}\n"),
        )
    )
    found = import_alert_rules(text, origin="rules.yml")
    names = [made["alert"] for made in found.settings["groups"][0]["rules"]]
    assert names == ["Errors", "Errors-critical", "Errors-2", "Errors-3"]
    assert [note.line for note in found.notes] == [7, 10, 12]
    assert all("is called Errors, too" in note.text for note in found.notes)
    read = read_rules(f"{found.settings!r}", origin="rules.yml")
    assert [made.name for group in read for made in group.rules] == names
