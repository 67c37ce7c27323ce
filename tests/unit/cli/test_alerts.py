"""`logboom alerts`: lists, tests of rules, backtests; `logboom check` knows rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import ConfigError, UsageError
from tests.http_handling import answer, handled

EXAMPLES = Path(__file__).parents[3] / "mappings" / "alerts" / "examples-test.yaml"
RULES = "groups: [{name: g, rules: [{alert: Many, when: count > 5, over: 1m}]}]"
MADE = f"{RULES}\ntests: [{{name: a, events: [{{event: %s}}], expect: [{{at: 1m, firing: []}}]}}]"
ALERT = {
    "labels": {"alertname": "Many", "severity": "high", "service.name": "c\x1bart"},
    "annotations": {"summary": "many"}, "state": "firing", "value": 12e9, "unit": "ns",
    "starts_at": "2026-11-21T12:00:00.000Z", "condition": "count > 5 over 1m",
    "title": "[FIRING:1] Many", "text": "FIRING (high): many\n  | a\x1b[2Jline",
}  # fmt: skip


class Api(BaseHTTPRequestHandler):
    """Answers as the API does, and notes what it was asked."""

    asked: list[tuple[str, Any]]
    fired = 1

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: Any) -> None:
        type(self).asked.append((self.path, body))
        content = {
            "alerts": [ALERT], "total": 1, "fired": self.fired, "evaluations": 9, "condition": "count > 5",
            "warnings": ["odd"],
        }  # fmt: skip
        answer(self, json.dumps(content).encode())

    def log_message(self, *_words: object) -> None:
        """Nothing: what a test prints is looked at."""


@pytest.fixture
def api() -> Iterator[str]:
    Api.asked = []
    with handled(Api) as url:
        yield url


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(make_app(), ["alerts", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_alerts_are_listed(api: str) -> None:
    status, said, told = run("list", "--state", "firing", "--url", api)

    assert status == 0
    assert said.splitlines()[1].split() == [
        "firing", "high", "Many", "c", "art", "2026-11-21", "12:00", "12", "s", "many",
    ]  # fmt: skip
    assert told == "1 of 1 alerts\n"
    assert Api.asked == [("/api/v1/alerts?state=firing&limit=1000", None)]
    assert json.loads(run("list", "--json", "--url", api)[1]) == ALERT


def test_a_rule_is_tried(api: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    rule = {"alert": "Many", "when": "count > 5", "over": "1m"}

    status, _, told = run("backtest", "g/Many", "--since", "7d", "--url", api)
    assert (status, told) == (
        0,
        "warning: odd\ncount > 5: would have fired 1 times in 9 evaluations\n",
    )
    run("backtest", "Many", "--file", str(file), "--url", api)
    assert [body for _, body in Api.asked] == [
        {"rule": "g/Many", "from": "7d", "to": "now"},
        {"rule": rule, "from": "24h", "to": "now", "every": "15s"},
    ]
    said = run("backtest", "g/Many", "--messages", "--url", api)[1]
    assert said == "[FIRING:1] Many\nFIRING (high): many\n  | a [2Jline\n\n"
    with pytest.raises(UsageError, match="no rule Few"):
        run("backtest", "Few", "--file", str(file), "--url", api)


def test_it_is_told_when_not_all_that_would_have_fired_is_shown(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Api, "fired", 120)
    _, _, told = run("backtest", "g/Many", "--url", api)
    assert told.endswith("would have fired 120 times in 9 evaluations; the first 1 are shown\n")


def test_the_examples_do_what_their_tests_say() -> None:
    status, said, _ = run("test", str(EXAMPLES))

    assert status == 0, said
    tests = yaml.safe_load(EXAMPLES.read_text())["tests"]
    assert said.count("ok  ") == len(tests)
    fired = {one["alert"] for test in tests for at in test["expect"] for one in at["firing"]}
    rules = yaml.safe_load((EXAMPLES.parent / "examples.yaml").read_text())["groups"]
    assert fired == {rule["alert"] for group in rules for rule in group["rules"]}


def test_the_rules_that_the_project_began_with_are_among_the_examples() -> None:
    groups = yaml.safe_load((EXAMPLES.parent / "examples.yaml").read_text())["groups"]
    named = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    said = {
        name: (rule["when"], rule["over"], rule.get("for"), rule.get("where", "")[:10])
        for name, rule in named.items()
    }
    assert said["HighErrorRate"] == ("error_rate > 5%", "2m", "2m", "NOT logger")
    assert said["SlowResponses"] == ("avg(event.duration) > 1000 ms", "5m", None, "")
    assert said["DatabaseConnectionErrors"] == ("count > 0", "1m", None, "tags:error")
    assert said["ServerErrors"] == ("rate > 0.1/s", "5m", "5m", "status:>=5")
    assert said["ErrorSurge"][0] == "spike(errors) > 3"


def test_a_test_that_fails_says_what_is_there_instead(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    file = tmp_path / "test.yaml"
    event = {"at": "0s", "times": 10, "event": {"service": "cart"}}
    labels = {"severity": "high"}
    expect = [
        {"at": "15s", "firing": [{"alert": "Many", "labels": labels}]},
        {"at": "30s", "firing": []},
        {"at": "2m", "firing": [{"alert": "Other"}]},
    ]
    tests = [{"name": "mine", "events": [event], "expect": expect}]
    file.write_text(yaml.safe_dump({"rules": ["rules.yaml"], "tests": tests}))

    status, said, _ = run("test", str(file))

    assert status == 1
    assert "FAILED  mine" in said
    assert "at 15s: Many {'severity': 'high'} does not fire; there is Many" in said
    assert "at 30s: Many {'severity': 'medium'} {} fires, and is not expected" in said
    assert "at 2m: Other does not fire: there is no rule of this name" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("tests: [", r"test.yaml:1:9: is not valid YAML: \w"),
        ("tests: []", "test.yaml: tests: must have 1 or more"),
        ("", "the file: must be a section of settings"),
        ("{test: [], tests: [{}]}", r"test: there is no such setting \(did you mean tests\?\)"),
        ("tests: [{name: a, expct: []}]", r"tests\[0\].expct: .*did you mean expect\?"),
        ("tests: [{name: a}]", r"tests\[0\].expect: is missing"),
        ("tests: [{name: a, expect: 5m}]", r"tests\[0\].expect: must be a list"),
        ("tests: [{name: a, expect: [{at: 5, firing: []}]}]", r"expect\[0\].at: 5 has no unit"),
        (
            "tests: [{name: a, expect: [{at: 5m, firng: []}]}]",
            r"\[0\].firng: .*did you mean firing",
        ),
        (
            "tests: [{name: a, expect: [{at: 5m, firing: [{alrt: b}]}]}]",
            r"tests\[0\].expect\[0\].firing\[0\].alrt: .*did you mean alert",
        ),
        (
            "tests: [{name: a, expect: [{at: 5m, firing: [{alert: b, labels: {x: 5}}]}]}]",
            r"firing\[0\].labels.x: must be a text",
        ),
        (
            "tests: [{name: a, events: [{at: 0s, time: 5, event: {}}], expect: []}]",
            r"tests\[0\].events\[0\].time: .*did you mean times",
        ),
        (
            "tests: [{name: a, events: [{at: 0s, times: 0, event: {}}], expect: []}]",
            r"events\[0\].times: must be at least 1",
        ),
        (
            MADE % "{servce: b}",
            r"a: events\[0\]: there is no field servce \(did you mean service\?",
        ),
        (
            MADE % "{response_time_ms: 1500}",
            r"response_time_ms: events have it as .* \(write event.duration: 1500000000 \(nanos",
        ),
        (MADE % "{app: shop}", r"app: events have it as service.name \(write service.name: shop"),
        (MADE % "{a: 5, a.b: 6}", r"a: events\[0\]: a.b stands within a field that has a value"),
        ("tests: [{name: a, expect: [{at: 1m, firing: []}]}]", "has no rules"),
        ("{rules: [none.yaml], tests: [{name: a, expect: [{at: 1m, firing: []}]}]}", "none.yaml"),
        ("{rules: [], groups: [{}], tests: [{name: a, expect: [{at: 1m, firing: []}]}]}", "name"),
    ],
)
def test_mistakes_in_tests_teach(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(content)

    with pytest.raises(ConfigError, match=words):
        run("test", str(file))


def test_a_new_error_that_does_not_fire_for_want_of_a_group_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    made = (
        "groups: [{name: g, rules: [{alert: New, when: new_error}]}]\n"
        "tests: [{name: t, events: [{event: {level: error%s}}],"
        " expect: [{at: 15s, firing: [{alert: New}]}]}]"
    )
    file.write_text(made % "")
    status, said, _ = run("test", str(file))
    assert status == 1
    assert "New does not fire: no event of this test has a group of errors" in said
    assert "write for instance error.fingerprint: f00d" in said

    file.write_text(made % ", error.fingerprint: f00d")
    assert run("test", str(file))[:2] == (0, "ok  t\n")


def test_levels_of_made_events_are_called_as_they_are_stored(tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(
        RULES.replace("over: 1m", "over: 1m, where: 'level:fatal AND tags:error'")
        + "\ntests: [{name: t, events: [{times: 6, event: {level: CRITICAL}}],"
        " expect: [{at: 15s, firing: [{alert: Many}]}]}]"
    )
    assert run("test", str(file))[:2] == (0, "ok  t\n")


def test_check_knows_rules(tmp_path: Path) -> None:
    good, bad, config = (tmp_path / name for name in ("good.yaml", "bad.yaml", "logboom.yaml"))
    good.write_text(RULES)
    bad.write_text(RULES.replace("name: g", "name: h").replace("count > 5", "error_rate > 5"))
    config.write_text(
        yaml.safe_dump({"data": str(tmp_path / "d"), "alerts": [str(good), str(bad)]})
    )

    done = CliRunner().invoke(make_app(), ["check", "-c", str(config)])

    assert done.exit_code == 1
    assert f"{good}: 1 rules" in done.stdout
    assert "can never be" in done.stderr


def test_check_warns_of_what_is_hardly_meant(tmp_path: Path) -> None:
    rules, config = tmp_path / "rules.yaml", tmp_path / "logboom.yaml"
    rules.write_text(RULES.replace("over: 1m", "over: 1m, min_events: 9, by: [lvl]"))
    config.write_text(yaml.safe_dump({"data": str(tmp_path / "d"), "alerts": [str(rules)]}))

    done = CliRunner().invoke(make_app(), ["check", "-c", str(config)])

    assert done.exit_code == 0
    first, second = done.stderr.splitlines()
    assert first.startswith(f"logboom: warning: {rules}: g/Many: lvl: events have it as log.level")
    assert "count > 5 says nothing: min_events: 9 is more" in second


def test_a_test_of_a_rule_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rules-test.yaml"
    path.write_text(f"{RULES}\ntests: [{{name: t, expect: [{{at: 1m, rule: Mny, firing: []}}]}}]\n")
    done = CliRunner().invoke(make_app(), ["alerts", "test", str(path)])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.sentence() == (
        f"{path}: tests[0].expect[0].rule: there is no rule 'Mny' (did you mean Many?)"
    )
