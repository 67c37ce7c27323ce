"""What do the three protocols have in common?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from logboom.spellings import SPELLINGS

JSON_TYPE = "application/json"
PROTOBUF = "application/x-protobuf"
_BYTES_PER_PART = 64
_PER_RECORD_BYTES = 256
"""What a record takes beside its line, so that millions of empty ones are too many."""
_MOST_REASONS = 10
_OURS = frozenset({"message", "@timestamp"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request whose body has been read.

    Attributes:
        body: After decompression.
        content_type: Lower case, without parameters; empty when none was given.
        digest: Of path, content type and body: the same for a request that is sent again.
        index: The index in the path of a `_bulk`, if there is one.
    """

    body: bytes
    content_type: str
    digest: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is told."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request contains.

    Attributes:
        records: Envelope lines for the spool, in order; none when nothing in it could be used.
        answer: Duration in ms → what to say once the broker has all records.
    """

    records: Sequence[bytes]
    answer: Callable[[int], Answer]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not taken as a whole.

    Attributes:
        status: HTTP status.
        reason: One sentence for the client.
        retry_after_s: When to come again; None when that would not help.
    """

    status: int
    reason: str
    retry_after_s: int | None = None


class Speaker(Protocol):
    """One protocol: pure, and never raising whatever the body is."""

    @property
    def name(self) -> str:
        """Its name, as in the spool's folder and in messages."""
        ...

    def read(self, incoming: Incoming) -> Taken | Refusal:
        """Takes a body apart."""
        ...

    def refuse(self, refusal: Refusal, content_type: str) -> Answer:
        """Says a refusal in the protocol's own form.

        Args:
            refusal: What is wrong.
            content_type: Of the request, as in `Incoming`.
        """
        ...


class TooMuch(Exception):
    """What a request holds takes too much room once it is written out."""


class Records:
    """Lines for the spool, up to a bound: what a body says once goes into each of its events.

    Args:
        max_bytes: They take this much at most, all together.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self.lines: list[bytes] = []
        self._room = max_bytes

    def add(self, line: bytes, *, more: int = 0) -> None:
        """Adds a line.

        Args:
            line: With its line break.
            more: Bytes that it takes elsewhere, for example in the answer.

        Raises:
            TooMuch: When there is no room for it.
        """
        self._room -= len(line) + more + _PER_RECORD_BYTES
        if self._room < 0:
            raise TooMuch
        self.lines.append(line)


@dataclass(slots=True)
class Mapped:
    """What a request came to whose parts are taken or rejected one by one.

    Attributes:
        records: Envelope lines.
        rejected: Parts that could not be used.
        reasons: Why, the first few of them.
    """

    records: Records
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def reject(self, reason: str) -> None:
        """One part cannot be used."""
        self.rejected += 1
        if len(self.reasons) < _MOST_REASONS and reason not in self.reasons:
            self.reasons.append(reason)


def is_crowded(body: bytes, *, max_bytes: int) -> bool:
    """Whether a JSON body has so many parts that reading it takes many times its size.

    Args:
        max_bytes: What its events may take.
    """
    return body.count(b",") > max_bytes // _BYTES_PER_PART


def too_much() -> Refusal:
    """Of a request whose events take too much room."""
    return Refusal(413, "the events take too much room once written out: send fewer at once")


def field_of(name: str) -> str:
    """Under which name a client's own field goes: never as the message or the time by accident."""
    return f"attributes.{name}" if SPELLINGS.get(name) in _OURS or name == "" else name


def retry_headers(refusal: Refusal) -> dict[str, str]:
    """The header that says when to come again, if that helps."""
    after = refusal.retry_after_s
    return {} if after is None else {"Retry-After": str(after)}
