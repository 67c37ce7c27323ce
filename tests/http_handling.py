"""A small HTTP server on loopback, which a test tells how to answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType


def answer(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Answers a request, with the length of its body.

    Args:
        handler: Has the request.
        body: All of it.
        status: The HTTP status.
        headers: Beside the length.
    """
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def handled(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves each request by a handler, in a thread of its own.

    Yields:
        The URL, without a slash at its end.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
