"""Which names are in a folder that begin in some way? It is listed once for thousands of questions."""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

_MOST_FOLDERS = 64
_MOST_ENTRIES = 10_000


class Listings:
    """Folders as they were when they were asked about first."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._inodes: dict[str, dict[int, list[str]]] = {}
        self._below: dict[str, dict[int, list[str]]] = {}
        self._folders: dict[str, list[str]] = {}

    def beginning_with(self, folder: str, start: str) -> list[str]:
        """Names of a folder that begin so, sorted; none when it cannot be listed."""
        names = self._names.get(folder)
        if names is None:
            names = self._names[folder] = _listed(folder)
        first = bisect_left(names, start)
        last = first
        while last < len(names) and names[last].startswith(start):
            last += 1
        return names[first:last]

    def of_inode(self, path: str, inode: int) -> list[str]:
        """Paths in the folder of a file that have an inode, sorted; none when it cannot be listed."""
        folder = path.rpartition("/")[0]
        inodes = self._inodes.get(folder)
        if inodes is None:
            inodes = self._inodes[folder] = _by_inode(folder or "/")
        return [f"{folder}/{name}" for name in inodes.get(inode, [])]

    def of_inode_nearby(self, path: str, inode: int) -> list[str]:
        """Paths that have an inode in the folders where rotation may have moved a file (`olddir`).

        These are the direct sub-folders of its own folder, then its parent's others: where there are
        more than 64 of them, none; and 10,000 entries of them at most.
        """
        own = path.rpartition("/")[0]
        found = self._below_of(own).get(inode, [])
        beside = self._below_of(own.rpartition("/")[0]).get(inode, [])
        return [*found, *(other for other in beside if other.rpartition("/")[0] != own)]

    def folders_in(self, folder: str) -> list[str]:
        """The direct sub-folders of a folder, sorted; none when they are too many."""
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = folders_in(folder)
        return found

    def _below_of(self, folder: str) -> dict[int, list[str]]:
        below = self._below.get(folder)
        if below is None:
            below = self._below[folder] = _by_inode_below(self.folders_in(folder or "/"))
        return below


def _by_inode_below(folders: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for path, inode in islice(_entries_in(folders), _MOST_ENTRIES):
        found.setdefault(inode, []).append(path)
    return found


def _entries_in(folders: Iterable[str]) -> Iterator[tuple[str, int]]:
    for below in folders:
        with contextlib.suppress(OSError), os.scandir(below) as entries:
            for entry in entries:
                yield entry.path, entry.inode()


def folders_in(folder: str) -> list[str]:
    """The direct sub-folders of a folder, sorted; none when they are too many."""
    try:
        with os.scandir(folder) as entries:
            below = (entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
            found = sorted(islice(below, _MOST_FOLDERS + 1))
    except OSError:
        return []
    return found if len(found) <= _MOST_FOLDERS else []


def _by_inode(folder: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    try:
        with os.scandir(folder) as entries:
            for name, inode in sorted((entry.name, entry.inode()) for entry in entries):
                found.setdefault(inode, []).append(name)
    except OSError:
        return {}
    return found


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - thousands of them
    except OSError:
        return []
