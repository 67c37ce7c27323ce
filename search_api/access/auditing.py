"""Who asked what? One line of JSON for each request, with secrets left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from logboom.clock import Clock, utc_text
from logboom.keys.redacting import redacted
from logboom.logs import LogFile

_LONGEST_VALUE = 2_000
_MOST_PARAMETERS = 50
_SECRET_NAMES = frozenset({"key", "token", "api_key", "apikey", "password", "secret", "cursor"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered.

    Attributes:
        who: The name of the access; empty: nobody known.
        address: Of the client.
        method: In capitals; `WEBSOCKET` for one.
        path: Decoded.
        query: Of the URL, as it came.
        body: Small JSON that was sent along, or nothing.
        status: Of the answer; 0: the client went away before.
        took_s: Until the end of the answer.
        phase: `end`, or `begin` of what goes on for long.
    """

    who: str
    address: str
    method: str
    path: str
    query: bytes
    body: bytes
    status: int
    took_s: float
    phase: str = "end"


class AuditLog:
    """A file of lines that tell who asked what; opened anew when it was rotated away.

    Args:
        path: The file; its folder is made, private to its user.
        clock: Tells when.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handler = LogFile(str(path), encoding="utf-8")
        self._clock = clock

    def write(self, asked: Asked) -> None:
        """Appends a line."""
        text = line_of(asked, self._clock.now_ns())
        record = logging.LogRecord("logboom.audit", logging.INFO, "", 0, text, None, None)
        self._handler.handle(record)

    def close(self) -> None:
        """Lets go of the file. Idempotent."""
        self._handler.close()


def line_of(asked: Asked, now_ns: int) -> str:
    """What is written of a request."""
    told: dict[str, Any] = {
        "@timestamp": utc_text(round(now_ns / 1e6) * 1_000_000),
        "event.action": asked.phase,
        "user.name": asked.who,
        "client.ip": asked.address,
        "http.request.method": asked.method,
        "url.path": redacted(asked.path[:_LONGEST_VALUE]),
        "parameters": dict(_parameters(asked)),
        "http.response.status_code": asked.status,
        "took_ms": round(asked.took_s * 1000, 3),
    }
    return json.dumps(told)  # in ASCII: nothing in it can end the line or steer a terminal


def _parameters(asked: Asked) -> Iterator[tuple[str, str]]:
    query = asked.query.decode("utf-8", "replace")
    pairs: list[tuple[str, Any]] = list(
        parse_qsl(query, keep_blank_values=True, max_num_fields=None)
    )
    if asked.body:
        pairs += _members(asked.body)
    for name, value in pairs[:_MOST_PARAMETERS]:
        if name.lower() in _SECRET_NAMES:
            yield name[:100], "***"
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        yield name[:100], redacted(text[:_LONGEST_VALUE])


def _members(body: bytes) -> list[tuple[str, Any]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return [("body", f"{len(body)} bytes that are no JSON")]
    return list(content.items()) if isinstance(content, Mapping) else [("body", content)]
