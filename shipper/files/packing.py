"""How is a compressed file read piece by piece, also while it is being written?"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import IO, Protocol, cast

import zstandard

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_RAW_BYTES = 64 * 1024
_GZIP_ONLY = 31
_ZSTD_HEAD_BYTES = 18

ReadRaw = Callable[[int, int], bytes]
"""Length, offset → bytes of the compressed file."""


class Damaged(Exception):
    """Compressed bytes that are not what they should be; says why."""


class PackedStream(Protocol):
    """Decompresses from one place on."""

    can_copy: bool

    def read(self, max_bytes: int) -> bytes:
        """What comes next; nothing at the end of what there is now.

        Raises:
            Damaged: The file is not what it says to be.
            OSError: When the file cannot be read.
        """
        ...

    @property
    def is_whole(self) -> bool:
        """True when what was read last ended a member with the right check sum."""
        ...

    def copy(self) -> PackedStream:
        """Another one at the same place."""
        ...


class GzipStream:
    """Any number of gzip members one after the other (RFC 1952).

    Args:
        read_raw: Gives the compressed bytes.
    """

    can_copy = True

    def __init__(self, read_raw: ReadRaw) -> None:
        self._read_raw = read_raw
        self._at = 0
        self._input = b""
        self._member = zlib.decompressobj(_GZIP_ONLY)
        self._is_fresh = True

    def read(self, max_bytes: int) -> bytes:
        """See `PackedStream.read`."""
        while True:
            if not self._input:
                self._input = self._read_raw(_RAW_BYTES, self._at)
                self._at += len(self._input)
            if self._is_fresh:
                self._input = self._input.lstrip(b"\0")  # padding of tapes and blocks
            if not self._input:
                return b""
            try:
                piece = self._member.decompress(self._input, max_bytes)
            except zlib.error as error:
                raise Damaged(f"gzip: {error}") from error
            self._is_fresh = False
            self._input = self._member.unconsumed_tail
            if self._member.eof:
                self._input = self._member.unused_data
                self._member, self._is_fresh = zlib.decompressobj(_GZIP_ONLY), True
            if piece:
                return piece

    @property
    def is_whole(self) -> bool:
        """See `PackedStream.is_whole`."""
        return self._is_fresh and not self._input and self._at > 0

    def copy(self) -> GzipStream:
        """See `PackedStream.copy`."""
        other = GzipStream(self._read_raw)
        other._at, other._input, other._is_fresh = self._at, self._input, self._is_fresh
        other._member = self._member.copy()
        return other


class ZstdStream:
    """Any number of zstd frames one after the other (RFC 8878).

    Args:
        read_raw: Gives the compressed bytes.
    """

    can_copy = False

    def __init__(self, read_raw: ReadRaw) -> None:
        self._read_raw = read_raw
        self._begin()

    def _begin(self) -> None:
        self._source = _Source(self._read_raw)
        self._reader = zstandard.ZstdDecompressor().stream_reader(
            cast("IO[bytes]", self._source), read_size=_RAW_BYTES, read_across_frames=True
        )
        self._given = 0

    def read(self, max_bytes: int) -> bytes:
        """See `PackedStream.read`."""
        try:
            piece = self._reader.read(max_bytes)
            if not piece and self._source.has_grown():
                self._begin_again()
                piece = self._reader.read(max_bytes)
        except zstandard.ZstdError as error:
            raise Damaged(f"zstd: {error}") from error
        self._given += len(piece)
        return piece

    def _begin_again(self) -> None:
        """A reader that has seen an end stays there: a new one goes to the same place."""
        given = self._given
        self._begin()
        while self._given < given:
            piece = self._reader.read(min(_RAW_BYTES, given - self._given))
            if not piece:
                return
            self._given += len(piece)

    @property
    def is_whole(self) -> bool:
        """See `PackedStream.is_whole`."""
        return _whole_frames(self._read_raw, self._source.size)

    def copy(self) -> ZstdStream:
        """See `PackedStream.copy`; begins at the beginning."""
        return ZstdStream(self._read_raw)


class _Source:
    """What zstandard reads from."""

    def __init__(self, read_raw: ReadRaw) -> None:
        self._read_raw = read_raw
        self.size = 0

    def read(self, length: int) -> bytes:
        piece = self._read_raw(length, self.size)
        self.size += len(piece)
        return piece

    def has_grown(self) -> bool:
        return bool(self._read_raw(1, self.size))


def _whole_frames(read_raw: ReadRaw, end: int) -> bool:
    """Walks over the blocks of all frames: does the last one end where the file does?"""
    at = 0
    while at < end:
        behind = _behind_frame(read_raw, at)
        if behind is None or behind > end:
            return False
        at = behind
    return at == end and end > 0


def _behind_frame(read_raw: ReadRaw, at: int) -> int | None:
    """Where the frame that begins there ends (RFC 8878, section 3.1); None when it is cut off."""
    head = read_raw(_ZSTD_HEAD_BYTES, at)
    if len(head) >= 8 and head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        return at + 8 + int.from_bytes(head[4:8], "little")  # a frame that is to be skipped
    if len(head) < 6 or not head.startswith(ZSTD):
        return None
    at += zstandard.frame_header_size(head)
    while True:
        block = read_raw(3, at)
        if len(block) < 3:
            return None
        flags = int.from_bytes(block, "little")
        is_one_byte_repeated = flags >> 1 & 3 == 1
        at += 3 + (1 if is_one_byte_repeated else flags >> 3)
        if flags & 1:
            return at + (4 if head[4] & 4 else 0)  # the check sum
