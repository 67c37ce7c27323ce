"""Is this file a copy of one that is read? Rotation makes such copies, compressed or not.

`copytruncate` copies a log beside it and empties the original. What was not read yet is then in the
copy alone, and all the rest of the copy was read already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

from shipper.files.content import Content
from shipper.files.followed import FollowedFile
from shipper.files.identity import (
    GUARD_BYTES,
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
_YOUNG_NS = 2 * 10**9
_COPYING_NS = 60 * 10**9
_MOST_UNTOLD = 64
_MOST_STRANGERS = 64


class Families(Generic[_Member]):
    """Finds those whose file a path may have been rotated away from, by the names alone.

    A rotated name begins with the name of its log up to the last dot: so the beginnings of a path
    are looked up, however many logs there are.
    """

    def __init__(self) -> None:
        self._by_stem: dict[str, list[tuple[str, _Member]]] = {}
        self._folders: dict[str, dict[str, Counter[str]]] = {}

    def add(self, family: str, member: _Member) -> None:
        """Adds one with the path of its log."""
        stem, (folder, _, name) = _stem(family), family.rpartition("/")
        self._by_stem.setdefault(stem, []).append((family, member))
        names = self._folders.setdefault(stem.rpartition("/")[2], {})
        names.setdefault(name, Counter())[folder] += 1

    def discard(self, family: str, member: _Member) -> None:
        """Takes one out again."""
        stem, (folder, _, name) = _stem(family), family.rpartition("/")
        self._by_stem.get(stem, []).remove((family, member))
        names = self._folders[stem.rpartition("/")[2]]
        folders = names[name]
        folders[folder] -= 1
        if not folders[folder]:
            del folders[folder]
        if not folders:
            del names[name]

    def of(self, path: str) -> Iterator[_Member]:
        """Those of whose log the path looks like a rotated one."""
        folder, _, name = path.rpartition("/")
        for end in range(len(folder) + 2, len(path) + 1):
            for family, member in tuple(self._by_stem.get(path[:end], ())):
                if is_rotated_name(family.rpartition("/")[2], name):
                    yield member

    def has_elsewhere(self, path: str) -> bool:
        """Whether a path looks like a rotated one of a log in another folder, by the last part of it.

        Many services call their logs alike, so that it says nothing of which one.
        """
        folder, _, name = path.rpartition("/")
        return any(
            is_rotated_name(its, name) and bool(folders.keys() - {folder})
            for end in range(1, len(name) + 1)
            for its, folders in self._folders.get(name[:end], {}).items()
        )


def _stem(family: str) -> str:
    folder, _, name = family.rpartition("/")
    return f"{folder}/{name.rpartition('.')[0] or name}"


class Beginnings(Generic[_Member]):
    """Finds those that begin as a file does, whatever their names are.

    That is how a compressed file is found to be one that was read under another name. Names say how
    much is to be proven: those of one log have the same root.
    """

    def __init__(self) -> None:
        self._members: dict[bytes, list[tuple[str, _Member]]] = {}
        self._lengths: dict[int, int] = {}
        self._untold: dict[str, list[_Member]] = {}
        self._roots: dict[str, int] = {}

    def add(self, path: str, prefix: bytes, member: _Member) -> None:
        """Adds one with a path that it has or had, and the fingerprint of its first bytes."""
        length = fingerprint_length(prefix)
        root = _root(path)
        self._roots[root] = self._roots.get(root, 0) + 1
        if length < TELLING_BYTES:
            self._untold.setdefault(root, []).append(member)
            return
        self._members.setdefault(prefix, []).append((root, member))
        self._lengths[length] = self._lengths.get(length, 0) + 1

    def discard(self, path: str, prefix: bytes, member: _Member) -> None:
        """Takes one out again."""
        length = fingerprint_length(prefix)
        root = _root(path)
        self._roots[root] -= 1
        if not self._roots[root]:
            del self._roots[root]
        if length < TELLING_BYTES:
            self._untold[root].remove(member)
            if not self._untold[root]:
                del self._untold[root]
            return
        members = self._members[prefix]
        members.remove((root, member))
        if not members:
            del self._members[prefix]
        self._lengths[length] -= 1
        if not self._lengths[length]:
            del self._lengths[length]

    def has_any(self, path: str) -> bool:
        """True when there is one whose name has the same root."""
        return _root(path) in self._roots

    def of(self, path: str, content: Content) -> tuple[list[_Member], list[_Member]]:
        """Those that begin as this content does: it is no proof yet that they go on so.

        Returns:
            Those whose names have the same root, and strangers by their names, unless so many begin
            so that it tells nothing; in both, those of whose beginning nothing is known.

        Raises:
            OSError: When the content cannot be read.
        """
        root = _root(path)
        related = self._untold.get(root, [])[:_MOST_UNTOLD]
        untold = (member for its, few in self._untold.items() if its != root for member in few)
        strangers: list[_Member] = []
        head = content.pread(PREFIX_BYTES, 0) if self._lengths else b""
        for length in sorted(self._lengths, reverse=True):
            if length <= len(head):
                for its, member in self._members.get(fingerprint(head[:length]), ()):
                    (related if its == root else strangers).append(member)
        told = strangers if len(strangers) <= _MOST_STRANGERS else []
        return related, [*told, *islice(untold, _MOST_UNTOLD)]


def _root(path: str) -> str:
    return root_name(path.rpartition("/")[2])


def is_made_of(file: FollowedFile, other: FollowedFile) -> bool:
    """True when a compressed file was made of an open one, whatever the names are.

    What it was made of is not at its path any more, and holds all that is in it: else its lines
    would be left out because of a log that only begins as it does.

    Raises:
        OSError: When it cannot be read.
    """
    if file.leads_here() or not holds_whole(file, other):
        return False
    return bool(other.content.pread(1, GUARD_BYTES - 1)) or goes_on(file, other)


def goes_on_as_stranger(read_to: int, other: FollowedFile) -> bool:
    """Whether a file whose name says nothing may go on with what was read up to a place.

    Less than a whole digest may be a banner with which many logs begin: then it must be all.

    Raises:
        OSError: When it cannot be read.
    """
    return not read_to or read_to >= GUARD_BYTES or not other.content.pread(1, read_to)


def is_copy_elsewhere(file: FollowedFile, other: FollowedFile, *, now_ns: int) -> bool:
    """`is_copy`, for one in another folder, of which at least a whole digest is the same.

    It holds more than the file does only once that was truncated, and as much only until then: else it is
    the log of another service that begins alike.

    Args:
        file: Which is read.
        other: The other one.
        now_ns: The present, ns since the epoch.

    Raises:
        OSError: When it cannot be read.
    """
    if 0 <= now_ns - other.modified_ns() < _COPYING_NS and holds_whole(file, other):
        return True
    if file.offset < GUARD_BYTES or not goes_on(file, other):
        return False
    return not is_at(file.content, file.offset, file.guard())


def is_just_begun(other: FollowedFile, *, now_ns: int) -> bool:
    """Whether a file was changed just now: one that holds little may be a copy in the making."""
    return 0 <= now_ns - other.modified_ns() < _YOUNG_NS


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
