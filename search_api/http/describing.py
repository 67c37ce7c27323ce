"""How does the API describe itself? As FastAPI does, put right where our answers are other ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from search_api.http.problems import MEDIA_TYPE

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_NEVER = "422"
"""What FastAPI answers to what it does not understand; we answer 400."""

_STREAMS = {
    "/api/v1/export": ("application/x-ndjson", "text/csv"),
    "/api/v1/tail": ("text/event-stream",),
}
_SCHEMES = {
    "key": {
        "type": "http", "scheme": "bearer",
        "description": "An API key, or a token of the OpenID Connect provider.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "logboom_session"},
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Makes an application describe itself so; the description is worked out once."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _put_right(made())
        return made()

    app.openapi = described  # type: ignore[method-assign]


def _put_right(description: dict[str, Any]) -> None:
    for path, operation in _operations(description):
        answers = operation["responses"]
        answers.pop(_NEVER, None)
        for status, answer in answers.items():
            if status >= "400":
                answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
            elif path in _STREAMS:
                answer["content"] = {
                    kind: {"schema": {"type": "string"}} for kind in _STREAMS[path]
                }
    components = description.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    description["security"] = [{}, {"key": []}, {"session": []}]


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in description["paths"].items():
        for operation in operations.values():
            yield path, operation
