"""Is this event an error, and what says so?

An error is named by its level, by an exception it carries, by an HTTP status of the 5xx, or by its
text. The first reason that holds is kept in `error.detected_by`; `tags` gets `error`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import UNSET

from logboom.head import Head

ERROR_TAG = "error"
_ERROR_LEVELS = frozenset({"error", "fatal"})
_CALM_LEVELS = frozenset({"trace", "debug", "info", "warn"})

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


def by_level(head: Head) -> bool:
    """Its logger calls it an error."""
    return head.log is not UNSET and head.log.level in _ERROR_LEVELS


def by_exception(head: Head) -> bool:
    """It carries an exception."""
    error = head.error
    return error is not UNSET and (error.stack_trace is not UNSET or error.type is not UNSET)


def by_http_status(head: Head) -> bool:
    """It tells of a request that the server failed."""
    if not head.http or not head.http.response:
        return False
    status = head.http.response.status_code
    return status is not UNSET and 500 <= status <= 599


def by_text(head: Head) -> bool:
    """Nothing else says what it is, and its words are those of an error.

    Texts with a calm level are believed: "0 errors", "error=nil" and "retry without error" are
    common in them.
    """
    if head.http or not head.message or (head.log and head.log.level is not UNSET):
        return False
    if not _HINT.search(head.message):
        return False
    first_line = head.message.partition("\n")[0][:2000]
    return _OUTCRY.search(first_line) is not None or _EXCEPTION_NAME.search(first_line) is not None


DETECTORS: tuple[tuple[str, Callable[[Head], bool]], ...] = (
    ("level", by_level),
    ("exception", by_exception),
    ("http_status", by_http_status),
    ("text", by_text),
)
"""Reasons and what holds them, the surest first."""


def error_reason(head: Head) -> str | None:
    """What says that an event is an error; None when it is none."""
    log = head.log
    if log is not UNSET and log.level in _CALM_LEVELS and not head.error and not head.http:
        return None  # the usual event, told quickly
    for reason, holds in DETECTORS:
        if holds(head):
            return reason
    return None
