"""Is a file a copy of one that is read? Rotation makes such copies while somebody looks."""

from __future__ import annotations

from collections.abc import Mapping

from logboom.clock import Clock
from shipper.files.copies import (
    Beginnings,
    Families,
    goes_on,
    goes_on_as_stranger,
    holds_whole,
    is_copy,
    is_copy_elsewhere,
    is_just_begun,
    is_made_of,
)
from shipper.files.followed import FollowedFile
from shipper.files.handles import FileMoved
from shipper.files.identity import (
    GUARD_BYTES,
    PREFIX_BYTES,
    FileId,
    fingerprint_length,
    is_beginning,
)
from shipper.files.names import is_packed_name
from shipper.reading.sources import Source


class Originals:
    """The files of which another one may be a copy: those that are followed, or were found just now.

    Args:
        sources: Those that are followed, by their files.
        clock: For the age of what may be in the making.
    """

    def __init__(self, sources: Mapping[FileId, Source], clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._found: list[Source] = []
        self._families: Families[Source] | None = None
        self._beginnings = Beginnings[Source]()

    def begin(self) -> None:
        """A scan begins."""
        self._found, self._families = [], None

    def add(self, source: Source) -> None:
        """A file was found by this scan."""
        self._found.append(source)
        self._note(source)

    def have_copy(self, other: FollowedFile, *, whole: bool = False) -> bool:
        """True for a copy of a file that is read: its lines are read there.

        Args:
            whole: All of them: it is not enough that it goes on with what was read.

        Raises:
            OSError: When it cannot be read.
        """
        likely, strangers = list(self._known().of(other.path)), list[Source]()
        if is_packed_name(other.path):
            related, strangers = self._beginnings.of(other.path, other.content)
            likely += related
        elif self._has_copy_elsewhere(other):
            return True
        if not likely and not strangers:
            return False
        head = other.content.pread(PREFIX_BYTES, 0)
        proves = _holds_whole if whole else _is_copy_of
        if any(proves(source, other) for source in likely if _may_begin(source, head)):
            return True
        return any(_is_made_of(source, other) for source in strangers)

    def _has_copy_elsewhere(self, other: FollowedFile) -> bool:
        """Whether a file with a rotated name is a copy of a log in another folder."""
        path, now_ns = other.path, self._clock.now_ns()
        if not self._known().has_elsewhere(path):
            return False
        if not other.content.pread(1, GUARD_BYTES - 1):
            return is_just_begun(other, now_ns=now_ns)
        folder = path.rpartition("/")[0]
        alike, _ = self._beginnings.of(path, other.content)
        others = (source for source in alike if source.family.rpartition("/")[0] != folder)
        return any(_is_copy_elsewhere(source, other, now_ns) for source in others)

    def _known(self) -> Families[Source]:
        if self._families is None:
            self._families, self._beginnings = Families(), Beginnings()
            for source in (*self._sources.values(), *self._found):
                self._note(source)
        return self._families

    def _note(self, source: Source) -> None:
        if self._families is not None and source.file is not None:
            self._families.add(source.family, source)
            self._beginnings.add(source.path, source.file.known_prefix, source)
            if fingerprint_length(source.file.seen.head) and not source.file.offset:
                self._beginnings.add(source.path, source.file.seen.head, source)


def _may_begin(source: Source, head: bytes) -> bool:
    """False when what is known of a source's first bytes is not what a file begins with."""
    if source.file is None:
        return False
    prefix = source.file.known_prefix
    is_shorter = len(head) < fingerprint_length(prefix)  # a copy in the making, perhaps
    return is_shorter or is_beginning(head, prefix)


def _holds_whole(source: Source, other: FollowedFile) -> bool:
    try:
        return source.file is not None and holds_whole(source.file, other)
    except FileMoved:
        return False


def _is_copy_of(source: Source, other: FollowedFile) -> bool:
    if source.file is None:
        return False
    try:
        return is_copy(source.file, other)
    except FileMoved:  # it was closed and is gone; what was read last tells
        return goes_on(source.file, other)


def _is_copy_elsewhere(source: Source, other: FollowedFile, now_ns: int) -> bool:
    if source.file is None:
        return False
    try:
        return is_copy_elsewhere(source.file, other, now_ns=now_ns)
    except FileMoved:  # it was closed and is gone: nothing proves that it was truncated
        return False


def _is_made_of(source: Source, other: FollowedFile) -> bool:
    if source.file is None:
        return False
    try:
        return is_made_of(source.file, other)
    except FileMoved:  # it was closed and is gone; what was read last tells
        is_likely = goes_on_as_stranger(source.file.offset, other)
        return is_likely and goes_on(source.file, other)
