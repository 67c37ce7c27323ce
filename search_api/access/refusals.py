"""What is answered to those who are not let in? Problem documents, also before a route is found."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from types import MappingProxyType

import orjson
from starlette.types import Message, Scope, Send

from search_api.problems import MEDIA_TYPE

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
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def unknown_caller(detail: str) -> Refusal:
    """A key is missing, or worth nothing."""
    return Refusal(401, detail, {"WWW-Authenticate": CHALLENGE})


def too_often(wait_s: float, detail: str) -> Refusal:
    """So many requests that some have to wait."""
    return Refusal(429, detail, {"Retry-After": str(max(1, ceil(wait_s)))})


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
