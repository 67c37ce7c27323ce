"""What passes on its way to the client: headers are added, and it is seen what is answered."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Message, Send

from search_api.access.headers import add_to

_EVENT_STREAM = "text/event-stream"
_LONG = frozenset({_EVENT_STREAM, "application/x-ndjson", "text/csv"})
_SWITCHING = 101
_REFUSED = 403
_VIOLATION = 1008


class Sending:
    """The way to the client.

    Args:
        send: The server's.
        path: Of the request.
        has_tls: We speak TLS ourselves.
        begun: Called when an answer begins that goes on for long.

    Attributes:
        status: Of the answer; 0: there is none yet.
    """

    def __init__(self, send: Send, path: str, begun: Callable[[], None], *, has_tls: bool) -> None:
        self.status = 0
        self._send = send
        self._path = path
        self._begun = begun
        self._has_tls = has_tls
        self._kind = ""
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        """Sends a message on."""
        kind = message["type"]
        if kind in {"http.response.start", "websocket.http.response.start"}:
            add_to(message, self._path, has_tls=self._has_tls)
            self.status = message["status"]
            self._kind = Headers(raw=message["headers"]).get("content-type", "").partition(";")[0]
            if self._kind in _LONG:
                self._begun()
        elif kind == "websocket.accept":
            self.status, self._kind = _SWITCHING, "websocket"
            self._begun()
        elif kind == "websocket.close":
            self.status, self._is_over = self.status or _REFUSED, True
        elif kind == "http.response.body":
            self._is_over = not message.get("more_body", False)
        await self._send(message)

    async def end(self) -> None:
        """Ends an answer that may not go on.

        Streams of news end in order, since their clients come again; an export breaks off, since it is
        not complete.
        """
        if self._is_over:
            return
        if self._kind == "websocket":
            await self({"type": "websocket.close", "code": _VIOLATION, "reason": "key revoked"})
        elif self._kind == _EVENT_STREAM:
            await self({"type": "http.response.body", "body": b"", "more_body": False})
