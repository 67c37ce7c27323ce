"""What is sent together: segments of sources, and the batch that they make up."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from logboom.broker import Message


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one source's run whose events go out in one batch.

    It carries all that a restart needs in order to send exactly these events again, and all that
    the ledger and the checkpoint need once they are acknowledged.

    Attributes:
        source: Id of the source.
        run: `log.source`: the source in this epoch.
        epoch: How often the source had begun anew.
        start: First byte of the stretch in the source.
        end: One past its last byte: the checkpoint after the ack.
        read_ns: Read time of all its events, ns since the epoch.
        starts: First byte of each event, relative to `start`.
        ends: One past the last byte of each event, relative to `start`.
        timestamps: `@timestamp` of each event, as sent.
        lines: Lines in its events.
        empty_lines: Lines that belong to no event.
        days: Events by the UTC day of their index.
        guard: The last bytes before `end`, by which the place is recognised later.
        marks: What framing found remarkable, by the number of the event: its first tags.
        dropped: Lines, beside `lines`, of events that a rule dropped, by the rule's name. These
            events are not among the others: what a restart sends again, no rule decides on anew.
        event_lines: Lines of each event; empty in a segment that a restart sends again.
        dead_lines: Lines, beside `lines`, of its events that went to the dead letters.
    """

    source: str
    run: str
    epoch: int
    start: int
    end: int
    read_ns: int
    starts: array[int]
    ends: array[int]
    timestamps: Sequence[str]
    lines: int
    empty_lines: int
    days: Mapping[str, int]
    guard: bytes
    marks: Mapping[int, Sequence[str]]
    dropped: Mapping[str, int] = field(default_factory=dict)
    event_lines: Sequence[int] = ()
    dead_lines: int = 0

    @property
    def lines_in_all(self) -> int:
        """All lines between its first byte and its last, but dead ones."""
        return self.lines + self.empty_lines + sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments under one sequence number, with the messages of their events in the same order.

    Where worker processes hold the messages, `messages` is empty in the shipper itself.
    """

    sequence: int
    segments: Sequence[Segment]
    messages: Sequence[Message]
    size_bytes: int

    @property
    def events(self) -> int:
        """Events that the broker gets; those of dead letters are not among them."""
        return sum(sum(segment.days.values()) for segment in self.segments)

    @property
    def identity(self) -> int:
        """Says which bytes of which sources it was made of: the same after a crash. 63 bits."""
        spans = (f"{s.run}:{s.start}:{s.end}:{len(s.starts)}" for s in self.segments)
        digest = blake2b("\n".join(spans).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1
