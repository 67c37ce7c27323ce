"""One source while it is read: its file, what is pending, and its side of the ledger."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from logboom.config import FileInput, StdinInput
from logboom.event import source_run
from logboom.status import SourceStatus
from shipper.batches import Segment
from shipper.events.assembly import Assembled, Assembler
from shipper.events.preceding import Preceding
from shipper.files.followed import FollowedFile
from shipper.files.identity import PREFIX_BYTES, fingerprint_length
from shipper.files.names import is_backup_name
from shipper.framing.encodings import MARK_BYTES, LineEnds, actual_encoding, unit_of
from shipper.reading.looks import Looks
from shipper.registry.registry import SourceRecord

SourceState = Literal["reading", "idle", "unreadable", "binary", "gone", "vanished"]


@dataclass(slots=True)
class Tally:
    """Lines and events of a source: its side of the ledger.

    `lines_read` is counted where bytes come in, the others where they are accounted for; that the
    sums agree is what the ledger proves.
    """

    lines_read: int
    lines_acked: int
    lines_empty: int
    lines_dead: int
    lines_in_flight: int
    events: dict[str, dict[str, int]]
    dropped: dict[str, int]

    @classmethod
    def of(cls, record: SourceRecord) -> Tally:
        """Goes on where the registry is."""
        events: dict[str, dict[str, int]] = {}
        for (run, day), count in record.acked.items():
            events.setdefault(run, {})[day] = count
        dropped = dict(record.dropped)
        accounted = record.lines_acked + record.lines_empty + record.lines_dead
        return cls(
            accounted + sum(dropped.values()), record.lines_acked, record.lines_empty,
            record.lines_dead, 0, events, dropped,
        )  # fmt: skip

    def kept_in(self, record: SourceRecord) -> SourceRecord:
        """The record with all that is accounted for: `of` goes on from there."""
        acked = {(run, day): n for run, days in self.events.items() for day, n in days.items()}
        return replace(
            record, lines_acked=self.lines_acked, lines_empty=self.lines_empty,
            lines_dead=self.lines_dead, dropped=dict(self.dropped), acked=acked,
        )  # fmt: skip

    def planned(self, segment: Segment) -> None:
        """Its lines are on their way."""
        self.lines_in_flight += segment.lines_in_all

    def settled(self, segment: Segment) -> None:
        """Its lines are durable in the broker."""
        self.lines_in_flight -= segment.lines_in_all + segment.dead_lines
        self.lines_acked += segment.lines
        self.lines_dead += segment.dead_lines
        self.lines_empty += segment.empty_lines
        for rule, lines in segment.dropped.items():
            self.dropped[rule] = self.dropped.get(rule, 0) + lines
        days = self.events.setdefault(segment.run, {})
        for day, count in segment.days.items():
            days[day] = days.get(day, 0) + count


def unknown_behind(offset: int) -> str:
    """What is told of a log that was gone before its end was seen, but is read to a place."""
    return f"gone; what followed byte {offset:,} is not known"


class Source:
    """A followed file (or standard input) between its bytes and its segments.

    Args:
        record: What the registry knows.
        section: The input that it belongs to.
        make_assembler: Called for every epoch, with its number.
    """

    def __init__(
        self,
        record: SourceRecord,
        section: FileInput | StdinInput,
        make_assembler: Callable[[Source, int], Assembler],
    ) -> None:
        self.id = record.id
        self.path = record.path
        self.family = record.family
        self.epoch = record.epoch
        self.section = section
        self.file: FollowedFile | None = None
        self.pending = b""
        self.pending_offset = record.offset
        self.acked_offset = record.offset
        self.acked_guard = record.guard
        self.state: SourceState = "idle"
        self.detail = ""
        self.silent_since = 0.0
        self.look_interval_s = 0.0
        self.looked_ns = 0
        self.modified_ns = 0
        self.is_behind = True
        self.pieces = 0
        self.found_at = 0.0
        self.root = ""
        self.relatives: list[Source] = []
        self.packed_size = record.packed_size
        self.changed = True
        self.is_released = False
        self.vanished_ns = 0
        self.tally = Tally.of(record)
        self._prefix_bytes = fingerprint_length(record.prefix)
        self._seen_told = record.seen
        self._make_assembler = make_assembler
        self._assembler: Assembler | None = None
        self._is_looked_at = False
        self._line_ends = LineEnds(section.encoding)
        self._looks: Looks[Source] | None = None
        self._next_look = 0.0

    @property
    def assembler(self) -> Assembler:
        """Makes its events; made when it is needed, since most of thousands of files rest."""
        if self._assembler is None:
            self._look_at_encoding()
            self._assembler = self._make_assembler(self, self.epoch)
        return self._assembler

    def _look_at_encoding(self) -> None:
        """A byte order mark tells more than the settings."""
        if self.file is None or self._is_looked_at:
            return
        self._is_looked_at = True
        head = self.file.content.pread(MARK_BYTES, 0)
        encoding = actual_encoding(self.section.encoding, head)
        if encoding != self.section.encoding:
            self.section = self.section.model_copy(update={"encoding": encoding})
            self._line_ends = LineEnds(encoding)
        self.file.unit = unit_of(encoding)

    @property
    def next_look(self) -> float:
        """Monotonic time at which its file is to be looked at."""
        return self._next_look

    @next_look.setter
    def next_look(self, when: float) -> None:
        self._next_look = when
        if self._looks is not None:
            self._looks.put(self)

    def hold(self) -> None:
        """Its file is not looked at before `next_look` is set."""
        self._next_look = math.inf

    def join(self, looks: Looks[Source] | None) -> None:
        """From now on its next looks are noted there; None: it is not looked at any more."""
        self._looks = looks
        if looks is None:
            self._next_look = math.inf
        else:
            looks.put(self)

    @property
    def run(self) -> str:
        """`log.source` of its events in this epoch."""
        return source_run(self.id, self.epoch)

    @property
    def read_offset(self) -> int:
        """Bytes that were read in this epoch."""
        return self.pending_offset + len(self.pending)

    def take(self, data: bytes, *, read_ns: int) -> Assembled:
        """Takes bytes that were read, and gives the events that are certain now."""
        return self._assemble(self.begin(data), read_ns, ended=False)

    def begin(self, data: bytes) -> bytes:
        """Takes bytes that were read, and gives all that no segment accounts for yet.

        `end` is to be called with what came of it, before anything else is asked of the source.
        """
        self._look_at_encoding()
        self.tally.lines_read += self._line_ends.more(self.pending, data)
        self.pending = self.pending + data if self.pending else data
        self.changed = True
        return self.pending

    def end(self, segment: Segment | None, consumed: int, *, ended: bool) -> None:
        """Takes what came of the pending bytes.

        Args:
            segment: None when nothing was certain yet.
            consumed: Bytes that it accounts for.
            ended: True when nothing more was waited for.
        """
        if ended and not self.ends_line:
            self.tally.lines_read += 1
        self.pending = self.pending[consumed:]
        self.pending_offset += consumed
        self.changed = True
        if segment is not None:
            self.tally.planned(segment)

    def skip(self, count: int) -> None:
        """Goes on behind NUL bytes, which belong to no line; what was pending must be flushed."""
        self.pending_offset += count
        self.changed = True

    @property
    def ends_line(self) -> bool:
        """True when what is pending ends with a whole line."""
        return self._line_ends.is_last(self.pending)

    def flush(self, *, read_ns: int) -> Assembled:
        """Gives also the events that might have gone on."""
        if not self.pending:
            return Assembled(None, (), 0, 0)
        return self._assemble(self.pending, read_ns, ended=True)

    def _assemble(self, buffer: bytes, read_ns: int, *, ended: bool) -> Assembled:
        assembled = self.assembler.assemble(
            buffer, offset=self.pending_offset, read_ns=read_ns, ended=ended
        )
        self.end(assembled.segment, assembled.consumed, ended=ended)
        return assembled

    def settle(self, segment: Segment) -> None:
        """A segment of this source is durable in the broker and in the registry."""
        self.tally.settled(segment)
        if segment.epoch == self.epoch:
            if not self.acked_offset:
                self._prefix_bytes = 0  # what was only seen until now is known for certain
            self.acked_offset, self.acked_guard = segment.end, segment.guard
        self.changed = True

    def start_anew(self) -> None:
        """Its file was truncated or overwritten: a new epoch begins at offset 0.

        The pending bytes must have been flushed.
        """
        self.epoch += 1
        self.pending = b""
        self.pending_offset = 0
        self.acked_offset, self.acked_guard = 0, b""
        self._prefix_bytes = self._seen_told = 0
        self._assembler = None
        self._is_looked_at = False
        self.packed_size = 0
        if self.file is not None:
            self.file.start_anew()
            if self.file.is_open:
                self.modified_ns = self.file.modified_ns()

    def assembler_of(self, epoch: int) -> Assembler:
        """The assembler of this epoch, or of an earlier one that is sent again."""
        current = self.assembler
        return current if epoch == self.epoch else self._make_assembler(self, epoch)

    def go_on_behind(self, segment: Segment) -> None:
        """Reads on behind a segment that is sent again, if it is of this epoch.

        Raises:
            OSError: Its file cannot be read now; nothing was changed.
        """
        if segment.epoch == self.epoch and self.file is not None:
            self.file.go_to(segment.end)
            self.pending = b""
            self.pending_offset = segment.end

    @property
    def is_left(self) -> bool:
        """True for a backup of which nothing was read that another source had not read before."""
        if not self.pending_offset or self.pending or self.tally.lines_read:
            return False
        return is_backup_name(self.family, self.path)

    @property
    def is_noted(self) -> bool:
        """`better_prefix` and `farther_seen` have nothing: a cheap look, since thousands rest."""
        file, acked = self.file, self.acked_offset
        if file is None:
            return True
        if self._prefix_bytes < acked and self._prefix_bytes < PREFIX_BYTES:
            return False
        return self.pending_offset + len(self.pending) <= acked and not file.goes_beyond(acked)

    def better_prefix(self) -> bytes | None:
        """A fingerprint of more of the first bytes than the last one; None when there is none."""
        if self.file is None or self._prefix_bytes >= PREFIX_BYTES:
            return None
        if self._prefix_bytes >= max(self.acked_offset, self.seen_end):
            return None
        try:
            prefix = self.file.prefix()
        except OSError:  # it cannot be read now, which reading tells
            return None
        self._prefix_bytes = fingerprint_length(prefix)
        return prefix

    @property
    def seen_end(self) -> int:
        """Where its file was seen to end; 0 for one that is not read."""
        if self.file is None or self.state == "binary":
            return 0
        return max(self.read_offset, self.file.unread_to)

    def seen_guard(self) -> bytes:
        """Fingerprint of the bytes before `seen_end`; of none once others tell which file it is."""
        end = self.seen_end
        if self.file is None or self.acked_offset or not end:
            return b""
        return self.file.see_end(end)

    def farther_seen(self) -> int | None:
        """`seen_end` when that is behind what is acknowledged and was not told before."""
        end = self.seen_end
        if end <= max(self.acked_offset, self._seen_told):
            return None
        self._seen_told = end
        return end

    def move_to(self, path: str) -> None:
        """Its file has another path now."""
        self.path = path
        if self.file is not None:
            self.file.path = path
        self.changed = True

    def set_state(self, state: SourceState, detail: str = "") -> None:
        """Says what is done with it now."""
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail, self.changed = state, detail, True

    def preceding(self) -> Preceding:
        """What its file begins with, and what is before the place where it is read on."""
        if self.file is None:
            return Preceding()
        try:
            return Preceding.of(self.file.content.pread, self.pending_offset)
        except OSError:
            return Preceding()  # it is told when it is read

    def close(self) -> None:
        """Lets go of its file."""
        if self.file is not None:
            self.file.close()
            self.file = None
        self._assembler = None

    def status(self, *, shipper: str, at_ns: int) -> SourceStatus:
        """Its entry on the status stream."""
        size = None
        with contextlib.suppress(OSError):
            size = self.file.known_size() if self.file is not None else None
        tally = self.tally
        return SourceStatus(
            source=self.id, shipper=shipper, run=self.run, path=self.path, at_ns=at_ns,
            state=self.state, detail=self.detail, size=size, read_offset=self.read_offset,
            acked_offset=self.acked_offset, lines_read=tally.lines_read,
            lines_acked=tally.lines_acked, lines_empty=tally.lines_empty,
            lines_dead=tally.lines_dead,
            lines_pending=tally.lines_in_flight + self._line_ends.count(self.pending),
            acked=tally.events, dropped=tally.dropped,
        )  # fmt: skip
