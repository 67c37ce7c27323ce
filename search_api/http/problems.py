"""Errors as problem documents.

Source: RFC 9457.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from logboom.errors import (
    ConfigError,
    KeyRefused,
    KeyTaken,
    LogboomError,
    NotAllowed,
    QueryError,
    StateConflict,
    StateRefused,
    StoreDamaged,
    StoreRefused,
    TooBusy,
)
from logboom.keys.redacting import redacted
from search_api.http.responding import json_of

log = logging.getLogger("logboom.api")

MEDIA_TYPE = "application/problem+json"
_STATUSES = (
    (ConfigError, 400), (StateConflict, 409), (KeyTaken, 409), (KeyRefused, 400), (NotAllowed, 403), (TooBusy, 429),
    (StoreRefused, 503), (StoreDamaged, 503), (StateRefused, 503),
)  # fmt: skip
"""What else than 500, or 503 where trying again helps, an error is answered with."""

_NO_OBJECT = "the body has to be a JSON object, sent with `Content-Type: application/json`"
_OF_OBJECTS = frozenset({"model_attributes_type", "model_type", "dict_type"})
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_LATER = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


def problem(status: int, detail: str, **more: Any) -> Response:  # noqa: ANN401 - JSON is of any shape
    """One problem document."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    headers = {"Retry-After": "2"} if status in _LATER else None
    return Response(json_of(content), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Makes every error of an application a problem document."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def told(request: Request, error: Exception) -> tuple[Response, bool]:
    """The problem document for an error, as an application has it.

    Returns:
        The document, and whether the error is a bug.
    """
    kind = next(kind for kind in type(error).__mro__ if kind in _HANDLERS)
    return await _HANDLERS[kind](request, error), kind is Exception


async def _logboom(_request: Request, error: Exception) -> Response:
    if isinstance(error, QueryError):
        return problem(400, str(error), position=error.position, suggestion=error.suggestion)
    return problem(_status_of(error), str(error))


def _status_of(error: Exception) -> int:
    known = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if known is not None:
        return known
    return 503 if isinstance(error, LogboomError) and error.retryable else 500


async def _validation(_request: Request, error: Exception) -> Response:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    wrong = next((one for one in details if _is_no_object(one)), None)
    if wrong is not None:
        why = wrong.get("ctx", {}).get("error", "")
        at = f" (character {wrong['loc'][1]}: {why})" if why and len(wrong["loc"]) > 1 else ""
        return problem(400, f"{_NO_OBJECT}{at}")
    sentences = [f"{'.'.join(str(part) for part in d['loc'][1:])}: {d['msg']}" for d in details]
    return problem(400, "; ".join(sentences) or "the request is not understood")


def _is_no_object(detail: Mapping[str, Any]) -> bool:
    """Whether the body is no JSON, or JSON of another kind than an object."""
    is_body = detail["loc"][:1] == ("body",)
    is_whole = len(detail["loc"]) == 1 and detail["type"] in _OF_OBJECTS
    return is_body and (is_whole or detail["type"] == "json_invalid")


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "error"
    answer = problem(status, str(detail))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_allowed(request))
    return answer


def _allowed(request: Request) -> list[str]:
    """The methods that a path has (RFC 9110, 15.5.6), by whichever of its routes."""
    routes: Sequence[BaseRoute] = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


async def _bug(request: Request, error: Exception) -> Response:
    log.error("a bug in %s", redacted(request.url.path), exc_info=error)
    return problem(500, "a bug in logboom; its log has the details")


_HANDLERS: Mapping[type, Callable[[Request, Exception], Awaitable[Response]]] = {
    LogboomError: _logboom,
    RequestValidationError: _validation,
    HTTPException: _http,
    Exception: _bug,
}
