"""What is answered to those who are not let in? Problem documents, also before a route is found."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from types import MappingProxyType

import orjson
from starlette.types import Message, Scope, Send

from search_api.http.problems import MEDIA_TYPE

CHALLENGE = 'Bearer realm="logboom"'
"""What a 401 says of how to come in."""

_REFUSED_SOCKET = 1008
_CAN_ANSWER = "websocket.http.response"


class Refusal(Exception):
    """Why a request is not let in.

    Args:
        status: Of the answer.
        detail: For whoever asks.
        headers: That the answer has besides.
        asks_for_key: With a good key it would not have come to this.

    Attributes:
        who: The name of the access that is not let in; empty: nobody known.
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] = MappingProxyType({}), *,
        asks_for_key: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.asks_for_key = asks_for_key
        self.who = ""


def unknown_caller(detail: str) -> Refusal:
    """A key is missing, or worth nothing."""
    return Refusal(401, detail, {"WWW-Authenticate": CHALLENGE}, asks_for_key=True)


def too_often(wait_s: float, detail: str) -> Refusal:
    """So many requests that some have to wait."""
    return Refusal(429, detail, _later(wait_s))


def too_many_wrong_keys(wait_s: float) -> Refusal:
    """So many wrong keys that those who send them have to wait."""
    detail = "too many wrong keys come from this address; a good one is let in"
    return Refusal(429, detail, _later(wait_s), asks_for_key=True)


def _later(wait_s: float) -> Mapping[str, str]:
    return {"Retry-After": str(max(1, ceil(wait_s)))}


def messages_of(refusal: Refusal) -> tuple[Message, Message]:
    """The answer, as a server sends it."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
    }
    body = orjson.dumps(content)
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **refusal.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return (
        {"type": "http.response.start", "status": refusal.status, "headers": pairs},
        {"type": "http.response.body", "body": body},
    )


async def send_to(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answers, also to those who want a WebSocket."""
    kind = ""
    if scope["type"] == "websocket":
        if _CAN_ANSWER not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _REFUSED_SOCKET})
            return
        kind = "websocket."
    for message in messages_of(refusal):
        await send({**message, "type": f"{kind}{message['type']}"})
