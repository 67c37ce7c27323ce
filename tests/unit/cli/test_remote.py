"""Why does no logboom answer? Said so that it can be mended."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import UsageError
from tests.http_handling import answer
from tests.unit.search_api.notifying.test_email import certificate

COMMANDS = (["search", "x"], ["tail"], ["export"], ["doctor"])
NOTHING: dict[str, object] = {
    "events": [], "cursor": None, "warnings": [], "total": {"value": 0, "relation": "eq"}, "partial": False,
}  # fmt: skip


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer(self, json.dumps(NOTHING).encode())

    def log_message(self, *_words: object) -> None:
        """Nothing."""


@contextmanager
def with_tls(file: Path) -> Iterator[str]:
    """An API with this certificate, by the name that it is for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_certificate_that_is_not_trusted_is_told_as_that(
    tmp_path: Path, command: list[str]
) -> None:
    with with_tls(certificate(tmp_path)) as url:
        done = CliRunner().invoke(make_app(), [*command, "--url", url])
    said = str(done.exception)
    assert said.startswith(f"{url}: its certificate is not trusted: self")
    assert "SSL_CERT_FILE" in said
    assert "logboom up" not in said


def test_what_is_advised_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with with_tls(file) as url:
        done = CliRunner().invoke(make_app(), ["search", "x", "--url", url])
    assert (done.exception, done.exit_code) == (None, 0), done.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://",
        "https:",
        "ftp://logs",
        "logs:7700",
        "http://logs/é",
        "http://l\udce9",
    ],
)
def test_what_is_no_url_is_told_as_that(command: list[str], url: str) -> None:
    done = CliRunner().invoke(make_app(), [*command, "--url", url])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith(f"{url!r} is no URL")


@pytest.mark.parametrize("command", [["search"], ["tail"], ["export"], ["errors"]])
def test_bytes_that_are_no_text_are_told_as_that(command: list[str]) -> None:
    done = CliRunner().invoke(make_app(), [*command, "caf\udce9"])
    assert isinstance(done.exception, UsageError)
    assert "'caf\\udce9'" in str(done.exception)
