"""How does a source go on when its file was copied away, renamed or compressed?"""

from __future__ import annotations

import logging
from collections.abc import Callable

from shipper.files.catalogue import Catalogue
from shipper.files.copies import goes_on
from shipper.files.folders import Folders
from shipper.reading.following import Followed, Following, holds_read
from shipper.reading.missed import Missed
from shipper.reading.opening import Opener
from shipper.reading.places import Places
from shipper.reading.sections import Sections
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord

log = logging.getLogger("logboom.shipper")


class Moving:
    """Leads sources to where the content of their files is now.

    Args:
        following: Searches for it.
        places: Which source reads which file.
        opener: Opens files.
        sections: Know the inputs.
        missed: Told of logs that were rotated.
        folders: Listed again after a move.
        catalogue: Has the backups that sources leave, until they are taken up.

    Attributes:
        left: Ids of the backups that were left, and who left them.
    """

    def __init__(
        self, following: Following, places: Places, opener: Opener, sections: Sections,
        missed: Missed, folders: Folders, catalogue: Catalogue,
    ) -> None:  # fmt: skip
        self._following = following
        self._places = places
        self._opener = opener
        self._sections = sections
        self._missed = missed
        self._folders = folders
        self._catalogue = catalogue
        self.left: dict[str, Source] = {}
        self._emptied: list[SourceRecord] = []

    def follow_copy(self, source: Source) -> Followed:
        """Goes on in the copy of a source's file, when that was copied and truncated.

        The emptied file is then found by the next scan, as a new one; `take_emptied` tells of it,
        should it be gone by then.
        """
        emptied = self._opener.record_of_emptied(source)
        followed = self._go_on_in(source, self._following.find_copy)
        if followed is Followed.YES:
            self._emptied.append(emptied)
        return followed

    def take_emptied(self) -> list[SourceRecord]:
        """The files that were left for their copies, since the last call."""
        emptied, self._emptied = self._emptied, []
        return emptied

    def find_again(self, source: Source) -> Followed:
        """Goes on in a source's file where that is now, when it was closed and moved meanwhile."""
        if source.file is not None and source.file.is_usurped and self._places.give_up(source):
            self._look_again(source)  # the file that has its inode now is seen by the next scan
        return self._go_on_in(source, self._following.find_moved)

    def follow_replacement(self, source: Source) -> Followed:
        """Goes on in the file that is at a source's path now, when that holds what was read.

        Some programs append by writing all of a log anew. Who has the old one open may still write to
        it: as a backup it is a source of its own from there on, which the next look takes up.
        """
        kept, file = self._following.find_backup(source), source.file
        followed = self._go_on_in(source, self._following.find_replacement)
        if followed is Followed.YES and kept is not None and file is not None:
            record = self._opener.record_of_left(file, kept, family=source.family)
            self._catalogue.put_back(record)
            self.left[record.id] = source
        return followed

    def leave(self, source: Source) -> None:
        """A source does not follow its present file any more."""
        self._following.leave(source)
        self._places.leave(source)

    def _go_on_in(self, source: Source, find: Callable[[Source], tuple[Followed, str]]) -> Followed:
        followed, path = find(source)
        if followed is not Followed.YES or source.file is None:
            return followed
        try:
            file = self._opener.open(path, self._sections.of(source.family))
        except OSError:
            return Followed.NOT_YET  # it was moved on just now
        try:
            file.unit = source.file.unit
            is_it = file.id == source.file.id and holds_read(file, source)
            if not is_it and not goes_on(source.file, file):
                file.close()
                return Followed.NOT_YET
            file.go_on_at(source.file.offset, source.file.known_prefix)
            file.seen = source.file.seen
            seen_to = source.file.unread_to if is_it else source.file.surely_to
            file.expect(max(seen_to, self._following.text_bytes(file)))
        except OSError:
            file.close()
            return Followed.NOT_YET
        if path == source.path:
            log.info("%s was replaced by a file that goes on with it", path)
        else:
            log.info("what was not read of %s is in %s", source.path, path)
        self.leave(source)
        source.file.close()
        source.file = file
        self._places.rename(source, path)
        self._places.put(source)
        self._look_again(source)
        return Followed.YES

    def _look_again(self, source: Source) -> None:
        self._missed.look_beside(source.family)
        self._folders.hurry()
