"""`logboom keys`, and how commands bring a key along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.cli.remote import KEY, KEY_FILE, api_key, ask
from logboom.errors import KeyTaken, LogboomError, UsageError
from logboom.keys import digest_of
from tests.http_handling import answer, handled

RUNNER = CliRunner()


def run(data: Path, *words: str) -> tuple[str, str]:
    result = RUNNER.invoke(make_app(), ["keys", *words, "--data", str(data)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_a_key_is_made_listed_and_revoked_without_an_api(tmp_path: Path) -> None:
    data = tmp_path / "data"
    words = ("--scope", "read", "--scope", "ingest", "--service", "shop-*", "--expires", "90d")
    out, err = run(data, "create", "grafana", *words)
    secret = out.strip()
    assert secret.startswith("logboom_")
    assert f"sha256:{digest_of(secret)}" in err
    assert secret not in err
    assert data.stat().st_mode & 0o077 == 0
    out, _ = run(data, "list", "--json")
    (key,) = map(json.loads, out.splitlines())
    assert (key["name"], key["scopes"], key["services"]) == (
        "grafana", ["ingest", "read"], ["shop-*"],
    )  # fmt: skip
    assert key["last_used"] is None
    assert secret not in out
    table, _ = run(data, "list")
    assert table.splitlines()[1].split()[:3] == ["grafana", "ingest,read", "shop-*"]
    with pytest.raises(KeyTaken):
        run(data, "create", "grafana")
    run(data, "revoke", "grafana")
    with pytest.raises(LogboomError, match="no key named 'grafana'"):
        run(data, "revoke", "grafana")


@pytest.mark.parametrize("expires", ["soon", "9999999999999y", "101y"])
def test_what_is_no_time_to_live_is_refused(tmp_path: Path, expires: str) -> None:
    with pytest.raises(UsageError, match="--expires"):
        run(tmp_path, "create", "a", "--expires", expires)


def test_the_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("logboom_b\n")
    assert api_key({}) is None
    assert api_key({KEY: ""}) is None
    assert api_key({KEY: " logboom_a "}) == "logboom_a"
    assert api_key({KEY_FILE: str(file)}) == "logboom_b"
    assert api_key({KEY: "logboom_a", KEY_FILE: str(file)}) == "logboom_a"
    with pytest.raises(UsageError, match="No such file"):
        api_key({KEY_FILE: str(tmp_path / "none")})
    for wrong in ("a\nX-Header: b", "schlüssel", "a\x00b"):
        with pytest.raises(UsageError, match="no key has") as caught:
            api_key({KEY: wrong})
        assert wrong not in str(caught.value)


@contextmanager
def _server(seen: list[str | None], leads_to: str | None) -> Iterator[str]:
    class Somebody(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            body = b'{"detail": "who are you?"}'
            if leads_to is None:
                answer(self, body, 401)
            else:
                answer(self, body, 302, {"Location": leads_to})

        def log_message(self, *_words: object) -> None:
            """Nothing: what a test prints is looked at."""

    with handled(Somebody) as url:
        yield url


def test_another_host_that_we_are_led_to_does_not_get_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY, "logboom_a")
    there: list[str | None] = []
    here: list[str | None] = []
    with (
        _server(there, None) as other,
        _server(here, f"{other}/api/v1/health") as url,
        pytest.raises(LogboomError, match=r"who are you\? \(set LOGBOOM_API_KEY"),
    ):
        ask(url, "health", {})
    assert here == ["Bearer logboom_a"]
    assert there == [None]
