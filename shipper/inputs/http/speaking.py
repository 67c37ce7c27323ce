"""What do the three protocols have in common?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shipper.spellings import SPELLINGS

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
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
    content_type: str = JSON
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


def field_of(name: str) -> str:
    """Under which name a client's own field goes: never as the message or the time by accident."""
    return f"attributes.{name}" if SPELLINGS.get(name) in _OURS or name == "" else name


def retry_headers(refusal: Refusal) -> dict[str, str]:
    """The header that says when to come again, if that helps."""
    after = refusal.retry_after_s
    return {} if after is None else {"Retry-After": str(after)}
