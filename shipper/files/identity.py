"""Is this the file we know? Evidence from its first bytes and from those before the checkpoint.

Device and inode are only a hint: inodes are used again. What is kept are digests, never the text.
"""

from __future__ import annotations

import os
import struct
from hashlib import blake2b
from typing import NamedTuple, Protocol

PREFIX_BYTES = 1024
GUARD_BYTES = 1024
"""Several lines, so that some of them tell: many loggers end all lines alike."""
TELLING_BYTES = 16
"""Fewer than that prove nothing."""
_LAYOUT = struct.Struct("<I16s")


def fingerprint(data: bytes) -> bytes:
    """Length and digest of some bytes, in 20 bytes."""
    return _LAYOUT.pack(len(data), blake2b(data, digest_size=16).digest())


def fingerprint_length(mark: bytes) -> int:
    """How many bytes a fingerprint was taken of; 0 for an empty one."""
    return int(_LAYOUT.unpack(mark)[0]) if mark else 0


class FileId(NamedTuple):
    """Where the file system says that a file is."""

    device: int
    inode: int


class FileState(NamedTuple):
    """A file as it was at some time; of another state, nothing that was found out counts."""

    file: FileId
    size: int
    modified_ns: int


class Readable(Protocol):
    """Bytes that can be looked at anywhere."""

    def pread(self, length: int, offset: int) -> bytes:
        """At most so many bytes from a place on; fewer only at the end."""
        ...


def file_id(status: os.stat_result) -> FileId:
    """Device and inode of a file."""
    return FileId(status.st_dev, status.st_ino)


def file_state(status: os.stat_result) -> FileState:
    """The state of a file on its disk; a compressed one is not looked into."""
    return FileState(file_id(status), status.st_size, status.st_mtime_ns)


def begins_with(content: Readable, prefix: bytes) -> bool:
    """True when the first bytes are those that the fingerprint was taken of."""
    length = fingerprint_length(prefix)
    return length == 0 or is_beginning(content.pread(length, 0), prefix)


def is_beginning(head: bytes, prefix: bytes) -> bool:
    """Like `begins_with`, for first bytes that are at hand, at least as many as were taken."""
    length = fingerprint_length(prefix)
    return length == 0 or fingerprint(head[:length]) == prefix


def is_at(content: Readable, offset: int, guard: bytes) -> bool:
    """True when the bytes just before `offset` are those that the fingerprint was taken of."""
    length = fingerprint_length(guard)
    if length == 0:
        return offset == 0 or len(content.pread(1, offset - 1)) == 1
    return fingerprint(content.pread(length, offset - length)) == guard


def take_prefix(content: Readable, up_to: int) -> bytes:
    """Fingerprint of the first bytes, but of none from `up_to` on: those may still change."""
    return fingerprint(content.pread(min(up_to, PREFIX_BYTES), 0))


def take_guard(data: bytes) -> bytes:
    """Fingerprint of the last bytes of what was read."""
    return fingerprint(data[-GUARD_BYTES:])
