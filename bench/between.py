"""Elasticsearch as it is asked by our API, the same questions put to it directly, and its answers kept."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_MOST_KEPT = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """What our API sent to Elasticsearch."""

    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    status: int
    headers: Mapping[str, str]
    content: bytes


class Between:
    """A server that passes requests on to Elasticsearch, and notes those that search.

    Attributes:
        sent: What was asked since this was cleared.
        keeps: Whether a search that was asked before is answered at once with what Elasticsearch said
            then: what our API takes is seen without what that takes.
    """

    def __init__(self, url: str) -> None:
        self.sent: list[Sent] = []
        self.keeps = False
        self._address = urlsplit(url)
        self._kept: dict[Sent, _Kept] = {}
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True  # else the end of an answer waits for the client's word

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                kind = self.headers.get("content-type", "application/json")
                answer = between._answer(self.command, self.path, body, kind)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.content)

            do_GET = do_POST = do_PUT = do_HEAD = pass_on  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as there
                """Nothing is told of requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, method: str, path: str, body: bytes, kind: str) -> _Kept:
        sent = Sent(path, body)
        if self.keeps and sent in self._kept:
            return self._kept[sent]
        upstream = http.client.HTTPConnection(str(self._address.hostname), self._address.port)
        upstream.request(method, path, body, {"content-type": kind} if body else {})
        answer = upstream.getresponse()
        names = ("content-type", "x-elastic-product")
        headers = {name: answer.headers.get(name, "") for name in names}
        found = _Kept(answer.status, headers, answer.read())
        upstream.close()
        if "_search" in path:
            self.sent.append(sent)
            self._kept = {**dict(list(self._kept.items())[-_MOST_KEPT:]), sent: found}
        return found

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
