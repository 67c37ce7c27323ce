"""How does a file become a source: a new one, or one that goes on?"""

from __future__ import annotations

import errno
import logging
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from logboom.clock import Clock
from logboom.config import FileInput
from shipper.files.followed import FollowedFile
from shipper.files.handles import Handles
from shipper.files.likeness import Likeness, Recognised, holds, is_finished, seen_of
from shipper.framing.encodings import unit_of
from shipper.reading.sources import Source, unknown_behind
from shipper.registry.registry import SourceRecord

log = logging.getLogger("logboom.shipper")

_NEWS_NS = 24 * 3600 * 10**9
"""So long it is told that the end of a log is not known."""
MakeSource = Callable[[SourceRecord, FileInput], Source]


class Opener:
    """Opens files as sources.

    Args:
        make_source: Makes a source of a record and an input.
        clock: For the time of changes, and for the age of files.
        open_files: How many files may be open at once.
    """

    def __init__(self, make_source: MakeSource, clock: Clock, open_files: int) -> None:
        self._make_source = make_source
        self._clock = clock
        self._handles = Handles(open_files)

    def open(self, path: str, section: FileInput) -> FollowedFile:
        """Opens a file at its beginning.

        Raises:
            OSError: When it cannot be opened.
        """
        return FollowedFile(path, 0, self._handles, unit=unit_of(section.encoding))

    def new(
        self, file: FollowedFile, section: FileInput, *, family: str, first_scan: bool
    ) -> Source:
        """A source for a file that nobody knows.

        Args:
            family: The path under which an input names the log.
            first_scan: True at the very first start: only then `start: end` counts.

        Raises:
            OSError: When the file cannot be read.
        """
        modified_ns = file.modified_ns()
        if self._is_left_alone(section, modified_ns, first_scan=first_scan):
            file.go_to(file.size)
        if not file.is_packed:
            file.expect(file.size)  # should it be gone before it is read, that is a loss
        source = self._make_source(self._record_of_new(file, family), section)
        source.file, source.modified_ns = file, modified_ns
        log.info("found %s", file.path)
        return source

    def _is_left_alone(self, section: FileInput, modified_ns: int, *, first_scan: bool) -> bool:
        if isinstance(section.start, timedelta):
            age_s = (self._clock.now_ns() - modified_ns) / 1e9
            return age_s > section.start.total_seconds()
        return first_scan and section.start == "end"

    def known(self, file: FollowedFile, recognised: Recognised, section: FileInput) -> Source:
        """A source that goes on in a file, or begins anew in it.

        Raises:
            OSError: When the file cannot be read, or was rotated just now (EAGAIN).
        """
        record = recognised.record
        modified_ns = file.modified_ns()
        if recognised.likeness is not Likeness.BEGUN_ANEW:
            self._go_on(file, record)
        source = self._make_source(record, section)
        source.path = recognised.path
        if recognised.likeness is Likeness.BEGUN_ANEW:
            log.info("%s has begun anew", recognised.path)
            source.start_anew()
        source.file, source.modified_ns = file, modified_ns
        return source

    def bygone(self, record: SourceRecord, section: FileInput) -> Source:
        """A source that nobody reads any more, as it ended."""
        source = self._make_source(record, section)
        source.is_released = True
        if self._clock.now_ns() - record.vanished_ns < _NEWS_NS:
            source.set_state("vanished", unknown_behind(record.offset))
        elif not os.path.lexists(record.path):
            source.set_state("gone", "its file was not there when the shipper started")
        return source

    def _go_on(self, file: FollowedFile, record: SourceRecord) -> None:
        if is_finished(file, record):
            file.rest_at(
                record.offset, record.packed_size, prefix=record.prefix, guard=record.guard
            )
            return
        if not holds(file, record):
            raise OSError(errno.EAGAIN, "it was rotated just now")
        file.go_on_at(record.offset, record.prefix)
        if seen_of(record).is_in(file.content):
            file.expect(record.seen)

    def _record_of_new(self, file: FollowedFile, family: str) -> SourceRecord:
        return SourceRecord(
            id=uuid.uuid4().hex, path=file.path, family=family, device=file.id.device,
            inode=file.id.inode, epoch=0, offset=file.offset, prefix=file.prefix(),
            guard=file.guard(), changed_ns=self._clock.now_ns(),
        )  # fmt: skip

    def record_of_emptied(self, source: Source) -> SourceRecord:
        """A record of the file that a source leaves for its copy: whatever is in it now is new."""
        file = source.file
        if file is None:
            raise ValueError(f"{source.path} is not followed")
        return SourceRecord(
            id=uuid.uuid4().hex, path=source.path, family=source.family, device=file.id.device,
            inode=file.id.inode, epoch=0, offset=0, prefix=b"", guard=b"",
            changed_ns=self._clock.now_ns(),
        )  # fmt: skip

    def record_of_left(self, file: FollowedFile, path: str, *, family: str) -> SourceRecord:
        """A record of a file that a source has read to its end and left: what comes into it is new."""
        return replace(self._record_of_new(file, family), path=path, seen=file.offset)

    def record_of(self, source: Source) -> SourceRecord:
        """What the registry should know of a source that is followed."""
        file = source.file
        if file is None:
            raise ValueError(f"{source.path} is not followed")
        at_end = source.acked_offset == file.offset
        record = SourceRecord(
            id=source.id, path=source.path, family=source.family, device=file.id.device,
            inode=file.id.inode, epoch=source.epoch, offset=source.acked_offset,
            prefix=file.prefix(), guard=file.guard() if at_end else source.acked_guard,
            changed_ns=self._clock.now_ns(), packed_size=source.packed_size if at_end else 0,
            seen=source.seen_end, seen_guard=source.seen_guard(),
        )  # fmt: skip
        return source.tally.kept_in(record)
