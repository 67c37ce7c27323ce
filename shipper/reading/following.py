"""Where has the content of a followed file gone, when it is not where it was?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import chain

from shipper.files.copies import goes_on, is_copy
from shipper.files.discovery import (
    Found,
    backups,
    places,
    regular_file,
    relatives,
    rotated_siblings,
)
from shipper.files.followed import FollowedFile
from shipper.files.identity import GUARD_BYTES, FileId, file_id, fingerprint_length, is_at
from shipper.files.listings import Listings
from shipper.files.names import is_packed_name, root_path
from shipper.files.surveys import Surveys, Wholeness
from shipper.reading.sources import Source

_MOST_FOLDERS = 64


class Followed(Enum):
    """What became of a search."""

    YES = auto()
    NO = auto()
    NOT_YET = auto()  # something is not decided: ask again


class Following:
    """Searches beside the log for what was copied, renamed or compressed.

    Args:
        sources: All that are followed, by their files.
        surveys: Know which compressed files are whole.
        folders: Gives the folders in which files may appear.
    """

    def __init__(
        self, sources: Mapping[FileId, Source], surveys: Surveys,
        folders: Callable[[], Sequence[str]],
    ) -> None:  # fmt: skip
        self._folders = folders
        self._sources = sources
        self._surveys = surveys
        self._scans = 0
        self._listings = Listings()
        self._missing: dict[str, int] = {}

    def scanned(self) -> None:
        """All files were looked at once more."""
        self._scans += 1
        self._listings = Listings()

    def leave(self, source: Source) -> None:
        """A source does not follow its present file any more."""
        self._missing.pop(source.id, None)

    def find_copy(self, source: Source) -> tuple[Followed, str]:
        """Where a copy of a source's file is, and whether there is one."""
        found = Followed.NO
        listed = relatives(source.family)
        for path, status in (*listed, *self._elsewhere(source)):
            verdict = self._is_copy(source, path, status)
            if verdict is Followed.YES:
                return verdict, path
            if verdict is Followed.NOT_YET:
                found = verdict
        if found is Followed.NO and places(listed) != places(relatives(source.family)):
            return Followed.NOT_YET, ""  # a file that was renamed meanwhile is in no listing
        return found, ""

    def _elsewhere(self, source: Source) -> list[Found]:
        """Files that may be copies of a source's in other folders; where these are many, in those below.

        Many services call their logs alike: what is little is not looked for there.
        """
        if source.file is None or source.file.offset < GUARD_BYTES:
            return []
        here, _, name = source.family.rpartition("/")
        folders = [folder for folder in self._folders() if folder != here]
        if len(folders) > _MOST_FOLDERS:
            folders = [folder for folder in folders if folder.startswith(f"{here}/")]
        listings = Listings()
        return [
            found
            for folder in folders[:_MOST_FOLDERS]
            for found in rotated_siblings(f"{folder}/{name}", listings)
        ]

    def _is_copy(self, source: Source, path: str, status: os.stat_result) -> Followed:
        """Whether a file is a copy of a source's, in which nobody else goes on."""
        claimant = self._sources.get(file_id(status))
        if source.file is None or claimant is source:
            return Followed.NO
        if is_packed_name(path):
            verdict, _ = self._surveys.ask(path, status, at_once=False)
            if verdict is not Wholeness.WHOLE:
                return Followed.NOT_YET if verdict is Wholeness.UNKNOWN else Followed.NO
        try:
            other = FollowedFile(path, 0)
        except OSError as error:  # renamed or compressed under our eyes, perhaps
            may_come = isinstance(error, FileNotFoundError) or is_packed_name(path)
            return Followed.NOT_YET if may_come else Followed.NO
        with contextlib.closing(other):
            if other.id != file_id(status):
                return Followed.NOT_YET
            return _goes_on_in(source.file, other, claimant)

    def find_replacement(self, source: Source) -> tuple[Followed, str]:
        """Whether the file that is at a source's path now goes on with it.

        It does when it holds all that was in the one that was read, and more. As long as that one,
        or a copy of it, is beside it, the new one is another log, however alike they are: unless it
        was kept as a backup. Then it may also be still in the making, as long as it holds no more.
        """
        file = source.file
        if file is None or not _is_drained(file):
            return Followed.NO, ""
        is_backup = self.find_backup(source) is not None
        if not is_backup and not _is_gone(file, source.family):
            return Followed.NO, ""
        try:
            other = FollowedFile(source.path, 0)
        except OSError:  # it was moved on just now
            return Followed.NO, ""
        with contextlib.closing(other):
            followed = _becomes(other, file, may_come=is_backup)
        if followed is Followed.NO or self.find_copy(source)[0] is not Followed.NO:
            return Followed.NO, ""
        return followed, source.path

    def find_backup(self, source: Source) -> str | None:
        """As which backup a source's file was kept; None when it was not."""
        file = source.file
        if file is None:
            return None
        kept = (path for path, status in backups(source.family) if file_id(status) == file.id)
        return next(kept, None)

    def text_bytes(self, file: FollowedFile) -> int:
        """How many bytes a compressed file was made of that was found to be whole; else 0."""
        return self._surveys.text_bytes(file)

    def find_moved(self, source: Source) -> tuple[Followed, str]:
        """Where a source's file is that was closed and is not at its path any more."""
        file = source.file
        if file is None:
            return Followed.NO, ""
        for path in chain(
            _paths_of(source.family, file.id),
            _any_paths_of(source.path, file.id),
            self._nearby(source, file),
        ):
            if is_followed(path, source):
                return Followed.YES, path
        followed, path = self.find_copy(source)
        if followed is not Followed.NO:
            return followed, path
        if not self._was_scanned_since(source):
            return Followed.NOT_YET, ""
        if (
            not file.offset
            and not _is_told_by_its_end(file)
            and self._sources.get(file.id) is source
        ):
            path = next(_any_paths_of(source.path, file.id), "")  # no other log has its inode
        return Followed.YES if path else Followed.NO, path

    def _nearby(self, source: Source, file: FollowedFile) -> Iterator[str]:
        """Where a file is in the folders around its own; listed once for all that are missed."""
        for path in self._listings.of_inode_nearby(source.path, file.id.inode):
            status = regular_file(path)
            if status is not None and file_id(status) == file.id:
                yield path

    def _was_scanned_since(self, source: Source) -> bool:
        """True when all files were looked at since a source was missed first."""
        return self._missing.setdefault(source.id, self._scans) + 1 < self._scans


def _paths_of(family: str, where: FileId) -> Iterator[str]:
    """Rotated siblings of a log that are a file."""
    return (path for path, status in relatives(family) if file_id(status) == where)


def _any_paths_of(path: str, where: FileId) -> Iterator[str]:
    """Other names, whatever they are, of a file in the folder that it was in."""
    for other in Listings().of_inode(path, where.inode):
        status = regular_file(other)
        if status is not None and file_id(status) == where:
            yield other


def _is_drained(file: FollowedFile) -> bool:
    """True when a file was read to its end, as far as is known, and that is telling.

    Less than a whole digest may be a banner with which each log begins.
    """
    if file.is_packed or file.offset < GUARD_BYTES:
        return False
    return (file.known_size() if file.is_open else file.unread_to) == file.offset


def _is_longer(other: FollowedFile, file: FollowedFile) -> bool:
    """True when there is more in another file than was ever seen in this one."""
    size = other.known_size()
    return size is not None and size > file.unread_to


def _becomes(other: FollowedFile, file: FollowedFile, *, may_come: bool) -> Followed:
    """Whether another file goes on with a drained one, or may do so once more of it is written."""
    if _is_longer(other, file):
        return _goes_on_in(file, other, None)
    try:
        return Followed.NOT_YET if may_come and is_copy(file, other) else Followed.NO
    except OSError:
        return Followed.NO


def _is_gone(file: FollowedFile, family: str) -> bool:
    """True when a file is neither at its path nor beside its log."""
    if not file.is_deleted():
        return False
    return file.is_open or all(file_id(status) != file.id for _, status in relatives(family))


def _goes_on_in(file: FollowedFile, other: FollowedFile, claimant: Source | None) -> Followed:
    try:
        is_it = goes_on(file, other) and not holds_read(other, claimant)
    except OSError:
        return Followed.NO
    return Followed.YES if is_it else Followed.NO


def holds_read(file: FollowedFile, claimant: Source | None) -> bool:
    """True when a file holds what a source read last, and has not its inode only."""
    if claimant is None or claimant.file is None:
        return False
    return is_at(file.content, claimant.file.offset, claimant.file.guard())


def is_followed(path: str, claimant: Source | None) -> bool:
    """True when the file at a path is that of the source that follows a file of its inode.

    The inode of an open file cannot be used again; that of a closed one can.
    """
    if claimant is None or claimant.file is None:
        return False
    if claimant.file.is_open:
        return True
    try:
        other = FollowedFile(path, 0)
    except OSError:
        return False
    try:
        return other.id == claimant.file.id and _is_its_file(other, claimant, claimant.file)
    except OSError:
        return False
    finally:
        other.close()


def _is_its_file(other: FollowedFile, claimant: Source, file: FollowedFile) -> bool:
    """True when a file of the inode of a source's closed one is that one."""
    if claimant.is_left:  # the log that takes its inode begins as it does
        return other.size == file.offset
    if not file.offset and not file.is_packed:
        return _is_unread_one(other, claimant, file)
    return file.rests_in(other) or holds_read(other, claimant)


def _is_unread_one(other: FollowedFile, claimant: Source, file: FollowedFile) -> bool:
    """Whether what was seen of an unread file is in another; where nothing was, its name tells."""
    if _is_told_by_its_end(file):
        return is_at(other.content, file.seen.end, file.seen.tail)
    return root_path(other.path) == root_path(claimant.family)


def _is_told_by_its_end(file: FollowedFile) -> bool:
    """True when it is known what an unread file was seen to end with."""
    return fingerprint_length(file.seen.tail) > 0
