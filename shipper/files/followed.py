"""One file that is followed: reading on, and noticing when it is not the file that it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum, auto

from shipper.files.identity import GUARD_BYTES, FileId, file_id, fingerprint, take_prefix

_KINDS: dict[bytes, str] = {
    b"\x1f\x8b": "it is compressed by gzip",
    b"\x28\xb5\x2f\xfd": "it is compressed by zstd",
    b"\xfd7zXZ": "it is compressed by xz",
    b"BZh": "it is compressed by bzip2",
    b"PK\x03\x04": "it is a zip archive",
    b"\x7fELF": "it is a program",
    b"\x89PNG": "it is a picture",
    b"SQLite format 3": "it is a database",
    b"\xff\xfe": "it is UTF-16, which is not read yet",
    b"\xfe\xff": "it is UTF-16, which is not read yet",
}
_TEXT_NULS = 0.1
"""A log may hold some NUL bytes; more than this part of its beginning, and it is none."""


class ReadState(Enum):
    """What a look at the file gave."""

    DATA = auto()
    END = auto()
    REPLACED = auto()  # truncated or overwritten: the bytes before our place are not ours
    BINARY = auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look at a file gave; `detail` says what a binary file is."""

    state: ReadState
    data: bytes = b""
    detail: str = ""


class FollowedFile:
    """An open descriptor and the place in it.

    Args:
        path: Where the file was found.
        offset: Where to go on.

    Raises:
        OSError: When the file cannot be opened.
    """

    def __init__(self, path: str, offset: int) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        self.go_to(offset)

    def go_to(self, offset: int) -> None:
        """Goes on at another place of the same content."""
        self.offset = offset
        begin = max(0, offset - GUARD_BYTES)
        self._guard = os.pread(self._descriptor, offset - begin, begin)

    @property
    def id(self) -> FileId:
        """Device and inode of the open file."""
        return file_id(os.fstat(self._descriptor))

    @property
    def size(self) -> int:
        """Bytes in the open file now."""
        return os.fstat(self._descriptor).st_size

    @property
    def descriptor(self) -> int:
        """For comparing fingerprints."""
        return self._descriptor

    def prefix(self) -> bytes:
        """Fingerprint of the first bytes among those that were read."""
        return take_prefix(self._descriptor, self.offset)

    def guard(self) -> bytes:
        """Fingerprint of the last bytes that were read."""
        return fingerprint(self._guard)

    @property
    def last_bytes(self) -> bytes:
        """The last bytes that were read, at most `GUARD_BYTES`."""
        return self._guard

    def is_deleted(self) -> bool:
        """True when no path leads to the file any more."""
        return os.fstat(self._descriptor).st_nlink == 0

    def read(self, max_bytes: int) -> Reading:
        """Reads on.

        The bytes just before our place are read again and compared, so that a file that was
        truncated and has grown past our place since is noticed.

        Raises:
            OSError: When the file cannot be read.
        """
        known = len(self._guard)
        data = os.pread(self._descriptor, max_bytes + known, self.offset - known)
        if data[:known] != self._guard:
            return Reading(ReadState.REPLACED)
        if len(data) == known:
            return Reading(ReadState.END)
        if self.offset == 0:
            kind = why_binary(data)
            if kind is not None:
                return Reading(ReadState.BINARY, detail=kind)
        fresh = data[known:]
        self._guard = data[-GUARD_BYTES:]
        self.offset += len(fresh)
        return Reading(ReadState.DATA, fresh)

    def start_anew(self) -> None:
        """Goes back to the first byte: the file was truncated or overwritten."""
        self.offset = 0
        self._guard = b""

    def close(self) -> None:
        """Lets go of the descriptor."""
        os.close(self._descriptor)


def why_binary(head: bytes) -> str | None:
    """What the first bytes of a file are when they are those of no log; None for a log.

    A leading run of NUL bytes is what a truncated log has when its writer kept its old place, so
    it does not count.
    """
    text = head[:4096].lstrip(b"\0")
    for magic, kind in _KINDS.items():
        if text.startswith(magic):
            return kind
    return "it is no text" if text.count(0) > len(text) * _TEXT_NULS else None
