"""Which records are kept of a group of errors?

A group's record is written once, when its first error is processed, and outlives the events. The user's
merges are records of their own: a group that was merged names the one that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from logboom.event import Event

GROUPS = "error_group"
MERGES = "error_merge"
_FINGERPRINT = re.compile(r"[\x21-\x7e]{1,200}\Z")
_LONGEST_TITLE = 200
_LONGEST_TEXT = 2_000
_LONGEST_TRACE = 8_000


@dataclass(frozen=True, slots=True)
class FirstSight:
    """The first error of a group that was processed.

    Attributes:
        first_seen: Its `@timestamp`.
        title: What the group is called: class and message in one line.
        service: Its `service.name`, or empty.
        event_id: Its `event.id`.
        kind: Its `error.type`, or empty.
        message: Its text, shortened.
        stack_trace: Its trace, shortened, or empty.
    """

    first_seen: str
    title: str
    service: str
    event_id: str
    kind: str
    message: str
    stack_trace: str

    def value(self) -> dict[str, Any]:
        """As the state keeps it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> FirstSight:
        """What the state kept; what an older version did not keep is empty."""
        return cls(**{name: str(value.get(name, "")) for name in cls.__dataclass_fields__})


def is_fingerprint(text: object) -> TypeGuard[str]:
    """Whether a group can have this fingerprint: an application may send its own."""
    return isinstance(text, str) and _FINGERPRINT.match(text) is not None


def first_sight(event: Event) -> FirstSight:
    """What is kept of an error."""
    error = _object(event, "error")
    kind, said = _text(error, "type"), _text(error, "message")
    message = _text(event, "message")
    line = (said or message).strip().partition("\n")[0]
    title = line if not kind or line.startswith(kind) else f"{kind}: {line}" if line else kind
    return FirstSight(
        first_seen=_text(event, "@timestamp"),
        title=_clean(title[:_LONGEST_TITLE]),
        service=_clean(_text(_object(event, "service"), "name")[:_LONGEST_TITLE]),
        event_id=_clean(_text(_object(event, "event"), "id")[:_LONGEST_TITLE]),
        kind=_clean(kind[:_LONGEST_TITLE]),
        message=_clean(message[:_LONGEST_TEXT]),
        stack_trace=_clean(_text(error, "stack_trace")[:_LONGEST_TRACE]),
    )


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _clean(text: str) -> str:
    """The text without half characters, which no JSON takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
