"""`logboom alerts silence` against the API's own routes, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from logboom.cli.app import make_app
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.state.local import LocalState
from search_api.http import problems
from search_api.notifying.running import notifying_routes
from tests.polling import eventually


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    app, state = FastAPI(), LocalState(tmp_path, SystemClock())
    problems.install(app)
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "groups: [{name: g, rules: [{alert: Errors, when: errors > 5, by: [service.name]}]}]"
    )
    config = Config.model_validate({"alerts": {"rules": [str(rules)]}})
    for router in notifying_routes(config, state, SystemClock(), lambda _service: True):
        app.include_router(router, prefix="/api/v1")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, timeout_s=30, what="the server runs")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        make_app(), ["alerts", "silence", *words, "--url", url], catch_exceptions=False
    )


def test_a_silence_is_added_listed_and_ended(url: str) -> None:
    added = run(
        url, "add", "severity=medium", 'service.name=~"shop-.*"', "--for", "1d", "--author", "kim"
    )
    assert added.exit_code == 0
    name = added.stdout.strip()
    (listed,) = (json.loads(line) for line in run(url, "list", "--json").stdout.splitlines())
    assert (listed["id"], listed["author"]) == (name, "kim")
    assert listed["matchers"] == ['severity="medium"', 'service.name=~"shop-.*"']
    header, row = run(url, "list").stdout.splitlines()
    assert header.split() == ["id", "state", "until", "author", "matchers", "comment"]
    assert row.startswith(f"{name}  active")
    assert run(url, "end", name).exit_code == 0
    assert run(url, "list").stdout == ""
    assert "expired" in run(url, "list", "--expired").stdout


def test_a_label_that_no_rule_has_is_told(url: str) -> None:
    added = run(url, "add", "sevrity=low", "service_name=shop", "alertname=RuleFaild")
    assert added.exit_code == 0
    assert added.stderr.splitlines()[1:] == [
        "hint: no rule has the label sevrity (did you mean severity?)",
        "hint: no rule has the label service_name (did you mean service.name?)",
        "hint: no rule is called RuleFaild (did you mean RuleFailed?)",
    ]
    good = run(url, "add", "severity=warning", "alertname!=Errors", 'service.name=~"sh.*"')
    assert len(good.stderr.splitlines()) == 1


def test_a_label_that_every_alert_has_and_none_is_to_have_is_told(url: str) -> None:
    added = run(url, "add", "service.name=shop", "alertname=", "severity=")
    assert added.stderr.splitlines()[1:] == [
        'hint: every alert has alertname, so alertname="" fits none',
        'hint: every alert has severity, so severity="" fits none',
    ]
    good = run(url, "add", "service.name=", "alertname!=", "severity!=", "no_data=true")
    assert len(good.stderr.splitlines()) == 1
