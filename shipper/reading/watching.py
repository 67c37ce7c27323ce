"""Which files are there to be read, and which source does each of them go on with?"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Sequence
from datetime import timedelta

from logboom.clock import Clock
from logboom.config import FileInput
from shipper.files.catalogue import Catalogue, Likeness, Recognised
from shipper.files.copies import goes_on
from shipper.files.discovery import find_files, is_named
from shipper.files.folders import Folders
from shipper.files.handles import FileMoved
from shipper.files.identity import FileId, file_id
from shipper.files.names import is_packed_name
from shipper.files.surveys import Surveys, Wholeness
from shipper.reading.elders import Elders
from shipper.reading.following import Followed, Following, holds_read, is_followed
from shipper.reading.looks import Looks
from shipper.reading.missed import Missed
from shipper.reading.opening import Opener
from shipper.reading.originals import Originals
from shipper.reading.sources import Source
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")

_OPEN_FILES = 512
_KEEP = timedelta(days=90)
_FORGET_EVERY_S = 3600.0
_SOON_S = 0.5
"""A file that is read so soon after it was found is read as it was found."""


class Watcher:
    """Keeps the set of sources in step with the file system.

    Args:
        inputs: The file inputs, in the order of the configuration; the first that names a file
            has it.
        registry: New sources are written to it before anything of them is read.
        make_source: Makes a source of a record and an input.
        clock: For the time of changes.
        open_files: How many files may be open at once.
        keep: Files that are gone are known for so long: as long as their events are.
    """

    def __init__(
        self,
        inputs: Sequence[FileInput],
        registry: Registry,
        make_source: Callable[[SourceRecord, FileInput], Source],
        clock: Clock,
        open_files: int = _OPEN_FILES,
        keep: timedelta = _KEEP,
    ) -> None:
        self._keep_ns = int(keep.total_seconds() * 1e9)
        self._next_forgetting = 0.0
        self._inputs = inputs
        self._clock = clock
        self._registry = registry
        self._opener = Opener(make_source, clock, open_files)
        self._surveys = Surveys(clock.monotonic)
        self._folders = Folders(clock, inputs)
        self._first_scan = registry.first_start
        records = registry.sources()
        self._catalogue = Catalogue(records, registry.planned_ends())
        self._sections: dict[str, FileInput] = {}
        self._paths: set[str] = set()
        self._named: set[FileId] = set()
        self._scanned = False
        self._unreadable: dict[str, str] = {}
        self._raced = False
        self._renamed: dict[str, str] = {}
        self._displaced = 0
        self._elders = Elders()
        self.looks = Looks[Source]()
        self.sources: dict[FileId, Source] = {}
        self._originals = Originals(self.sources)
        self._following = Following(self.sources, self._surveys)
        self._missed = Missed(records, self._catalogue, self.sources, self._surveys)

    @property
    def unreadable(self) -> dict[str, str]:
        """Paths that are named and cannot be read, with the reason."""
        return self._unreadable

    def scan(self) -> list[Source]:
        """Looks at the file system once.

        Nothing is listed when no folder has changed and nothing is undecided.

        Returns:
            Sources that are new in the set.

        Raises:
            DiskFull: The registry has no room for new sources; the next scan finds them again.
        """
        undecided = not self._scanned or self._surveys.is_busy()
        if not self._folders.must_list() and not undecided:
            return []
        told, self._unreadable = self._unreadable, {}
        self._raced = False
        self._originals.begin()
        self._named = set()
        self._paths = {source.path for source in self.sources.values()}
        added: list[Source] = []
        for section in self._inputs:
            for path, status in find_files(section, self._unreadable.__setitem__):
                added += self._see(path, status, section)
        added += self._find_moved(added) if not self._scanned else []
        added += self._find_missed(added)
        self._add(added)
        if self._first_scan:
            self._registry.started()
        self._scanned, self._first_scan = not self._raced, False
        self._following.scanned()
        self._forget()
        for path, reason in self._unreadable.items():
            if told.get(path) != reason:
                log.warning("%s cannot be read: %s", path, reason)
        return added

    def _add(self, added: Sequence[Source]) -> None:
        records = [self.record_of(source) for source in added]
        if records:
            self._registry.put(records)
        if self._renamed:
            self._registry.set_paths(self._renamed, changed_ns=self._clock.now_ns())
            self._renamed = {}
        for source in added:
            self._displace(_id_of(source))
            self.sources[_id_of(source)] = source
            self._elders.add(source)
            self._missed.follow(source.family, source.modified_ns)
            source.found_at = self._clock.monotonic()
            source.join(self.looks)

    @property
    def folders(self) -> list[str]:
        """The folders in which files may appear, as of the last listing."""
        return self._folders.known

    def hurry(self) -> None:
        """The next scan lists all folders, whatever their times say."""
        self._folders.hurry()

    def _forget(self) -> None:
        """Now and then, what is long gone is forgotten."""
        now = self._clock.monotonic()
        if now < self._next_forgetting:
            return
        self._next_forgetting = now + _FORGET_EVERY_S
        before_ns = self._clock.now_ns() - self._keep_ns
        gone = self._catalogue.find_gone(before_ns=before_ns)
        if gone:
            self._registry.forget([record.id for record in gone])
        for record in gone:
            log.info("%s is forgotten: it is gone, and so are its events", record.path)
            self._catalogue.remove(record)

    def names(self, source: Source) -> bool:
        """True when the last scan found the source's file under a name that an input gives."""
        return source.file is not None and source.file.id in self._named

    def has_elder(self, source: Source) -> bool:
        """True when the rest of an older file of the same log is to be read before."""
        return self._elders.has_elder(source, self._clock.monotonic())

    def release(self, source: Source) -> None:
        """Stops reading a source whose file is read to its end and is gone or rotated away."""
        self._following.leave(source)
        self._elders.remove(source)
        self._catalogue.put_back(self.record_of(source))
        self._renamed[source.id] = source.path
        source.join(None)
        source.close()

    def record_of(self, source: Source) -> SourceRecord:
        """What the registry should know of a source that is followed."""
        return self._opener.record_of(source)

    def follow_copy(self, source: Source) -> Followed:
        """Goes on in the copy of a source's file, when that was copied and truncated.

        The emptied file is then found by the next scan, as a new one.
        """
        return self._go_on_in(source, self._following.find_copy)

    def find_again(self, source: Source) -> Followed:
        """Goes on in a source's file where that is now, when it was closed and moved meanwhile."""
        if source.file is not None and source.file.is_usurped:
            self._give_up_place(source, source.file.id)
        return self._go_on_in(source, self._following.find_moved)

    def _go_on_in(self, source: Source, find: Callable[[Source], tuple[Followed, str]]) -> Followed:
        followed, path = find(source)
        if followed is not Followed.YES or source.file is None:
            return followed
        try:
            file = self._opener.open(path, self._section_of(source.family))
            file.unit = source.file.unit
            is_it = file.id == source.file.id and holds_read(file, source)
            if not is_it and not goes_on(source.file, file):
                file.close()
                return Followed.NOT_YET
            file.go_on_at(source.file.offset, source.file.known_prefix)
        except OSError:
            return Followed.NOT_YET  # it was moved on just now
        log.info("what was not read of %s is in %s", source.path, path)
        self._following.leave(source)
        source.file.close()
        source.file = file
        source.move_to(path)
        self._displace(file.id)
        self.sources[file.id] = source
        self._renamed[source.id] = path
        self._missed.look_beside(source.family)
        self._folders.hurry()
        return Followed.YES

    def begin(self, source: Source) -> None:
        """The first bytes of a source's file are read now.

        If the file was changed since it was found, what was in it then may be in a copy, unread.
        """
        file = source.file
        if file is None or self._clock.monotonic() - source.found_at < _SOON_S:
            return
        with contextlib.suppress(FileMoved):
            if file.modified_ns() != source.modified_ns:
                self._missed.look_since(source.family, source.modified_ns - 1)
                self._folders.hurry()

    def _displace(self, where: FileId) -> None:
        """A source whose inode is used again has to look for its file: it keeps no place."""
        displaced = self.sources.pop(where, None)
        if displaced is not None:
            self._displaced += 1
            self.sources[FileId(-1, self._displaced)] = displaced

    def _give_up_place(self, source: Source, where: FileId) -> None:
        """The file that has a source's inode now is seen by the next scan."""
        if self.sources.get(where) is source:
            self._displace(where)
            self._missed.look_beside(source.family)
            self._folders.hurry()

    def _see(self, path: str, status: os.stat_result, section: FileInput) -> list[Source]:
        where = file_id(status)
        self._named.add(where)
        known = self.sources.get(where)
        if known is not None and self._is_still(known, path):
            if known.path != path:
                self._sections.setdefault(path, section)
                self._follow_rename(known, path)
            return []
        self._sections.setdefault(path, section)
        if path in self._paths or self._missed.follows(path):
            self._missed.look_beside(path)
        return self._take_up(path, status, section, family=path)

    def _is_still(self, source: Source, path: str) -> bool:
        """False when the inode of a source's closed file is used again, under another path."""
        if source.path == path or source.file is None or source.file.leads_here():
            return True
        return is_followed(path, source)

    def _take_up(
        self, path: str, status: os.stat_result, section: FileInput, *, family: str
    ) -> list[Source]:
        """The source that reads a file from now on, unless it is read elsewhere or not yet."""
        try:
            if not self._may_be_read(path, status):
                return []
            recognised = self._recognise(path, status)
            if recognised is None and self._originals.have_copy(path):
                return []
        except FileNotFoundError:
            self._look_again(family)
            return []
        except OSError as error:
            self._unreadable[path] = error.strerror or str(error)
            return []
        return self._try_open(recognised, path, section, family=family)

    def _look_again(self, family: str) -> None:
        """A file was rotated away between two looks at it."""
        self._missed.look_beside(family)
        self._folders.hurry()

    def _recognise(self, path: str, status: os.stat_result) -> Recognised | None:
        recognised = self._catalogue.take(path, status)
        if recognised is None or recognised.likeness is not Likeness.BEGUN_ANEW:
            return recognised
        if self._originals.have_copy(path):  # inodes are used again, and so are names
            self._catalogue.put_back(recognised.record)
            return None
        return recognised

    def _may_be_read(self, path: str, status: os.stat_result) -> bool:
        """False for a compressed file that is not whole, or that is still being looked at."""
        if not is_packed_name(path) or self._catalogue.is_finished(status):
            return True
        at_once = not self._scanned and self._catalogue.may_go_on_in(path)
        verdict, reason = self._surveys.ask(path, status, at_once=at_once)
        if verdict is Wholeness.BROKEN:
            self._unreadable[path] = reason
        return verdict is Wholeness.WHOLE

    def _follow_rename(self, source: Source, path: str) -> None:
        """A source keeps its path while that still leads to it (links), else it was renamed."""
        if source.path == path or (source.file is not None and source.file.leads_here()):
            return
        self._missed.look_beside(source.path)
        log.info("%s was renamed to %s", source.path, path)
        source.move_to(path)
        self._renamed[source.id] = path

    def _find_moved(self, opened: Sequence[Source]) -> list[Source]:
        """After a start: the sources that no input names any more, but that were not finished.

        They were rotated away while nobody looked, or before.
        """
        added: list[Source] = []
        here = {_id_of(source) for source in opened}
        for record in self._catalogue:
            self._missed.look_beside(record.family)
            recognised = self._catalogue.take_moved(record)
            if recognised is None:
                continue
            section = self._section_of(record.family)
            source = self._try_open(recognised, recognised.path, section, family=record.family)
            added += [s for s in source if _id_of(s) not in here]
        return added

    def _find_missed(self, opened: Sequence[Source]) -> list[Source]:
        """Files that came and went between two looks, or while nobody looked."""
        added: list[Source] = []
        here = {_id_of(source) for source in opened}
        for path, status, family in self._missed.find(here):
            added += self._take_up(path, status, self._section_of(family), family=family)
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
            if recognised is None:
                first = self._first_scan
                source = self._opener.new(path, section, family=family, first_scan=first)
            else:
                source = self._opener.known(recognised, section)
                self._note_resumed(source, recognised)
        except OSError as error:
            if recognised is not None:
                self._catalogue.put_back(recognised.record)
                self._raced = self._raced or error.errno == errno.EAGAIN
            if isinstance(error, FileNotFoundError):
                self._look_again(family)
                return []
            self._unreadable[path] = error.strerror or str(error)
            return []
        self._surveys.forget(path)
        self._originals.add(source)
        return [source]

    def _note_resumed(self, source: Source, recognised: Recognised) -> None:
        if recognised.record.path != recognised.path:
            self._missed.look_beside(recognised.record.path)
        if source.modified_ns > recognised.record.changed_ns and not source.read_offset:
            self._missed.look_beside(recognised.record.family)  # copied and truncated, perhaps


def _id_of(source: Source) -> FileId:
    if source.file is None:
        raise ValueError(f"{source.path} is not followed")
    return source.file.id
