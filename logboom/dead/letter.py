"""What is a dead letter?"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal

import orjson

from logboom.broker.port import Unreadable
from logboom.event import SOURCE_RUN_LENGTH

Part = Literal["shipper", "processor"]
"""Who buried it: the shipper, because the broker refuses it; the processor, because the store does."""


@dataclass(frozen=True, slots=True)
class LetterHead:
    """A dead letter without its event.

    Attributes:
        event: The event's id; the same after a replay.
        part: Who buried it.
        reason: Why, in one line.
        run: `log.source` of the event.
        source: Id of the source; empty where only the shipper knows it.
        path: The file it was read from, or empty.
        start: First byte of the event in its source; -1 when that is not known.
        end: One past its last byte; -1 when that is not known.
        lines: Lines of the source that it was made of.
        day: The UTC day of its index, `YYYY-MM-DD`.
        at_ns: When it was buried, ns since the epoch.
        size: Bytes of the event.
        replaying: It is on its way back.
    """

    event: str
    part: Part
    reason: str
    run: str
    source: str
    path: str
    start: int
    end: int
    lines: int
    day: str
    at_ns: int
    size: int
    replaying: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: its head, and the event as it was to be sent, secrets replaced."""

    head: LetterHead
    value: bytes


def letter_of_document(name: str, day: str, value: bytes, *, reason: str, at_ns: int) -> Letter:
    """The letter of an event that the store refused.

    Args:
        name: The event's id.
        day: The UTC day of its index.
        value: The event as JSON.
        reason: The store's own words.
        at_ns: Now, ns since the epoch.
    """
    path, start = _place(value)
    head = LetterHead(
        event=name, part="processor", reason=reason, run=name[:SOURCE_RUN_LENGTH], source="",
        path=path, start=start, end=-1, lines=1, day=day, at_ns=at_ns, size=len(value),
    )  # fmt: skip
    return Letter(head, value)


_UNREADABLE = "unreadable-"


def letter_of_unreadable(found: Unreadable, day: str, *, at_ns: int) -> Letter:
    """The letter of messages that stand in the broker and cannot be read.

    Args:
        found: Where they are, and why.
        day: Now, in UTC: theirs is not known.
        at_ns: Now, ns since the epoch.
    """
    where = f"partition {found.partition} of {found.topic}"
    reason = f"messages {found.first} to {found.last} in {where} cannot be read: {found.reason}"
    if not found.content:
        reason += f"; to try again, set the consumer group back to offset {found.first}"
    about = {
        "topic": found.topic, "partition": found.partition, "first_offset": found.first,
        "last_offset": found.last, "reason": found.reason, "content": b64encode(found.content).decode(),
    }  # fmt: skip
    value = orjson.dumps(about)
    head = LetterHead(
        event=f"{_UNREADABLE}{found.topic}-{found.partition}-{found.first}", part="processor",
        reason=reason, run="", source="", path="", start=-1, end=-1, lines=found.count,
        day=day, at_ns=at_ns, size=len(value),
    )  # fmt: skip
    return Letter(head, value)


def why_not_sent(head: LetterHead) -> str | None:
    """Why a letter cannot be sent again, in words for people; None when it can."""
    return head.reason if head.event.startswith(_UNREADABLE) else None


def _place(value: bytes) -> tuple[str, int]:
    """The file and the offset that an event names; an event that names none came from elsewhere."""
    try:
        log = orjson.loads(value)["log"]
        return str(log["file"]["path"]), int(log["offset"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return "", -1
