"""Is this file a copy of one that is read? Rotation makes such copies, compressed or not.

`copytruncate` copies a log beside it and empties the original. What was not read yet is then in the
copy alone, and all the rest of the copy was read already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from shipper.files.content import Content
from shipper.files.followed import FollowedFile
from shipper.files.identity import (
    PREFIX_BYTES,
    TELLING_BYTES,
    begins_with,
    fingerprint,
    fingerprint_length,
    is_at,
)
from shipper.files.names import is_rotated_name, root_name

_Member = TypeVar("_Member")
_COMPARED_BYTES = 1024
_MOST_UNTOLD = 64


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


class Beginnings(Generic[_Member]):
    """Finds those that begin as a file does, among files whose names have the same root.

    That is how a compressed file is found to be one that was read under another name.
    """

    def __init__(self) -> None:
        self._members: dict[tuple[str, bytes], list[_Member]] = {}
        self._lengths: dict[str, dict[int, int]] = {}
        self._untold: dict[str, list[_Member]] = {}

    def add(self, path: str, prefix: bytes, member: _Member) -> None:
        """Adds one with a path that it has or had, and the fingerprint of its first bytes."""
        length = fingerprint_length(prefix)
        root = _root(path)
        if length < TELLING_BYTES:
            self._untold.setdefault(root, []).append(member)
            return
        self._members.setdefault((root, prefix), []).append(member)
        lengths = self._lengths.setdefault(root, {})
        lengths[length] = lengths.get(length, 0) + 1

    def discard(self, path: str, prefix: bytes, member: _Member) -> None:
        """Takes one out again."""
        length = fingerprint_length(prefix)
        root = _root(path)
        if length < TELLING_BYTES:
            self._untold[root].remove(member)
            return
        members = self._members[root, prefix]
        members.remove(member)
        if not members:
            del self._members[root, prefix]
        self._lengths[root][length] -= 1
        if not self._lengths[root][length]:
            del self._lengths[root][length]

    def has_any(self, path: str) -> bool:
        """True when there is one whose name has the same root."""
        return bool(self._lengths.get(_root(path)) or self._untold.get(_root(path)))

    def of(self, path: str, content: Content) -> list[_Member]:
        """Those that begin as this content does, and those of whose beginning nothing is known.

        It is no proof yet that they go on so.

        Raises:
            OSError: When the content cannot be read.
        """
        root = _root(path)
        untold = self._untold.get(root, [])[:_MOST_UNTOLD]
        lengths = self._lengths.get(root)
        if not lengths:
            return untold
        head = content.pread(PREFIX_BYTES, 0)
        return untold + [
            member
            for length in sorted(lengths, reverse=True)
            if length <= len(head)
            for member in self._members.get((root, fingerprint(head[:length])), ())
        ]


def _root(path: str) -> str:
    return root_name(path.rpartition("/")[2])


def is_copy(file: FollowedFile, other: FollowedFile) -> bool:
    """True when a file holds what an open one holds or held, as far as it goes.

    An empty one may be a copy in the making.

    Raises:
        OSError: When it cannot be read.
    """
    return goes_on(file, other) or holds_whole(file, other)


def holds_whole(file: FollowedFile, other: FollowedFile) -> bool:
    """True when an open file holds another one up to its end.

    Raises:
        OSError: When it cannot be read.
    """
    size = other.size
    if file.size < size:
        return False
    begin, end = min(size, _COMPARED_BYTES), max(0, size - _COMPARED_BYTES)
    return _same(file, other, 0, begin) and _same(file, other, end, size)


def goes_on(file: FollowedFile, other: FollowedFile) -> bool:
    """Another one begins alike, and has the bytes that were read last of a file at the same place.

    Of a file of which nothing was read: those that were seen last.
    """
    if not file.offset:
        return file.seen.is_in(other.content)
    known = file.guard()
    return (
        fingerprint_length(known) >= TELLING_BYTES
        and begins_with(other.content, file.known_prefix)
        and is_at(other.content, file.offset, known)
    )


def _same(file: FollowedFile, other: FollowedFile, begin: int, end: int) -> bool:
    """Both hold the same bytes there."""
    length = end - begin
    return file.content.pread(length, begin) == other.content.pread(length, begin)
