"""Elasticsearch as it is asked by our API, and the same questions put to it directly."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Sent:
    """What our API sent to Elasticsearch."""

    path: str
    body: bytes


class Between:
    """A server that passes requests on to Elasticsearch, and notes those that search."""

    def __init__(self, url: str) -> None:
        self.sent: list[Sent] = []
        address = urlsplit(url)
        sent = self.sent

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if "_search" in self.path:
                    sent.append(Sent(self.path, body))
                upstream = http.client.HTTPConnection(str(address.hostname), address.port)
                kind = {"content-type": self.headers.get("content-type", "application/json")}
                upstream.request(self.command, self.path, body, kind if body else {})
                answer = upstream.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name in ("content-type", "x-elastic-product"):
                    self.send_header(name, answer.headers.get(name, ""))
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                upstream.close()

            do_GET = do_POST = do_PUT = do_HEAD = pass_on  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as there
                """Nothing is told of requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[Between]:
        """Serves as long as the context."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class Direct:
    """Elasticsearch, asked by plain HTTP over one connection."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port)

    def ask(self, sent: list[Sent]) -> None:
        """Sends requests, one after the other, and reads their answers.

        Raises:
            RuntimeError: It refuses one.
        """
        for one in sent:
            self._connection.request(
                "POST", one.path, one.body, {"content-type": "application/json"}
            )
            answer = self._connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(content[:500].decode())
