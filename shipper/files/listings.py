"""Which names are in a folder that begin in some way? It is listed once for thousands of questions."""

from __future__ import annotations

import os
from bisect import bisect_left


class Listings:
    """Folders as they were when they were asked about first."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._inodes: dict[str, dict[int, list[str]]] = {}

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
