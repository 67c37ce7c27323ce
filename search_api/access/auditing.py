"""Who asked what? One line of JSON for each request, with secrets left out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from logboom.clock import Clock, utc_text
from logboom.keys.redacting import redacted
from logboom.logs import LogFile
from search_api.access.purses import Purses, burst_of, subnet_of

_LONGEST_PATH = _LONGEST_VALUE = 2_000
_LONGEST_NAME = 100
_MOST_PARAMETERS = 50
_MOST_LOOKED_AT = 32_768
"""Characters of one line's texts in which secrets are looked for: what is behind them is not written."""

_DEEPEST = 20
_STARS = "***"
_CUT_WORD = re.compile(r"(?<![^\s&;,)])[^\s&;,)]*\Z")
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
        is_too_often: It was not let in, since others came just before: there could be any number of them.
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
    is_too_often: bool = False


class AuditLog:
    """A file of lines that tell who asked what; opened anew when it was rotated away.

    Args:
        path: The file; its folder is made, private to its user.
        clock: Tells when.
        most_per_s: Lines about those whom nobody knows, of one address, and lines about one who asks too
            often; there could be any number of them.
    """

    def __init__(self, path: Path, clock: Clock, *, most_per_s: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handler = LogFile(str(path), encoding="utf-8")
        self._clock = clock
        self._most_per_s = most_per_s
        self._purses = Purses(clock, burst=burst_of(most_per_s))
        self._left_out = 0

    def write(self, asked: Asked) -> None:
        """Appends a line, or counts it for the next one."""
        if (not asked.who or asked.is_too_often) and self._purses.take(
            asked.who or subnet_of(asked.address), self._most_per_s
        ):
            self._left_out += 1
            return
        text = line_of(asked, self._clock.now_ns(), left_out=self._left_out)
        self._left_out = 0
        record = logging.LogRecord("logboom.audit", logging.INFO, "", 0, text, None, None)
        self._handler.handle(record)

    def close(self) -> None:
        """Lets go of the file. Idempotent."""
        self._handler.close()


def line_of(asked: Asked, now_ns: int, *, left_out: int = 0) -> str:
    """What is written of a request.

    Args:
        asked: The request.
        now_ns: When it is written, ns since the epoch.
        left_out: Requests before it of which no line was written: of strangers, or too often.
    """
    texts = _Texts()
    told: dict[str, Any] = {
        "@timestamp": utc_text(round(now_ns / 1e6) * 1_000_000),
        "event.action": asked.phase,
        "user.name": asked.who,
        "client.ip": asked.address,
        "http.request.method": asked.method,
        "url.path": texts.safe(asked.path, _LONGEST_PATH),
        "parameters": _listed(_parameters(asked, texts)),
        "http.response.status_code": asked.status,
        "took_ms": round(asked.took_s * 1000, 3),
    }
    if left_out:
        told["left_out"] = left_out
    return json.dumps(told)  # in ASCII: nothing in it can end the line or steer a terminal


class _Texts:
    """What strangers wrote, as it can be told: without secrets, and cut."""

    def __init__(self) -> None:
        self._left = _MOST_LOOKED_AT

    def safe(self, text: str, longest: int) -> str:
        """A text without secrets; only then is it cut, so that no piece of one is left.

        Args:
            text: Of any length.
            longest: So many characters of it are told.
        """
        seen = text[: max(0, self._left)]
        self._left -= len(seen)
        found = redacted(seen)
        if len(seen) < len(text):  # the last word may be the begin of a secret
            found = _CUT_WORD.sub("", found)
        return found[:longest]

    def plain(self, value: Any, deepest: int = _DEEPEST) -> Any:  # noqa: ANN401 - JSON
        """JSON of which each text is safe: how they are escaped hides no secret.

        Args:
            value: Of any size.
            deepest: So many levels of it are told.
        """
        self._left -= 1  # also what is no text takes time
        if isinstance(value, str):
            return self.safe(value, _LONGEST_VALUE)
        if not isinstance(value, Mapping | list):
            return value
        if not deepest or self.is_used_up:
            return "..."
        parts: Iterable[Any] = takewhile(lambda _: not self.is_used_up, value)
        if isinstance(value, list):
            return [self.plain(one, deepest - 1) for one in parts]
        return {
            self.safe(name, _LONGEST_NAME): (
                _STARS if _is_secret(name) else self.plain(value[name], deepest - 1)
            )
            for name in parts
        }

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more is looked at."""
        return self._left <= 0


def _listed(parameters: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """By name; what was given several times is a list."""
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    return {name: some[0] if len(some) == 1 else some for name, some in values.items()}


def _parameters(asked: Asked, texts: _Texts) -> Iterator[tuple[str, str]]:
    query = asked.query.decode("utf-8", "replace")
    pairs: list[tuple[str, Any]] = list(
        parse_qsl(query, keep_blank_values=True, max_num_fields=None)
    )
    if asked.body:
        pairs += _members(asked.body)
    for name, value in pairs[:_MOST_PARAMETERS]:
        if texts.is_used_up:
            break
        told = texts.safe(name, _LONGEST_NAME)
        if _is_secret(name):
            yield told, _STARS
        elif isinstance(value, str):
            yield told, texts.safe(value, _LONGEST_VALUE)
        else:
            yield told, json.dumps(texts.plain(value))[:_LONGEST_VALUE]
    if len(pairs) > _MOST_PARAMETERS:
        yield "...", f"{len(pairs) - _MOST_PARAMETERS} more"


def _is_secret(name: str) -> bool:
    """Whether what has a name is a secret, whatever it looks like."""
    assigned = f"{name[-_LONGEST_NAME:]}=x"
    return name.lower() in _SECRET_NAMES or redacted(assigned) != assigned


def _members(body: bytes) -> list[tuple[str, Any]]:
    """What is asked for by a JSON object, or by several of them, a line each, as of `_msearch`."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return _of_lines(body)
    return list(content.items()) if isinstance(content, Mapping) else [("body", content)]


def _of_lines(body: bytes) -> list[tuple[str, Any]]:
    found = [_of_line(line) for line in body[:_MOST_LOOKED_AT].split(b"\n") if line.strip()]
    if not any(isinstance(one, Mapping) for one in found):
        return [("body", _no_json(body))]
    return [("body", one) for one in found]


def _of_line(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _no_json(line)


def _no_json(text: bytes) -> str:
    return f"{len(text)} bytes that are no JSON"
