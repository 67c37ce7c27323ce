"""`logboom alerts`: lists, tests of rules, backtests; `logboom check` knows rules."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import ConfigError, UsageError

EXAMPLES = Path(__file__).parents[3] / "mappings" / "alerts" / "examples-test.yaml"
RULES = "groups: [{name: g, rules: [{alert: Many, when: count > 5, over: 1m}]}]"
ALERT = {
    "labels": {"alertname": "Many", "severity": "high", "service.name": "c\x1bart"},
    "annotations": {"summary": "many"}, "state": "firing", "value": 12e9, "unit": "ns",
    "starts_at": "2026-11-21T12:00:00.000Z", "condition": "count > 5 over 1m",
}  # fmt: skip


class Api(BaseHTTPRequestHandler):
    """Answers as the API does, and notes what it was asked."""

    asked: list[tuple[str, Any]]

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: Any) -> None:
        type(self).asked.append((self.path, body))
        content = {
            "alerts": [ALERT], "total": 1, "fired": 1, "evaluations": 9, "condition": "count > 5",
        }  # fmt: skip
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    Api.asked = []
    server = HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


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
    assert (status, told) == (0, "count > 5: would have fired 1 times in 9 evaluations\n")
    run("backtest", "Many", "--file", str(file), "--url", api)
    assert [body for _, body in Api.asked] == [
        {"rule": "g/Many", "from": "7d", "to": "now"},
        {"rule": rule, "from": "24h", "to": "now", "every": "15s"},
    ]
    with pytest.raises(UsageError, match="no rule Few"):
        run("backtest", "Few", "--file", str(file), "--url", api)


def test_the_examples_do_what_their_tests_say() -> None:
    status, said, _ = run("test", str(EXAMPLES))

    assert status == 0, said
    assert said.count("ok  ") == 7


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
    assert "at 2m: Other does not fire" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("tests: [", "not valid YAML"),
        ("tests: []", "tests"),
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


def test_a_test_of_a_rule_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rules-test.yaml"
    path.write_text(f"{RULES}\ntests: [{{name: t, expect: [{{at: 1m, rule: Mny, firing: []}}]}}]\n")
    done = CliRunner().invoke(make_app(), ["alerts", "test", str(path)])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.sentence() == (
        f"{path}: tests.0.expect.0: there is no rule 'Mny' (did you mean Many?)"
    )
