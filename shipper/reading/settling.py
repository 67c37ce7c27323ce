"""Did the logs stay where they were during a scan? What was decided of one that moved does not count."""

from __future__ import annotations

import os
from collections.abc import Iterable

from shipper.files.discovery import regular_file, rotated_siblings
from shipper.files.identity import FileId, file_id
from shipper.files.listings import Listings
from shipper.files.names import root_path
from shipper.registry.registry import SourceRecord

_MOST_ATTEMPTS = 20
"""A log that is rotated at each of so many scans is rotated without an end."""

Folder = dict[str, tuple[FileId, int]]
"""Which file is at a path, and how many bytes it has."""


class Settling:
    """Compares the names of logs before the scan after a start with those after it.

    As long as nothing is followed there are no descriptors to hold on to: a log that is rotated
    during that scan may be found twice, or nowhere.

    Attributes:
        is_settled: True once nothing has moved, or when it moves without an end.
        moved: The roots (see `root_path`) of the logs that moved during the last scan.
    """

    def __init__(self) -> None:
        self.is_settled = False
        self.moved: set[str] = set()
        self._attempts = 0
        self._before: dict[str, Folder] = {}

    def begin(self, paths: Iterable[str]) -> None:
        """A scan begins.

        Args:
            paths: Of the logs that are known, and of all files that were found.
        """
        listings = Listings()
        self._before = {root: _folder(root, listings) for root in set(map(root_path, paths))}

    def concerns(self, record: SourceRecord) -> bool:
        """False for a source of a log that the scan before has decided on."""
        is_first = self.is_settled or not self._attempts
        return is_first or root_path(record.family) in self.moved

    def compare(self, raced: Iterable[str]) -> None:
        """A scan is over: what moved meanwhile?

        Args:
            raced: Paths of logs of which it is known already that they did.
        """
        listings = Listings()
        before = self._before.items()
        moved = {root for root, seen in before if _has_moved(seen, _folder(root, listings))}
        self._attempts += 1
        is_endless = self._attempts >= _MOST_ATTEMPTS
        self.moved = set() if is_endless else moved | set(map(root_path, raced))

    def begin_again(self) -> None:
        """The scan failed: nothing that it decided counts."""
        self._attempts = 0

    def end(self) -> None:
        """What the scan has decided counts, but for the logs that moved."""
        self.is_settled = not self.moved


def _folder(root: str, listings: Listings) -> Folder:
    found: list[tuple[str, os.stat_result]] = rotated_siblings(root, listings)
    status = regular_file(root)
    if status is not None:
        found.append((root, status))
    return {path: (file_id(status), status.st_size) for path, status in found}


def _has_moved(before: Folder, after: Folder) -> bool:
    """True when some file came, went or lost bytes; one that has grown is where it was."""
    if before.keys() != after.keys():
        return True
    return any(
        after[path][0] != where or after[path][1] < size for path, (where, size) in before.items()
    )
