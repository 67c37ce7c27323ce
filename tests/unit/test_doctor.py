"""What `logboom doctor` says when the API knows its health, and when there is no ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import LogboomError
from tests.http_handling import answer, handled

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

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = answers[self.path.partition("?")[0]]
            answer(self, json.dumps(content).encode(), status)

        def log_message(self, *_words: object) -> None:
            """Nothing: what a test prints is looked at."""

    with handled(Api) as url:
        yield url


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


def test_while_it_looks_it_says_so(url: str, answers: Answers) -> None:
    answers["/api/v1/ledger"] = (200, BEHIND)
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0.6"])
    assert done.stderr.count("events are on their way: looking for 1 s (--wait 0: not at all)") == 1


def source(path: str, **changes: Any) -> dict[str, Any]:
    counts = {
        "lines_read": 1234567, "lines_acked": 1234000, "lines_empty": 500, "lines_dead": 60,
        "lines_pending": 7, "events_acked": 1000000, "events_stored": 1000000,
    }  # fmt: skip
    return {"path": path, "verdict": "green", **counts, **changes}


def told(url: str, answers: Answers, **ledger: Any) -> list[str]:
    answers["/api/v1/ledger"] = (200, {**LEDGER, **ledger})
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0"])
    return done.output.splitlines()


def test_everything_fits_into_80_columns(url: str, answers: Answers) -> None:
    path = f"/srv/{'very/' * 40}deep/checkout.log"
    answers["/api/v1/health"] = (200, {
        **HEALTH, "verdict": "w " * 90,
        "parts": [{"name": "disk", "state": "answers", "detail": f"9 MiB free in {path}"}],
    })  # fmt: skip
    loss = {
        "path": path, "run": "r", "verdict": "red", "at_ns": 0, "lines": 12, "bytes": 345, "events": 6,
        "events_stored": 2,
    }  # fmt: skip
    finding = f"{path}: 4 events are missing in the store"
    lines = told(url, answers, sources=[source(path)], losses=[loss], findings=[finding], dead=3)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "checkout.log" in text
    assert "1,234,567 read = 1,234,000 acked + 500 empty + 60 dead + 7 pending" in text
    assert "dead letters: 3 (see `logboom dead list`)" in text
    assert "1970-01-01 00:00:00Z" in text


def test_a_damaged_file_is_told_as_one(url: str, answers: Answers) -> None:
    file = {
        "path": "/a.log.gz", "run": "", "verdict": "red", "at_ns": 0, "lines": 0, "bytes": 1345,
        "events": 0, "events_stored": 0,
    }  # fmt: skip
    text = "\n".join(told(url, answers, losses=[file]))
    assert "is damaged, found out 1970-01-01 00:00:00Z: nothing of its 1,345 bytes is" in text
    assert "sent again" not in text


def test_of_many_sources_those_that_are_not_well_come_first(url: str, answers: Answers) -> None:
    rows = [source(f"/{n}.log", lines_read=0, lines_acked=0) for n in range(49)]
    rows += [source("/full.log"), source("/bad.log", verdict="red")]
    lines = told(url, answers, sources=rows)
    first, second = [line for line in lines if line.startswith("/")][:2]
    assert first.startswith("/bad.log")
    assert first.endswith("red")
    assert second.startswith("/full.log")
    assert "and 31 sources more, 31 of them green: see --json" in lines


def test_sources_without_a_line_are_one_line_together(url: str, answers: Answers) -> None:
    nothing = dict.fromkeys(
        ("lines_read", "lines_acked", "lines_empty", "lines_dead", "lines_pending", "events_acked",
         "events_stored"), 0,
    )  # fmt: skip
    rows = [source(f"/spool/{n}", **nothing) for n in range(30)]
    rows += [source("/full.log"), source("/held.log", **{**nothing, "lines_pending": 1})]
    lines = told(url, answers, sources=rows)
    assert [line.split()[0] for line in lines if line.startswith("/")] == ["/full.log", "/held.log"]
    assert "and 30 sources without a line: see --json" in lines
    assert not any("sources more" in line for line in lines)


BEHIND = {**LEDGER, "verdict": "catching up", "lag": 5, "findings": ["5 are on their way"]}


@pytest.mark.parametrize(
    ("state", "ledger", "status"),
    [
        ("waiting", BEHIND, 1),
        ("waiting", LEDGER, 0),
        ("crashing", LEDGER, 0),
        ("crashing", BEHIND, 1),
        ("running", BEHIND, 0),
    ],
)
def test_a_pipeline_that_is_stuck_is_status_1(
    url: str, answers: Answers, state: str, ledger: dict[str, Any], status: int
) -> None:
    reason = "the batch at offset 0 is damaged"
    parts = [{"name": "processor a", "state": state, "detail": reason}]
    answers["/api/v1/health"] = (200, {**HEALTH, "parts": parts})
    answers["/api/v1/ledger"] = (200, ledger)
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0"])
    assert done.exit_code == status
    assert (f"stuck: processor a is {state}: {reason}" in done.output) == bool(status)


def test_lines_that_a_crashing_shipper_leaves_unread_are_status_1(
    url: str, answers: Answers
) -> None:
    part = {"name": "shipper a", "state": "crashing", "detail": "TypeError", "unread": "not looked"}
    answers["/api/v1/health"] = (200, {**HEALTH, "parts": [part]})
    done = CliRunner().invoke(make_app(), ["doctor", "--url", url, "--wait", "0.6"])
    assert done.exit_code == 1
    assert "stuck: shipper a is crashing: TypeError; not looked" in done.output


def test_a_figure_is_never_shortened_away(url: str, answers: Answers) -> None:
    detail = f"embedded store with 12,345 days in /srv/{'very/' * 40}data/store"
    answers["/api/v1/health"] = (200, {
        **HEALTH, "parts": [{"name": "store", "state": "answers", "detail": detail}],
    })  # fmt: skip
    text = " ".join(" ".join(told(url, answers)).split())
    assert "store: answers embedded store with 12,345 days in /srv/very/" in text
    assert "data/store" in text
