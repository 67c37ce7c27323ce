"""Is this file a copy of one that is read? Rotation by `copytruncate` makes such copies.

It copies a log beside it and empties the original. What was not read yet is then in the copy alone,
and all the rest of the copy was read already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Generic, TypeVar

from shipper.files.discovery import is_rotated_name
from shipper.files.followed import FollowedFile

_Member = TypeVar("_Member")
_TELLING_BYTES = 16
_COMPARED_BYTES = 1024


class Families(Generic[_Member]):
    """Finds those whose file a path may have been rotated away from, by the names alone.

    A rotated name begins with the name of its log up to the last dot: so the beginnings of a path
    are looked up, however many logs there are.
    """

    def __init__(self) -> None:
        self._by_stem: dict[str, list[tuple[str, _Member]]] = {}

    def add(self, family: str, member: _Member) -> None:
        """Adds one with the path of its log."""
        self._by_stem.setdefault(_stem(family), []).append((family, member))

    def discard(self, family: str, member: _Member) -> None:
        """Takes one out again."""
        self._by_stem.get(_stem(family), []).remove((family, member))

    def of(self, path: str) -> Iterator[_Member]:
        """Those of whose log the path looks like a rotated one."""
        folder, _, name = path.rpartition("/")
        for end in range(len(folder) + 2, len(path) + 1):
            for family, member in tuple(self._by_stem.get(path[:end], ())):
                if is_rotated_name(family.rpartition("/")[2], name):
                    yield member


def _stem(family: str) -> str:
    folder, _, name = family.rpartition("/")
    return f"{folder}/{name.rpartition('.')[0] or name}"


def is_copy(file: FollowedFile, path: str) -> bool:
    """True when a file holds what an open one holds or held, as far as it goes.

    An empty one may be a copy in the making.

    Raises:
        OSError: When it cannot be read.
    """
    other = FollowedFile(path, 0)
    try:
        size = other.size
        if file.size >= size:
            begin, end = min(size, _COMPARED_BYTES), max(0, size - _COMPARED_BYTES)
            return _same(file, other, 0, begin) and _same(file, other, end, size)
        return _goes_on(file, other)
    finally:
        other.close()


def copy_of_truncated(file: FollowedFile, path: str) -> FollowedFile | None:
    """The file at a path, at the place where an open one was read to, if it goes on with that one.

    Raises:
        OSError: When it cannot be read.
    """
    other = FollowedFile(path, 0)
    if not _goes_on(file, other):
        other.close()
        return None
    other.go_to(file.offset)
    return other


def _goes_on(file: FollowedFile, other: FollowedFile) -> bool:
    """The bytes that were read last stand in the other file at the same place."""
    known = file.last_bytes
    begin = file.offset - len(known)
    return len(known) >= _TELLING_BYTES and os.pread(other.descriptor, len(known), begin) == known


def _same(file: FollowedFile, other: FollowedFile, begin: int, end: int) -> bool:
    """Both hold the same bytes there."""
    length = end - begin
    return os.pread(file.descriptor, length, begin) == os.pread(other.descriptor, length, begin)
