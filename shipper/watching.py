"""Which files are there to be read, and which source does each of them go on with?"""

from __future__ import annotations

import errno
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from logboom.clock import Clock
from logboom.config import FileInput
from shipper.files.catalogue import Catalogue, Likeness, Recognised, holds
from shipper.files.copies import Families, copy_of_truncated, is_copy
from shipper.files.discovery import find_files, is_named, rotated_siblings
from shipper.files.followed import FollowedFile
from shipper.files.identity import FileId, file_id
from shipper.registry import Registry, SourceRecord
from shipper.sources import Source

log = logging.getLogger("logboom.shipper")


class Watcher:
    """Keeps the set of sources in step with the file system.

    Args:
        inputs: The file inputs, in the order of the configuration; the first that names a file
            has it.
        registry: New sources are written to it before anything of them is read.
        make_source: Makes a source of a record and an input.
        clock: For the time of changes.
    """

    def __init__(
        self,
        inputs: Sequence[FileInput],
        registry: Registry,
        make_source: Callable[[SourceRecord, FileInput], Source],
        clock: Clock,
    ) -> None:
        self._inputs = inputs
        self._registry = registry
        self._make_source = make_source
        self._clock = clock
        self._first_scan = registry.first_start
        self._catalogue = Catalogue(registry.sources())
        self._sections: dict[str, FileInput] = {}
        self._rotated: set[str] = set()
        self._paths: set[str] = set()
        self._named: set[FileId] = set()
        self._scanned = False
        self._unreadable: dict[str, str] = {}
        self._resumed: list[Source] = []
        self._read_before: Families[Source] | None = None
        self._raced = False
        self.sources: dict[FileId, Source] = {}

    @property
    def unreadable(self) -> dict[str, str]:
        """Paths that are named and cannot be read, with the reason."""
        return self._unreadable

    def scan(self) -> list[Source]:
        """Looks at the file system once.

        Returns:
            Sources that are new in the set.

        Raises:
            DiskFull: The registry has no room for new sources; the next scan finds them again.
        """
        told, self._unreadable = self._unreadable, {}
        self._raced = False
        self._resumed, self._read_before = [], None
        self._named = set()
        self._paths = {source.path for source in self.sources.values()}
        added: list[Source] = []
        for section in self._inputs:
            for path, status in find_files(section, self._unreadable.__setitem__):
                added += self._see(path, status, section)
        added += self._find_moved(added) if not self._scanned else []
        added += self._find_missed(added)
        self._write(added)
        for source in added:
            self.sources[_id_of(source)] = source
        if self._first_scan:
            self._registry.started()
        self._scanned, self._first_scan = not self._raced, False
        for path, reason in self._unreadable.items():
            if told.get(path) != reason:
                log.warning("%s cannot be read: %s", path, reason)
        return added

    def names(self, source: Source) -> bool:
        """True when the last scan found the source's file under a name that an input gives."""
        return source.file is not None and source.file.id in self._named

    def release(self, source: Source) -> None:
        """Stops reading a source whose file is read to its end and is gone or rotated away."""
        where = next((where for where, other in self.sources.items() if other is source), None)
        if where is not None:
            del self.sources[where]
        self._catalogue.put_back(self.record_of(source))
        source.close()

    def record_of(self, source: Source) -> SourceRecord:
        """What the registry should know of a source that is open."""
        file = source.file
        if file is None:
            raise ValueError(f"{source.path} is not open")
        where = file.id
        return SourceRecord(
            id=source.id, path=source.path, family=source.family, device=where.device,
            inode=where.inode, epoch=source.epoch, offset=source.acked_offset, prefix=file.prefix(),
            guard=file.guard() if source.acked_offset == file.offset else b"",
            changed_ns=self._clock.now_ns(),
        )  # fmt: skip

    def follow_copy(self, source: Source) -> bool:
        """Goes on in the copy of a source's file, when that was copied and truncated.

        The emptied file is then found by the next scan, as a new one.

        Returns:
            False when there is no copy.
        """
        file = source.file
        if file is None:
            return False
        for path, status in rotated_siblings(source.family):
            if file_id(status) in self.sources:
                continue
            try:
                copy = copy_of_truncated(file, path)
            except OSError as error:
                self._unreadable[path] = error.strerror or str(error)
                continue
            if copy is not None:
                log.info("%s was truncated; what was not read of it is in %s", source.path, path)
                del self.sources[file.id]
                file.close()
                source.file, source.path, source.changed = copy, path, True
                self.sources[copy.id] = source
                return True
        return False

    def _see(self, path: str, status: os.stat_result, section: FileInput) -> list[Source]:
        self._sections.setdefault(path, section)
        self._named.add(file_id(status))
        known = self.sources.get(file_id(status))
        if known is not None:
            self._follow_rename(known, path)
            return []
        if path in self._paths:
            self._rotated.add(path)
        try:
            recognised = self._catalogue.take(path, status)
            if recognised is None and self._is_copy(path):
                return []
        except OSError as error:
            self._unreadable[path] = error.strerror or str(error)
            return []
        return self._try_open(recognised, path, section, family=path)

    def _is_copy(self, path: str) -> bool:
        """True for a copy of a file that was read before: its lines are read there."""
        if self._read_before is None:
            self._read_before = Families()
            for source in (*self.sources.values(), *self._resumed):
                self._read_before.add(source.family, source)
        return any(
            is_copy(source.file, path)
            for source in self._read_before.of(path)
            if source.file is not None
        )

    def _follow_rename(self, source: Source, path: str) -> None:
        """A source keeps its path while that still leads to it (links), else it was renamed."""
        if source.path == path or (
            source.file is not None and _leads_to(source.path, source.file.id)
        ):
            return
        self._rotated.add(source.path)
        log.info("%s was renamed to %s", source.path, path)
        source.path = path
        source.changed = True

    def _open(
        self, recognised: Recognised | None, path: str, section: FileInput, *, family: str
    ) -> Source:
        file = FollowedFile(path, 0)
        if recognised is None:
            if self._first_scan and section.start == "end":
                file.go_to(file.size)
            record = self._new_record(path, family, file)
            source = self._make_source(record, section)
            log.info("found %s", path)
        else:
            source = self._resume(recognised, section)
            if recognised.likeness is Likeness.SAME:
                if not holds(file, recognised.record):
                    file.close()
                    raise OSError(errno.EAGAIN, "it was rotated just now")
                file.go_to(recognised.record.offset)
        source.file = file
        return source

    def _resume(self, recognised: Recognised, section: FileInput) -> Source:
        record = recognised.record
        if record.path != recognised.path:
            self._rotated.add(record.path)
        source = self._make_source(record, section)
        source.path = recognised.path
        self._resumed.append(source)
        if self._read_before is not None:
            self._read_before.add(source.family, source)
        if recognised.likeness is Likeness.BEGUN_ANEW:
            log.info("%s has begun anew", recognised.path)
            source.start_anew()
        return source

    def _new_record(self, path: str, family: str, file: FollowedFile) -> SourceRecord:
        where = file.id
        return SourceRecord(
            id=uuid.uuid4().hex, path=path, family=family, device=where.device, inode=where.inode, epoch=0,
            offset=file.offset, prefix=file.prefix(), guard=file.guard(),
            changed_ns=self._clock.now_ns(),
        )  # fmt: skip

    def _find_moved(self, opened: Sequence[Source]) -> list[Source]:
        """After a start: the sources that no input names any more, but that were not finished.

        They were rotated away while nobody looked, or before.
        """
        added: list[Source] = []
        here = {_id_of(source) for source in opened}
        for record in self._catalogue:
            recognised = self._catalogue.take_moved(record)
            if recognised is None:
                continue
            section = self._section_of(record.family)
            source = self._try_open(recognised, recognised.path, section, family=record.family)
            added += [s for s in source if _id_of(s) not in here]
            self._rotated.add(record.family)
        return added

    def _find_missed(self, opened: Sequence[Source]) -> list[Source]:
        """Files that came and went between two looks.

        They are rotated siblings that nobody knows, newer than the oldest that is known.
        """
        added: list[Source] = []
        here = {_id_of(source) for source in opened} | set(self.sources)
        for path in sorted(self._rotated):
            siblings = rotated_siblings(path)
            where = {sibling: file_id(status) for sibling, status in siblings}
            known = {s for s, w in where.items() if w in here or self._catalogue.knows(w)}
            oldest_ns = min((t.st_mtime_ns for s, t in siblings if s in known), default=None)
            for sibling, status in reversed(siblings):
                if (
                    sibling not in known
                    and oldest_ns is not None
                    and status.st_mtime_ns > oldest_ns
                    and not self._is_copy(sibling)
                ):
                    added += self._try_open(None, sibling, self._section_of(path), family=path)
        self._rotated = set()
        return added

    def _section_of(self, family: str) -> FileInput:
        """The input that names a path, also when there is no file at it right now."""
        known = self._sections.get(family)
        if known is not None:
            return known
        matching = (section for section in self._inputs if is_named(section, family))
        return next(matching, FileInput(path=[family]))

    def _try_open(
        self, recognised: Recognised | None, path: str, section: FileInput, *, family: str
    ) -> list[Source]:
        try:
            return [self._open(recognised, path, section, family=family)]
        except OSError as error:
            if recognised is not None:
                self._catalogue.put_back(recognised.record)
                self._raced = self._raced or error.errno == errno.EAGAIN
            self._unreadable[path] = error.strerror or str(error)
            return []

    def _write(self, sources: Iterable[Source]) -> None:
        records = [self.record_of(source) for source in sources]
        if records:
            self._registry.put(records)


def _id_of(source: Source) -> FileId:
    if source.file is None:
        raise ValueError(f"{source.path} is not open")
    return source.file.id


def _leads_to(path: str, where: FileId) -> bool:
    try:
        return file_id(Path(path).stat()) == where
    except OSError:
        return False
