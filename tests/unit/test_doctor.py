"""What `logboom doctor` says when the API knows its health, and when there is no ledger."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import LogboomError

HEALTH = {
    "status": "degraded", "verdict": "the disk is full",
    "parts": [{"name": "store", "state": "down", "detail": "no room left"}],
}  # fmt: skip
LEDGER = {"verdict": "green", "sources": [], "losses": [], "findings": []}
Answers = dict[str, tuple[int, dict[str, Any]]]


@pytest.fixture
def answers() -> Answers:
    return {"/api/v1/health": (200, HEALTH), "/api/v1/ledger": (200, LEDGER)}


@pytest.fixture
def url(answers: Answers) -> Iterator[str]:
    """An API that gives just these answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = answers[self.path.partition("?")[0]]
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_all_well_is_status_0(url: str) -> None:
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url])
    assert done.exit_code == 0
    assert "ledger: green" in done.output


def test_a_red_ledger_is_status_1(url: str, answers: Answers) -> None:
    answers["/api/v1/ledger"] = (200, {**LEDGER, "verdict": "red", "findings": ["one is missing"]})
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0"])
    assert done.exit_code == 1
    assert "one is missing" in done.output


def test_without_a_ledger_the_health_is_told_all_the_same(url: str, answers: Answers) -> None:
    answers["/api/v1/ledger"] = (503, {"title": "no ledger", "detail": "the store does not answer"})
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0"])
    assert "store: down no room left" in done.output
    assert isinstance(done.exception, LogboomError)
    assert "the store does not answer" in str(done.exception)
