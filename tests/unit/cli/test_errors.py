"""`logboom errors` prints groups as a table that no log can break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlparse

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import UsageError
from tests.http_handling import answer, handled

GROUP = {
    "fingerprint": "1:000000000000000a", "title": "LoadError:\x1b[31m no\nroom", "type": "LoadError",
    "count": 3, "first_seen": "2026-11-20T11:00:00.000Z", "last_seen": None,
    "services": {"cart": 2, "web": 1}, "merged": [],
}  # fmt: skip


class Api(BaseHTTPRequestHandler):
    """Answers every question with one group, and remembers the last one."""

    asked: dict[str, list[str]]

    def do_GET(self) -> None:
        Api.asked = parse_qs(urlparse(self.path).query)
        content = {"errors": [GROUP], "total": 5, "complete": False, "warnings": ["too many"]}
        answer(self, json.dumps(content).encode())

    def log_message(self, *_words: object) -> None:
        """Nothing: what a test prints is looked at."""


@pytest.fixture
def url() -> Iterator[str]:
    with handled(Api) as address:
        yield address


def test_groups_are_a_table(url: str) -> None:
    result = CliRunner().invoke(
        make_app(), ["errors", "service:cart", "--since", "7d", "--url", url]
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "count  first seen        last seen  services   fingerprint         error",
        "    3  2026-11-20 11:00  -          cart, web  1:000000000000000a  LoadError: [31m no room",
    ]
    assert result.stderr == "logboom: too many\n1 of at least 5 groups\n"
    assert Api.asked == {"q": ["service:cart"], "from": ["7d"], "limit": ["20"], "sort": ["count"]}


def test_or_a_line_of_json_each(url: str) -> None:
    result = CliRunner().invoke(make_app(), ["errors", "--json", "--url", url])
    assert [json.loads(line) for line in result.stdout.splitlines()] == [GROUP]


@pytest.mark.parametrize("command", ["errors", "search", "tail"])
def test_an_option_that_is_none_is_no_part_of_the_query(command: str) -> None:
    result = CliRunner().invoke(make_app(), [command, "service:cart", "--ulr=x"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "there is no option --ulr (did you mean --url?)"


def test_a_word_with_one_minus_is_part_of_the_query(url: str) -> None:
    result = CliRunner().invoke(make_app(), ["errors", "-service:cart", "--url", url])
    assert result.exit_code == 0, result.output
    assert Api.asked["q"] == ["-service:cart"]
