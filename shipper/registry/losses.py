"""What was lost, and how is it told? Lines that were planned, and whose bytes were then gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from logboom.status import LossStatus
from shipper.delivery.batches import Segment


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
            days=dict(events), reason=str(reason), at_ns=int(str(at_ns)),
        )  # fmt: skip
    return list(found.values())
