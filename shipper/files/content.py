"""What are the bytes of a file? Its own, or those that it was compressed from."""

from __future__ import annotations

import errno
import os
from typing import Protocol

from shipper.files.handles import Handle
from shipper.files.packing import GZIP, ZSTD, Damaged, GzipStream, PackedStream, ZstdStream

_WINDOW_BYTES = 256 * 1024
_STEP_BYTES = 256 * 1024
_FIRST_SPACING_BYTES = 8 * 2**20
_MOST_MARKS = 24
_MAGIC_BYTES = 4


class Content(Protocol):
    """The bytes that a source's offsets count."""

    def pread(self, length: int, offset: int) -> bytes:
        """At most so many bytes from a place on; fewer only at the end.

        Raises:
            OSError: When they cannot be read.
        """
        ...

    def size(self) -> int:
        """How many there are.

        Raises:
            OSError: When that cannot be told.
        """
        ...

    def next_data(self, offset: int) -> int:
        """Where data is found from a place on: behind a hole, if the file system tells of holes."""
        ...

    def forget(self) -> None:
        """Lets go of what can be had again."""
        ...


def open_content(handle: Handle) -> Content:
    """The bytes of a file, decompressed if it is compressed with gzip or zstd.

    Raises:
        OSError: When it cannot be read.
    """
    if is_packed(os.pread(handle.descriptor, _MAGIC_BYTES, 0)):
        return PackedContent(handle)
    return PlainContent(handle)


def is_packed(head: bytes) -> bool:
    """Are these the first bytes of a compressed file that can be read?"""
    return head.startswith((GZIP, ZSTD))


class PlainContent:
    """A file as it is."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def pread(self, length: int, offset: int) -> bytes:
        """See `Content.pread`."""
        return os.pread(self._handle.descriptor, length, offset)

    def size(self) -> int:
        """See `Content.size`."""
        return os.fstat(self._handle.descriptor).st_size

    def next_data(self, offset: int) -> int:
        """See `Content.next_data`."""
        descriptor = self._handle.descriptor
        try:
            return os.lseek(descriptor, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here to the end
                return os.fstat(descriptor).st_size
            return offset

    def forget(self) -> None:
        """See `Content.forget`."""


class PackedContent:
    """A compressed file; places are those of the bytes that it was compressed from.

    Reading on is cheap. Going back starts at a remembered place before (gzip), or at the beginning
    (zstd, which is fast).
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._stream: PackedStream | None = None
        self._window = b""
        self._end = 0
        self._raw_size = 0
        self._size: int | None = None
        self._marks: list[tuple[int, PackedStream]] = []
        self._spacing = _FIRST_SPACING_BYTES

    def pread(self, length: int, offset: int) -> bytes:
        """See `Content.pread`."""
        if os.fstat(self._handle.descriptor).st_size < self._raw_size:
            self._forget_all()  # it was overwritten
        begin = self._end - len(self._window)
        if self._stream is None or offset < begin:
            self._go_back(offset)
            begin = self._end
        pieces = [self._window[offset - begin :]] if offset < self._end else []
        while self._end < offset + length:
            before = self._end
            piece = self._decompress()
            if not piece:
                break
            pieces.append(piece[max(0, offset - before) :])
        return b"".join(pieces)[:length]

    def _go_back(self, offset: int) -> None:
        usable = [mark for mark in self._marks if mark[0] <= offset]
        if usable:
            self._end, stream = usable[-1]
            self._stream = stream.copy()
        else:
            self._end, self._stream = 0, self._begin()
        self._window = b""

    def _begin(self) -> PackedStream:
        head = os.pread(self._handle.descriptor, _MAGIC_BYTES, 0)
        if head.startswith(ZSTD):
            return ZstdStream(self._read_raw)
        return GzipStream(self._read_raw)

    def _read_raw(self, length: int, offset: int) -> bytes:
        data = os.pread(self._handle.descriptor, length, offset)
        self._raw_size = max(self._raw_size, offset + len(data))
        return data

    def _decompress(self) -> bytes:
        stream = self._stream
        if stream is None:
            return b""
        try:
            piece = stream.read(_STEP_BYTES)
        except Damaged as error:
            raise OSError(errno.EIO, f"{error} after {self._end} bytes of text") from error
        self._end += len(piece)
        self._window = (self._window + piece)[-_WINDOW_BYTES:]
        self._mark(stream)
        return piece

    def _mark(self, stream: PackedStream) -> None:
        """Remembers a place to go back to, at most a few."""
        last = self._marks[-1][0] if self._marks else 0
        if self._end < last + self._spacing or not stream.can_copy:
            return
        self._marks.append((self._end, stream.copy()))
        if len(self._marks) > _MOST_MARKS:
            self._marks = self._marks[1::2]
            self._spacing *= 2

    def size(self) -> int:
        """See `Content.size`; everything is decompressed for it once."""
        raw_size = os.fstat(self._handle.descriptor).st_size
        if self._size is None or raw_size != self._raw_size:
            while self.pread(_STEP_BYTES, self._end):
                pass
            self._size, self._raw_size = self._end, raw_size
        return self._size

    def next_data(self, offset: int) -> int:
        """See `Content.next_data`."""
        return offset

    @property
    def raw_size(self) -> int:
        """Bytes of the compressed file that were looked at so far."""
        return self._raw_size

    def is_whole(self) -> bool:
        """True when nothing is missing at its end.

        Raises:
            OSError: When it is damaged.
        """
        self.size()
        while self.pread(_STEP_BYTES, self._end):
            pass
        return self._stream is not None and self._stream.is_whole

    def forget(self) -> None:
        """See `Content.forget`."""
        self._stream, self._window, self._marks = None, b"", []
        self._spacing = _FIRST_SPACING_BYTES

    def _forget_all(self) -> None:
        self.forget()
        self._end, self._raw_size, self._size = 0, 0, None
