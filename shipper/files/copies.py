"""Is this file a copy of one that is read? Rotation by `copytruncate` makes such copies.

It copies a log beside it and empties the original. What was not read yet is then in the copy alone,
and all the rest of the copy was read already.
"""

from __future__ import annotations

import os
from pathlib import Path

from shipper.files.discovery import is_rotated_name
from shipper.files.followed import FollowedFile

_TELLING_BYTES = 16
_COMPARED_BYTES = 1024


def may_be_copy(path: str, family: str) -> bool:
    """True when the name says that a file was rotated away from a path."""
    original, other = Path(family), Path(path)
    return original.parent == other.parent and is_rotated_name(original.name, other.name)


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
