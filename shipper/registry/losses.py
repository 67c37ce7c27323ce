"""What was lost, and how is it told? Bytes that were gone before they were read or sent again."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from logboom.clock import utc_text
from logboom.status import LossStatus
from shipper.batches import Segment


@dataclass(frozen=True, slots=True)
class Loss:
    """A planned segment that cannot be sent again.

    Whether the broker had taken it before cannot be told here: the ledger asks the store.

    Attributes:
        path: Where its file was last.
        reason: What became of the file, in words for people.
        at_ns: When it was found out, ns since the epoch.
    """

    segment: Segment
    path: str
    reason: str
    at_ns: int


def unread(
    source: str, run: str, epoch: int, path: str, span: tuple[int, int], reason: str, at_ns: int
) -> Loss:
    """Bytes of a file that were there and could not be read before they were gone.

    How many lines they were is not known: none are told. Their day is that on which it was found out.

    Args:
        span: Their first one, and one past the last.
    """
    start, end = span
    segment = Segment(
        source=source, run=run, epoch=epoch, start=start, end=end, read_ns=at_ns,
        starts=array("I"), ends=array("I"), timestamps=(), lines=0, empty_lines=0,
        days={utc_text(at_ns)[:10]: 0}, guard=b"", marks={},
    )  # fmt: skip
    return Loss(segment, path, f"bytes {start} to {end} were never read: {reason}", at_ns)


LOST_TABLE = """
CREATE TABLE lost (
  run TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, source TEXT NOT NULL,
  path TEXT NOT NULL, lines INTEGER NOT NULL, days TEXT NOT NULL, reason TEXT NOT NULL,
  at_ns INTEGER NOT NULL, PRIMARY KEY (run, start)
) WITHOUT ROWID
"""


def row_of(loss: Loss) -> tuple[object, ...]:
    """A loss as a row of the registry."""
    segment = loss.segment
    return (
        segment.run, segment.start, segment.end, segment.source, loss.path, segment.lines,
        ",".join(f"{day}:{events}" for day, events in segment.days.items()), loss.reason, loss.at_ns,
    )  # fmt: skip


def statuses_of(rows: Iterable[tuple[object, ...]], *, shipper: str) -> list[LossStatus]:
    """What the status stream is told of the registry's rows: one entry for each run of a source.

    Args:
        rows: Ordered by run.
        shipper: Name of the shipper.
    """
    found: dict[str, LossStatus] = {}
    for run, start, end, source, path, lines, days, reason, at_ns in rows:
        name = str(run)
        before = found.get(name)
        events = Counter({} if before is None else dict(before.days))
        for part in filter(None, str(days).split(",")):
            day, count = part.split(":")
            events[day] += int(count)
        found[name] = LossStatus(
            source=str(source), shipper=shipper, run=name, path=str(path),
            lines=int(str(lines)) + (0 if before is None else before.lines),
            bytes=int(str(end)) - int(str(start)) + (0 if before is None else before.bytes),
            unread=(0 if int(str(lines)) else int(str(end)) - int(str(start)))
            + (0 if before is None else before.unread),
            days=dict(events), reason=str(reason), at_ns=int(str(at_ns)),
        )  # fmt: skip
    return list(found.values())
