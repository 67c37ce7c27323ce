"""Is this event an error, and what says so?

An error is named by its level, by an exception it carries, by an HTTP status of the 5xx, or by its
text. The first reason that holds is kept in `error.detected_by`; `tags` gets `error`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from logboom.event import Event

ERROR_TAG = "error"
_ERROR_LEVELS = frozenset({"error", "fatal"})

_EXCEPTION_NAME = re.compile(
    r"\b(?:[A-Za-z_$][\w$]*\.)*[A-Z]\w*(?:Exception|Error)(?=[:\s(]|$)(?!\s*[=(]?\s*(?:nil|null|None|0)\b)"
)
_OUTCRY = re.compile(
    r"^(?:[\w./-]+(?:\[\d+\])?: )?(?:error|fatal|panic|critical|severe|emerg(?:ency)?|alert)\s*[:!\]-]"
    r"|\b(?:Traceback \(most recent call last\)|segmentation fault|out of memory: kill"
    r"|core dumped|kernel panic|assertion failed|unhandled exception|uncaught exception)\b",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"rror|xception|ATAL|atal|anic|ritical|RITICAL|PANIC|racebac|evere|merg|lert|segm|Segm|memor|dumped|ssertion"
)


def by_level(event: Event) -> bool:
    """Its logger calls it an error."""
    return event.get("log", {}).get("level") in _ERROR_LEVELS


def by_exception(event: Event) -> bool:
    """It carries an exception."""
    error = event.get("error")
    return isinstance(error, dict) and ("stack_trace" in error or "type" in error)


def by_http_status(event: Event) -> bool:
    """It tells of a request that the server failed."""
    status = event.get("http", {}).get("response", {}).get("status_code")
    return isinstance(status, int) and 500 <= status <= 599


def by_text(event: Event) -> bool:
    """Nothing else says what it is, and its words are those of an error.

    Texts with a calm level are believed: "0 errors", "error=nil" and "retry without error" are
    common in them.
    """
    if "level" in event.get("log", {}) or "http" in event:
        return False
    message = event.get("message", "")
    if not _HINT.search(message):
        return False
    first_line = message.partition("\n")[0][:2000]
    return _OUTCRY.search(first_line) is not None or _EXCEPTION_NAME.search(first_line) is not None


DETECTORS: tuple[tuple[str, Callable[[Event], bool]], ...] = (
    ("level", by_level),
    ("exception", by_exception),
    ("http_status", by_http_status),
    ("text", by_text),
)
"""Reasons and what holds them, the surest first."""


def tag_error(event: Event) -> bool:
    """Tags an event in place if it is an error.

    Returns:
        True when it is one.
    """
    for reason, holds in DETECTORS:
        if holds(event):
            error = event.setdefault("error", {})
            error["detected_by"] = reason
            tags = event.setdefault("tags", [])
            if ERROR_TAG not in tags:
                tags.append(ERROR_TAG)
            return True
    return False
