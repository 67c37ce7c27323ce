"""Which files are there to be read, and which source reads each of them?"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from logboom.clock import Clock
from logboom.config import FileInput
from logboom.errors import RegistryUnavailable
from shipper.files.catalogue import Catalogue
from shipper.files.discovery import find_files
from shipper.files.folders import Folders
from shipper.files.handles import FileMoved
from shipper.files.identity import FileId, file_id
from shipper.files.listings import Listings
from shipper.files.names import is_backup_name, root_path
from shipper.files.surveys import Surveys
from shipper.reading.elders import Elders
from shipper.reading.following import Followed, Following, is_followed
from shipper.reading.forgetting import Forgetting
from shipper.reading.gone import Gone
from shipper.reading.intake import Intake
from shipper.reading.looks import Looks
from shipper.reading.missed import Missed
from shipper.reading.moving import Moving
from shipper.reading.opening import Opener
from shipper.reading.originals import Originals
from shipper.reading.places import Places, place_of
from shipper.reading.sections import Sections
from shipper.reading.settling import Settling
from shipper.reading.sources import Source
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")

GONE_PATIENCE_S = 5.0
"""A file that was deleted is let go after a silence of so long."""
_OPEN_FILES = 512
_MOST_BYGONE = 1000
_KEEP = timedelta(days=90)


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

    Attributes:
        looks: When each source is to be looked at next.
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
        self._inputs = inputs
        self._clock = clock
        self._registry = registry
        self._opener = Opener(make_source, clock, open_files)
        self._surveys = Surveys(clock.monotonic)
        self._folders = Folders(clock, inputs)
        self._first_scan = registry.first_start
        records = registry.sources()
        self._catalogue = Catalogue(records, registry.planned_ends())
        self._gone = Gone(self._catalogue, registry, clock)
        self._forgetting = Forgetting(self._catalogue, registry, clock, keep)
        self._sections = Sections(inputs)
        self._places = Places()
        self._paths: dict[str, Source] = {}
        self._named: set[FileId] = set()
        self._in_the_making: dict[str, tuple[FileId, float]] = {}
        self._scanned = False
        self._settling = Settling()
        self._elders = Elders()
        self.looks = Looks[Source]()
        self._following = Following(self.sources, self._surveys, lambda: self._folders.known)
        self._missed = Missed(records, self._catalogue, self.sources, self._surveys)
        self._moving = Moving(
            self._following, self._places, self._opener, self._sections, self._missed,
            self._folders, self._catalogue,
        )  # fmt: skip
        self._intake = Intake(
            self._opener, self._catalogue, Originals(self.sources, clock), self._surveys, self._missed,
            self._gone, self._folders.hurry,
        )  # fmt: skip

    @property
    def sources(self) -> dict[FileId, Source]:
        """Those that are followed, by their files."""
        return self._places.by_file

    @property
    def unreadable(self) -> dict[str, str]:
        """Paths that are named and cannot be read, with the reason."""
        return self._intake.unreadable

    @property
    def damaged(self) -> dict[str, int]:
        """Those of them that are damaged, with their bytes: nothing of them is read."""
        return self._intake.damaged

    @property
    def is_settled(self) -> bool:
        """False until a scan saw the logs as they are: none of them moved under its eyes.

        Until then a source that was not found may be there.
        """
        return self._settling.is_settled

    def scan(self) -> list[Source]:
        """Looks at the file system once.

        Nothing is listed when no folder has changed and nothing is undecided. What moved during the
        first scan is left to the next one.

        Returns:
            Sources that are new in the set.

        Raises:
            RegistryUnavailable: The registry has no room now; the next scan finds them again.
        """
        undecided = not self._scanned or self._surveys.is_busy()
        if not self._folders.must_list() and not undecided:
            return []
        told = self.unreadable
        try:
            added = self._settle(self._look())
            self._intake.tell_of_losses()
            self._add(added)
        except BaseException:
            self._intake.give_back()
            self._missed.find_again()
            self._catalogue.scanned()
            self._settling.begin_again()
            self._folders.hurry()
            raise
        self._settling.end()
        self._scanned = self.is_settled and not self._intake.has_raced
        self._first_scan = self._first_scan and not self.is_settled
        self._following.scanned()
        self._surveys.scanned()
        self._look_back()
        self._catalogue.scanned()
        for path, reason in self.unreadable.items():
            if told.get(path) != reason:
                log.warning("%s cannot be read: %s", path, reason)
        return added

    def _look(self) -> list[Source]:
        """Takes up what is found; nothing of it is followed yet."""
        self._intake.begin(first_start=self._first_scan, at_once=not self._scanned)
        self._named = set()
        self._paths = self._places.by_path()
        found = [
            (path, status, section)
            for section in self._inputs
            for path, status in find_files(section, self.unreadable.__setitem__)
        ]
        here = {(path, file_id(status)) for path, status, _ in found} if self._in_the_making else ()
        self._in_the_making = {
            path: (where, begun)
            for path, (where, begun) in self._in_the_making.items()
            if (path, where) in here
        }
        if not self.is_settled:
            families = (record.family for record in self._catalogue)
            self._settling.begin(chain(families, (path for path, _, _ in found)))
        added: list[Source] = []
        for path, status, section in found:
            added += self._see(path, status, section)
        added += self._find_moved()
        added += self._intake.take_up_later()
        added += self._find_missed(added)
        return added

    def _settle(self, added: list[Source]) -> list[Source]:
        """Gives back what was found of logs that moved meanwhile."""
        if self.is_settled:
            return added
        self._settling.compare(self._intake.raced)
        moved = self._settling.moved
        if not moved:
            return added
        self._intake.give_back(lambda source: root_path(source.family) in moved)
        self._missed.find_again()
        self._folders.hurry()
        return [source for source in added if source.file is not None]

    def _look_back(self) -> None:
        """What is gone is told of and forgotten; without room for that, later."""
        try:
            if self._scanned and not self._surveys.is_busy():
                self._gone.tell_once()
            self._forgetting.turn()
        except RegistryUnavailable as error:
            log.warning("what is gone is not noted yet: %s", error.sentence())
            self._folders.hurry()

    def _add(self, added: Sequence[Source]) -> None:
        """The registry knows them before anybody follows them: it may have no room."""
        left = self._moving.left
        leavers = [source for source in left.values() if source.file is not None]
        records = [self.record_of(source) for source in (*added, *leavers)]
        if self._places.renamed:
            renamed, now_ns = self._places.renamed, self._clock.now_ns()
            self._registry.set_paths(renamed, changed_ns=now_ns, let_go=self._places.let_go)
            self._places.are_told()
        started = self._first_scan and not self._settling.moved
        if records or started:
            self._registry.put(records, started=started)
        for source in added:
            self._places.put(source)
            self._elders.add(source)
            self._missed.follow(source.family, source.modified_ns)
            source.found_at = self._clock.monotonic()
            if source.id in left:
                source.silent_since = source.found_at
            source.join(self.looks)
        if not self._intake.raced:  # else one of them may be still to be found
            left.clear()

    @property
    def folders(self) -> list[str]:
        """The folders in which files may appear, as of the last listing."""
        return self._folders.known

    def hurry(self) -> None:
        """The next scan lists all folders, whatever their times say."""
        self._folders.hurry()

    def names(self, source: Source) -> bool:
        """True when the last scan found the source's file under a name that an input gives."""
        return source.file is not None and source.file.id in self._named

    def has_elder(self, source: Source) -> bool:
        """True when the rest of an older file of the same log is to be read before."""
        return self._elders.has_elder(source, self._clock.monotonic())

    def release(self, source: Source) -> None:
        """Stops reading a source whose file is read to its end and is gone or rotated away."""
        self._moving.leave(source)
        self._elders.remove(source)
        self._catalogue.put_back(replace(self.record_of(source), let_go=True))
        self._places.release(source)
        source.join(None)
        source.close()
        source.is_released = True

    def bygone(self) -> list[Source]:
        """The sources that the registry knows and that nobody reads, those that were changed last first.

        How they ended may not be told yet: whoever read them may have been killed. At most 1,000.
        """
        records = sorted(self._catalogue, key=lambda one: one.changed_ns, reverse=True)
        return [
            self._opener.bygone(record, self._sections.of(record.family))
            for record in records[:_MOST_BYGONE]
        ]

    def record_of(self, source: Source) -> SourceRecord:
        """What the registry should know of a source that is followed."""
        return self._opener.record_of(source)

    def records_of(self, source: Source) -> list[SourceRecord]:
        """`record_of`, and what the registry should know of a file that was left for its copy."""
        emptied = self._moving.take_emptied()
        for record in emptied:
            self._catalogue.put_back(record)
        return [self.record_of(source), *emptied]

    def follow_copy(self, source: Source) -> Followed:
        """Goes on in the copy of a source's file, when that was copied and truncated."""
        return self._moving.follow_copy(source)

    def find_again(self, source: Source) -> Followed:
        """Goes on in a source's file where that is now, when it was closed and moved meanwhile."""
        return self._moving.find_again(source)

    def begin(self, source: Source) -> None:
        """The first bytes of a source's file are read now.

        If the file was changed since it was found, what was in it then may be in a copy, unread.
        """
        file = source.file
        if file is None:
            return
        with contextlib.suppress(FileMoved):
            if file.modified_ns() != source.modified_ns:
                self._missed.look_since(source.family, source.modified_ns - 1)
                self._folders.hurry()

    def _see(self, path: str, status: os.stat_result, section: FileInput) -> list[Source]:
        where = file_id(status)
        self._named.add(where)
        known = self.sources.get(where)
        self._sections.note(path, section)
        if known is not None and self._is_still(known, path):
            self._follow_rename(known, path)
            return []
        if path in self._paths or self._missed.follows(path):
            self._missed.look_beside(path)
        if self._follows_replacement(path, where):
            return []
        source = self._intake.take_up(path, status, section, family=path)
        return [] if source is None else [source]

    def _follows_replacement(self, path: str, where: FileId) -> bool:
        """Lets the source that was at a path go on in the file that is there now, if that goes on with it.

        Who still writes to the file that was deleted does so within a while; so long the new file may
        also be still in the making, which is waited for.
        """
        source, now = self._paths.get(path), self._clock.monotonic()
        _, begun = self._in_the_making.pop(path, (where, now))
        if source is None or now - source.silent_since < GONE_PATIENCE_S:
            return False
        followed = self._moving.follow_replacement(source)
        if followed is not Followed.NOT_YET:
            return followed is Followed.YES
        self._folders.hurry()
        if now - begun >= GONE_PATIENCE_S:
            return False
        self._in_the_making[path] = (where, begun)
        return True

    def _is_still(self, source: Source, path: str) -> bool:
        """False when the inode of a source's closed file is used again, under another path."""
        if source.path == path or source.file is None or source.file.leads_here():
            return True
        return is_followed(path, source)

    def _follow_rename(self, source: Source, path: str) -> None:
        """A source keeps its path while that still leads to it (links), else it was renamed.

        It keeps it also while its file is a backup, and what replaces it is not there, or not whole.
        """
        if source.path == path or (source.file is not None and source.file.leads_here()):
            return
        is_vacant = source.path in self._in_the_making or not os.path.lexists(source.path)
        if is_vacant and is_backup_name(source.path, path):
            return
        self._missed.look_beside(source.path)
        log.info("%s was renamed to %s", source.path, path)
        self._places.rename(source, path)

    def _find_moved(self) -> list[Source]:
        """After a start: the sources that no input names any more, but that were not finished.

        They were rotated away while nobody looked, or before. Later: the backups that were left.
        """
        added: list[Source] = []
        left = self._moving.left
        if self._scanned and not left:
            return added
        listings = Listings()
        is_sought = self._settling.concerns if not self._scanned else lambda r: r.id in left
        for record in [record for record in self._catalogue if is_sought(record)]:
            self._missed.look_beside(record.family)
            recognised = self._catalogue.take_moved(record, listings)
            if recognised is None:
                continue
            section = self._sections.of(record.family)
            source = self._intake.go_on(recognised, section, family=record.family)
            if source is not None:
                added.append(source)
        return added

    def _find_missed(self, opened: Sequence[Source]) -> list[Source]:
        """Files that came and went between two looks, or while nobody looked."""
        added: list[Source] = []
        here = {place_of(source) for source in opened}
        for path, status, family in self._missed.find(here):
            section = self._sections.of(family)
            source = self._intake.take_up(path, status, section, family=family)
            if source is not None:
                added.append(source)
        return added
