"""Which source is this file: one we know, a known one that began anew, or a new one?"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from shipper.files.copies import Beginnings, Families
from shipper.files.discovery import relatives
from shipper.files.followed import FollowedFile
from shipper.files.heads import Heads
from shipper.files.identity import (
    GUARD_BYTES,
    TELLING_BYTES,
    FileId,
    file_id,
    fingerprint_length,
)
from shipper.files.likeness import Comparison, Likeness, Recognised
from shipper.files.listings import Listings
from shipper.files.names import is_packed_name, may_be_moved
from shipper.registry.registry import SourceRecord

_Key = TypeVar("_Key")


class Catalogue:
    """The sources that the registry knows and that nobody reads at the moment.

    Args:
        records: All of the registry's.
        planned: Source → up to where it was being sent, and the last bytes before.
    """

    def __init__(
        self,
        records: Iterable[SourceRecord],
        planned: Mapping[str, tuple[int, bytes]] | None = None,
    ) -> None:
        self._planned = planned or {}
        self._comparison = Comparison(self._planned)
        self._records: dict[str, SourceRecord] = {}
        self._by_file: dict[FileId, set[str]] = {}
        self._by_path: dict[str, set[str]] = {}
        self._families = Families[str]()
        self._beginnings = Beginnings[str]()
        self._heads = Heads()
        for record in records:
            self.put_back(record)

    def __iter__(self) -> Iterator[SourceRecord]:
        """Those of which more is known come first: they are recognised with more certainty."""
        return iter(sorted(self._records.values(), key=lambda r: (-r.offset, r.id)))

    def scanned(self) -> None:
        """All files were looked at once more: what they begin with may be something else the next time."""
        self._heads.forget()

    def put_back(self, record: SourceRecord) -> None:
        """A source is not read any more."""
        self._records[record.id] = record
        self._by_file.setdefault(FileId(record.device, record.inode), set()).add(record.id)
        self._by_path.setdefault(record.path, set()).add(record.id)
        self._families.add(record.family, record.id)
        self._beginnings.add(record.path, record.prefix, record.id)

    def knows(self, path: str, status: os.stat_result) -> bool:
        """True when a file is that of some record: its inode alone is used again for others."""
        records = [self._records[name] for name in self._by_file.get(file_id(status), ())]
        return any(
            self._goes_on(record, path)
            and (self._comparison.has_evidence(record) or not status.st_size)
            for record in records
        )

    def has_more(self, path: str, status: os.stat_result) -> bool:
        """True when the file of a record was written to after it was read to its end and let go.

        The next log may have the inode of a backup that was left, and begins alike: that is none.
        """
        names = self._by_file.get(file_id(status), ())
        records = [self._records[n] for n in names if not is_packed_name(path)]
        return any(
            self._comparison.read_to(r) < status.st_size
            and self._comparison.has_evidence(r)
            and not self._comparison.is_left(r)
            and self._goes_on(r, path)
            for r in records
        )

    def is_finished(self, status: os.stat_result) -> bool:
        """True for a compressed file that was read to its end before, and is as it was."""
        names = self._by_file.get(file_id(status), ())
        return any(self._records[name].packed_size == status.st_size for name in names)

    def may_go_on_in(self, path: str) -> bool:
        """True when some source may go on in a file of this name, or must: it was being sent."""
        if self._beginnings.has_any(path) or any(True for _ in self._families.of(path)):
            return True
        return is_packed_name(path) and not self._planned.keys().isdisjoint(self._records)

    def take(self, file: FollowedFile) -> Recognised | None:
        """Finds the record of an open file and takes it out; None when the file is new to us.

        Raises:
            OSError: When the file cannot be read.
        """
        path = file.path
        same_place = self._by_file.get(file.id, set())
        likely = [*sorted(same_place), *sorted(self._by_path.get(path, set()) - same_place)]
        begun_anew: SourceRecord | None = None
        unproven: SourceRecord | None = None
        likely_as = Likeness.SAME
        for record in [self._records[name] for name in likely]:
            likeness = self._comparison.compare(record, file)
            if likeness is Likeness.SAME and self._comparison.has_evidence(record):
                self.remove(record)
                return Recognised(record, path, file.id, likeness)
            if likeness is Likeness.SAME or (likeness is Likeness.LIKELY and record.offset):
                unproven, likely_as = record, likeness  # any file of its inode would do
            if likeness is Likeness.BEGUN_ANEW:
                begun_anew = record
        copied = self._take_packed(file) or self._take_copy(file)
        if copied is None and unproven is not None:
            self.remove(unproven)
            return Recognised(unproven, path, file.id, likely_as)
        if copied is not None or begun_anew is None or self._is_elsewhere(begun_anew):
            return copied  # when it was copied and truncated, the copy goes on with the record
        self.remove(begun_anew)
        return Recognised(begun_anew, path, file.id, Likeness.BEGUN_ANEW)

    def _take_copy(self, file: FollowedFile) -> Recognised | None:
        """Finds the record that a copy of its file goes on with, when the file itself does not."""
        names = sorted(self._families.of(file.path))
        likely = sorted((self._records[n] for n in names), key=lambda r: r.offset, reverse=True)
        return self._first_moved(likely, file) or self._first_stranger(self._elsewhere(file), file)

    def _elsewhere(self, file: FollowedFile) -> list[SourceRecord]:
        """Records of logs in other folders that begin as a file with a rotated name does."""
        path = file.path
        if not self._families.has_elsewhere(path):
            return []
        folder = path.rpartition("/")[0]
        alike = [self._records[name] for name in self._beginnings.of(path, file.content)[0]]
        return [
            record
            for record in alike
            if record.family.rpartition("/")[0] != folder and self.read_to(record) >= GUARD_BYTES
        ]

    def _take_packed(self, file: FollowedFile) -> Recognised | None:
        """Finds the record of the file that a compressed one was made of."""
        if not is_packed_name(file.path) or not self._records:
            return None
        related, strangers = (
            sorted((self._records[n] for n in names), key=lambda r: r.offset, reverse=True)
            for names in self._beginnings.of(file.path, file.content)
        )
        return self._first_moved(related, file) or self._first_stranger(strangers, file)

    def _first_moved(self, likely: Iterable[SourceRecord], file: FollowedFile) -> Recognised | None:
        """Takes the first record that goes on in a file by its content, and no more in its own."""
        for record in likely:
            likeness = self._comparison.compare(record, file, by_content=True)
            if likeness.is_it and not self._goes_on(record, record.path):
                self.remove(record)
                return Recognised(record, file.path, file.id, likeness)
        return None

    def _first_stranger(
        self, strangers: Iterable[SourceRecord], file: FollowedFile
    ) -> Recognised | None:
        """`_first_moved`, for a file whose name says nothing of these, or whose folder is another one."""
        for record in strangers:
            likeness = self._comparison.compare_stranger(record, file)
            if likeness.is_it and not self._is_kept(record):
                self.remove(record)
                return Recognised(record, file.path, file.id, likeness)
        return None

    def _is_kept(self, record: SourceRecord) -> bool:
        """True when a source's own file is where it was, or beside that under any name."""
        beside = Listings().of_inode(record.path, record.inode)
        paths = [record.path, *(path for path in beside if not is_packed_name(path))]
        return any(self._goes_on(record, path) for path in paths)

    def _is_elsewhere(self, record: SourceRecord) -> bool:
        """True when a rotated file goes on with a record.

        Raises:
            OSError: The files were rotated on meanwhile (EAGAIN).
        """
        for path, status in relatives(record.family):
            if self._goes_on(record, path):
                return True
            if not _leads_to(path, status):
                raise OSError(errno.EAGAIN, "it was rotated just now")
        return False

    def remove(self, record: SourceRecord) -> None:
        """Takes a record out."""
        del self._records[record.id]
        _discard(self._by_file, FileId(record.device, record.inode), record.id)
        _discard(self._by_path, record.path, record.id)
        self._families.discard(record.family, record.id)
        self._beginnings.discard(record.path, record.prefix, record.id)

    def take_moved(self, record: SourceRecord, listings: Listings) -> Recognised | None:
        """Finds where a source's file is now, and takes the record out.

        It is looked for at its last known path, among the files that were rotated away from the
        path that an input names, and in what was renamed, copied or compressed beside it.

        Args:
            record: Of the source.
            listings: Folders that were listed before.

        Returns:
            None when it is nowhere.
        """
        found = self.find_moved(record, listings)
        if found is not None:
            self.remove(record)
        return found

    def find_gone(self, *, before_ns: int) -> list[SourceRecord]:
        """The sources that were changed last before some time, and whose files are proven gone.

        A folder that is not there proves nothing: it may be on a disk that is not mounted.
        """
        listings = Listings()
        return [
            record
            for record in self
            if record.changed_ns < before_ns
            and record.id not in self._planned
            and Path(record.path).parent.is_dir()
            and not self.is_there(record, listings)
        ]

    def read_to(self, record: SourceRecord) -> int:
        """Up to where a source was read for certain: what was planned is told of by itself."""
        return self._comparison.read_to(record)

    def find_moved(
        self, record: SourceRecord, listings: Listings | None = None
    ) -> Recognised | None:
        """Where a source's file is now; None when it is nowhere.

        A file that only begins alike counts when no other is proven to be the one.

        Args:
            record: Of the source.
            listings: Folders that were listed before; they are listed again without.
        """
        likely: Recognised | None = None
        listings = Listings() if listings is None else listings
        for path in self._paths_of(record, listings):
            found = self._found_at(record, path)
            if found is not None and found.likeness is Likeness.SAME:
                return found
            likely = likely or found
        return self._found_as_stranger(record, listings) or likely

    def _paths_of(self, record: SourceRecord, listings: Listings) -> Iterator[str]:
        """Where a source's file may be: its last known path, then those that rotations give, then any name.

        Of the names that rotations do not give, only those with the inode that it had; in the folders
        around, only when something is known that tells it from the next file of that inode, and
        where that is less than a whole digest, only under a name that a moved log may have.
        """
        yield record.path
        for path, _ in relatives(record.family, listings):
            yield path
        yield from listings.of_inode(record.path, record.inode)
        if self._comparison.is_told(record):
            for path in listings.of_inode_nearby(record.path, record.inode):
                if self.read_to(record) >= GUARD_BYTES or may_be_moved(record.family, path):
                    yield path

    def _found_as_stranger(self, record: SourceRecord, listings: Listings) -> Recognised | None:
        """The file beside its log that a source goes on in, compressed or copied, whatever its name is."""
        if not record.offset and fingerprint_length(record.prefix) < TELLING_BYTES:
            return None
        folder = record.path.rpartition("/")[0] or "/"
        for place in (folder, *self._folders_below(folder, record, listings)):
            for path in self._heads.beginning_with(place, record.prefix):
                found = self._found_at(record, path, as_stranger=True)
                if found is not None:
                    return found
        return None

    def _folders_below(self, folder: str, record: SourceRecord, listings: Listings) -> list[str]:
        """Where `olddir` may have copied or compressed a log to that was followed to the last."""
        if record.let_go or self.read_to(record) < GUARD_BYTES:
            return []
        return listings.folders_in(folder)

    def is_there(self, record: SourceRecord, listings: Listings | None = None) -> bool:
        """True when a source's file is proven to be somewhere: one that begins alike is no proof.

        Args:
            record: Of the source.
            listings: Folders that were listed before; they are listed again without.
        """
        found = self.find_moved(record, listings)
        return found is not None and found.likeness is Likeness.SAME

    def _goes_on(self, record: SourceRecord, path: str) -> bool:
        return self._found_at(record, path) is not None

    def _found_at(
        self, record: SourceRecord, path: str, *, as_stranger: bool = False
    ) -> Recognised | None:
        """A source's file, if it is at this path now."""
        compare = self._comparison.compare_stranger if as_stranger else self._comparison.compare
        try:
            file = FollowedFile(path, 0)
        except OSError:
            return None
        try:
            likeness = compare(record, file)
        except OSError:
            return None
        finally:
            file.close()
        return Recognised(record, path, file.id, likeness) if likeness.is_it else None


def _leads_to(path: str, status: os.stat_result) -> bool:
    try:
        return file_id(Path(path).stat()) == file_id(status)
    except OSError:
        return False


def _discard(index: dict[_Key, set[str]], key: _Key, name: str) -> None:
    index[key].discard(name)
    if not index[key]:
        del index[key]
