"""Which rotated files came and went between two looks, or while nobody looked?"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from shipper.files.catalogue import Catalogue
from shipper.files.discovery import rotated_siblings
from shipper.files.identity import FileId, FileState, file_id, file_state
from shipper.files.listings import Listings
from shipper.files.surveys import Surveys
from shipper.reading.following import is_followed
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord


class Missed:
    """Looks beside the logs that were rotated.

    A file that was missed is a rotated sibling that nobody knows by its content, or that was written
    to since it was let go, and that is newer than the oldest that is known, or than its log was when
    it was followed first, or noted last.

    Args:
        records: All of the registry's: when each log was changed last, as far as was noted.
        catalogue: The sources that nobody reads at the moment.
        sources: Those that are followed, by their files.
        surveys: Know which compressed files are whole.
    """

    def __init__(
        self,
        records: Iterable[SourceRecord],
        catalogue: Catalogue,
        sources: Mapping[FileId, Source],
        surveys: Surveys,
    ) -> None:
        self._catalogue = catalogue
        self._sources = sources
        self._surveys = surveys
        self._rotated: set[str] = set()
        self._moved: set[str] = set()
        self._since_ns: dict[str, int] = {}
        self._decided: dict[str, set[FileState]] = {}
        self._decided_before: dict[str, set[FileState]] = {}
        for record in records:
            known_ns = self._since_ns.get(record.family, 0)
            self._since_ns[record.family] = max(known_ns, record.changed_ns)

    def follow(self, family: str, modified_ns: int) -> None:
        """A log is followed; what was rotated away from it before it was changed last is history."""
        self._since_ns.setdefault(family, modified_ns)

    def follows(self, family: str) -> bool:
        """True for a log that is or was followed."""
        return family in self._since_ns

    def look_beside(self, family: str) -> None:
        """A log may have been rotated: its siblings are looked at by the next scan."""
        self._rotated.add(family)

    def look_since(self, family: str, since_ns: int) -> None:
        """Like `look_beside`; whatever is newer than a time, and is not known, was missed."""
        self._rotated.add(family)
        self._since_ns[family] = min(self._since_ns.get(family, since_ns), since_ns)

    def moved(self, family: str, since_ns: int) -> None:
        """A file of a log was rotated on in the moment in which it was looked at: nothing is decided."""
        self._moved.add(family)
        self.look_since(family, since_ns)

    def find(self, here: Collection[FileId]) -> Iterator[tuple[str, os.stat_result, str]]:
        """Gives missed files, oldest first, each with its status and its log.

        A log with a sibling that is not decided on when the next one is asked for is looked at
        again by the next scan.

        Args:
            here: The files that were opened just now.
        """
        rotated, self._rotated = sorted(self._rotated), set()
        self._decided_before = {family: self._decided.get(family, set()) for family in rotated}
        listings = Listings()
        for family in rotated:
            siblings = rotated_siblings(family, listings)
            known = {path for path, status in siblings if self._is_known(path, status, here)}
            floors = [status.st_mtime_ns for path, status in siblings if path in known]
            floors += [self._since_ns[family]] if family in self._since_ns else []
            before, now = self._decided_before[family], set[FileState]()
            for path, status in reversed(siblings):
                if path in known or not floors or status.st_mtime_ns <= min(floors):
                    continue
                state = file_state(status)
                self._moved.discard(family)
                if state not in before:
                    yield path, status, family
                if self._surveys.is_open(path):
                    self.look_since(family, min(floors))
                elif family not in self._moved:
                    now.add(state)
            self._decided[family] = now

    def find_again(self) -> None:
        """Nobody follows what was found last: the next scan finds it once more."""
        self._rotated |= self._decided_before.keys()
        self._decided.update(self._decided_before)

    def _is_known(self, path: str, status: os.stat_result, here: Collection[FileId]) -> bool:
        where = file_id(status)
        if where in here or is_followed(path, self._sources.get(where)):
            return True
        if self._catalogue.has_more(path, status):
            return False
        return self._catalogue.knows(path, status)
