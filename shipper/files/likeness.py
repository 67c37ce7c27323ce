"""How does a file compare with what is known of a source? Its content is the proof, its inode a hint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from shipper.files.copies import goes_on_as_stranger
from shipper.files.followed import FollowedFile
from shipper.files.identity import (
    TELLING_BYTES,
    FileId,
    begins_with,
    fingerprint_length,
    is_at,
)
from shipper.files.names import is_backup_name, is_packed_name
from shipper.files.seen import Seen
from shipper.registry.registry import SourceRecord


class Likeness(Enum):
    """How a file compares with what is known of a source."""

    SAME = auto()  # it goes on where the checkpoint is
    LIKELY = auto()  # nothing of the source was read, and the file begins as its own was
    BEGUN_ANEW = auto()  # the same file, truncated or overwritten
    OTHER = auto()

    @property
    def is_it(self) -> bool:
        """True when the source goes on in the file."""
        return self in (Likeness.SAME, Likeness.LIKELY)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file, and the record that it belongs to."""

    record: SourceRecord
    path: str
    file: FileId
    likeness: Likeness


class Comparison:
    """Compares files with what the registry knows of sources.

    Args:
        planned: Source → up to where it was being sent, and the last bytes before.
    """

    def __init__(self, planned: Mapping[str, tuple[int, bytes]]) -> None:
        self._planned = planned

    def compare(
        self, record: SourceRecord, file: FollowedFile, *, by_content: bool = False
    ) -> Likeness:
        """Compares a file's content with what is known of a source; its inode is a hint."""
        same_inode = (
            not by_content
            and file.id == FileId(record.device, record.inode)
            and is_packed_name(file.path) == is_packed_name(record.path)
        )
        if same_inode and is_finished(file, record):
            return Likeness.SAME
        if self.is_left(record):
            return _as_left(file, record) if same_inode else Likeness.OTHER
        is_it = holds(file, record) and self._holds_plan(file, record)
        if is_it and not self._is_refuted(file, record):
            if same_inode or self._is_proven(file, record):
                return Likeness.SAME
            return Likeness.LIKELY if self._is_likely(file, record) else Likeness.OTHER
        return Likeness.BEGUN_ANEW if same_inode and record.path == file.path else Likeness.OTHER

    def compare_stranger(self, record: SourceRecord, file: FollowedFile) -> Likeness:
        """`compare`, for a file whose name says nothing of the source: more is asked of it.

        Raises:
            OSError: When the file cannot be read.
        """
        if not goes_on_as_stranger(self.read_to(record), file):
            return Likeness.OTHER
        return self.compare(record, file, by_content=True)

    def read_to(self, record: SourceRecord) -> int:
        """Up to where a source was read for certain: what was planned is told of by itself."""
        return max(record.offset, self._planned.get(record.id, (0, b""))[0])

    def _is_refuted(self, file: FollowedFile, record: SourceRecord) -> bool:
        """True when a file has not what an unread one was seen to end with."""
        seen = seen_of(record)
        return seen.is_telling and not self.has_evidence(record) and not seen.is_in(file.content)

    def _is_likely(self, file: FollowedFile, record: SourceRecord) -> bool:
        """True when a file begins as an unread one was seen to begin: it is read from there anyway."""
        is_told = fingerprint_length(record.prefix) >= TELLING_BYTES
        return (
            is_told and not self.has_evidence(record) and begins_with(file.content, record.prefix)
        )

    def is_left(self, record: SourceRecord) -> bool:
        """True for a backup of which nothing was read that another source had not read before.

        The next backup begins like it, and so does the log: its content does not tell it.
        """
        if not record.offset or record.id in self._planned:
            return False
        if not is_backup_name(record.family, record.path):
            return False
        return not (record.lines_acked or record.lines_empty or record.lines_dead or record.dropped)

    def has_evidence(self, record: SourceRecord) -> bool:
        """True when something of a source was read."""
        return record.offset > 0 or record.id in self._planned

    def is_told(self, record: SourceRecord) -> bool:
        """True when something is known of what a source's file holds, be it read or only seen."""
        return self.has_evidence(record) or seen_of(record).is_telling

    def _holds_plan(self, file: FollowedFile, record: SourceRecord) -> bool:
        """True when a file holds also what was read of a source behind its checkpoint."""
        planned = self._planned.get(record.id)
        return planned is None or is_at(file.content, *planned)

    def _is_proven(self, file: FollowedFile, record: SourceRecord) -> bool:
        """True when enough is known of a source that a file cannot hold it by chance."""
        if fingerprint_length(record.guard) >= TELLING_BYTES:
            return True
        end, guard = self._planned.get(record.id, (0, b""))
        return fingerprint_length(guard) >= TELLING_BYTES and is_at(file.content, end, guard)


def is_finished(file: FollowedFile, record: SourceRecord) -> bool:
    """True for a compressed file that was read to its end before, and whose size is the same.

    What it begins with is compared as well: inodes are used again.
    """
    is_as_long = 0 < record.packed_size == file.packed_size()
    return is_as_long and begins_with(file.content, record.prefix)


def _as_left(file: FollowedFile, record: SourceRecord) -> Likeness:
    """Whether a file of its inode is still the backup that was left: if it has grown, only perhaps.

    The next log may have the inode, and begins alike.
    """
    if not holds(file, record):
        return Likeness.OTHER
    return Likeness.SAME if file.size == record.offset else Likeness.LIKELY


def seen_of(record: SourceRecord) -> Seen:
    """What a source's file was seen to end with; its first bytes may have changed since."""
    return Seen(b"", record.seen, record.seen_guard)


def holds(file: FollowedFile, record: SourceRecord) -> bool:
    """True when an open file holds what is known of a source; what was only seen may change."""
    begins = not record.offset or begins_with(file.content, record.prefix)
    return begins and is_at(file.content, record.offset, record.guard)
