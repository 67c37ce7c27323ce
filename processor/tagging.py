"""Is this event an error, and what says so?

The rules of the configuration are asked first. After them an error is named by its level, by an
exception it carries, by an HTTP status of the 5xx, or by its text. The first reason that holds is kept in
`error.detected_by`; `tags` gets `error`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import UNSET, Raw

from logboom.config.tagging import ErrorsSection
from logboom.event import Event
from logboom.head import Head
from processor.error_rules import ErrorRules
from processor.outcries import error_sign

ERROR_TAG = "error"
REASONS = ("level", "exception", "http_status", "text")
"""What `error.detected_by` can be, the surest first; or `rule:` and the name of a rule."""

_ERROR_LEVELS = frozenset({"error", "fatal"})
_CALM_LEVELS = frozenset({"trace", "debug", "info", "warn"})
_NO_ERROR = re.compile(
    rb'"\s*(?:-|<nil>|\(?(?:none|null|nil|undefined|false|no|no errors?|ok|success|n/a)\)?\.?|\{\}|\[\]'
    rb'|0+(?:\.0+)?)?\s*"',
    re.IGNORECASE,
)


def by_level(head: Head) -> bool:
    """Its logger calls it an error."""
    return head.log is not UNSET and head.log.level in _ERROR_LEVELS


def by_exception(head: Head) -> bool:
    """It carries an exception, or its text where neither a level nor a status says what it is."""
    error = head.error
    if error is UNSET:
        return False
    if error.stack_trace is not UNSET or error.type is not UNSET:
        return True
    return not _says_otherwise(head) and error.message is not UNSET and _is_told(error.message)


def _says_otherwise(head: Head) -> bool:
    """A level or the fields of HTTP tell what the event is."""
    return bool(head.http) or (head.log is not UNSET and head.log.level is not UNSET)


def _is_told(message: Raw) -> bool:
    """A text that does not say that there is no error, as JSON."""
    text = bytes(message)
    return text.startswith(b'"') and _NO_ERROR.fullmatch(text) is None


def by_http_status(head: Head) -> bool:
    """It tells of a request that the server failed."""
    if not head.http or not head.http.response:
        return False
    status = head.http.response.status_code
    return status is not UNSET and 500 <= status <= 599


class Tagger:
    """Decides which events are errors.

    Args:
        section: What the configuration adds and switches off.
    """

    def __init__(self, section: ErrorsSection) -> None:
        self._rules = ErrorRules(section.rules)
        self._off = frozenset(section.off)
        tests: tuple[Callable[[Head], bool], ...] = (
            by_level, by_exception, by_http_status, self._by_text,
        )  # fmt: skip
        self._detectors = [
            (name, holds)
            for name, holds in zip(REASONS, tests, strict=True)
            if name not in self._off
        ]

    @property
    def has_rules(self) -> bool:
        """Rules must be asked of every event, and need all of it."""
        return bool(self._rules)

    @property
    def is_usual(self) -> bool:
        """Errors by their level, and calm events, are what the compiled part takes them for."""
        return not self._rules and "level" not in self._off

    def reason(self, head: Head) -> str | None:
        """What says that an event is an error, but for the rules; None when it is none."""
        log = head.log
        if log is not UNSET and log.level in _CALM_LEVELS and not head.error and not head.http:
            return None  # the usual event, told quickly
        for reason, holds in self._detectors:
            if holds(head):
                return reason
        return None

    def reason_of(self, event: Event, head: Head) -> str | None:
        """What says that an event is an error, the rules included; None when it is none."""
        verdict = self._rules.verdict(event)
        if verdict is None:
            return self.reason(head)
        return f"rule:{verdict.rule}" if verdict.error else None

    def _by_text(self, head: Head) -> bool:
        """Nothing else says what it is, and its words are those of an error.

        Texts with a calm level are believed: "0 errors", "error=nil" and "retry without error" are
        common in them.
        """
        if _says_otherwise(head) or not head.message:
            return False
        return error_sign(head.message, self._off) is not None
