"""One file that is followed: reading on, and noticing when it is not the file that it was."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from enum import Enum, auto

from shipper.files.content import Content, PackedContent, is_packed, open_content
from shipper.files.handles import FileMoved, Handle, Handles
from shipper.files.holes import RUN_BYTES, text_end
from shipper.files.identity import (
    GUARD_BYTES,
    PREFIX_BYTES,
    FileId,
    FileState,
    begins_with,
    file_id,
    file_state,
    fingerprint,
    fingerprint_length,
    is_at,
    is_beginning,
    take_guard,
    take_prefix,
)
from shipper.files.kinds import why_binary
from shipper.files.seen import Seen


class ReadState(Enum):
    """What a look at the file gave."""

    DATA = auto()
    END = auto()
    REPLACED = auto()  # truncated or overwritten: the bytes before our place are not ours
    BINARY = auto()
    SKIPPING = auto()  # within a run of NUL bytes
    SKIPPED = auto()  # behind one


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look at a file gave.

    Attributes:
        detail: What a binary file is.
        skipped: NUL bytes that are behind us now.
    """

    state: ReadState
    data: bytes = b""
    detail: str = ""
    skipped: int = 0


class FollowedFile:
    """A file and the place in it.

    Args:
        path: Where the file was found.
        offset: Where to go on, in bytes of its content: of what it was compressed from, if it is.
        handles: Bounds how many files are open at once.
        unit: Bytes of the text's code units.

    Raises:
        OSError: When the file cannot be opened.
    """

    def __init__(
        self, path: str, offset: int, handles: Handles | None = None, *, unit: int = 1
    ) -> None:
        self._handle = Handle(path, handles if handles is not None else Handles(1))
        self._prefix = fingerprint(b"")
        self._known: tuple[int, int] | None = None
        self._resting_state: tuple[int, int] | None = None
        self._is_anew = False
        self._seen_size = 0
        self._sure_size = 0
        self.is_usurped = False
        self.seen = Seen()
        self.unit = unit
        try:
            self._content = open_content(self._handle)
            self.go_to(offset)
        except OSError:
            self._handle.let_go()
            raise

    @property
    def path(self) -> str:
        """Where it is now, as far as is known."""
        return self._handle.path

    @path.setter
    def path(self, path: str) -> None:
        self._handle.path = path

    @property
    def content(self) -> Content:
        """Its bytes, for comparing."""
        return self._content

    @property
    def is_packed(self) -> bool:
        """True when it is compressed."""
        return isinstance(self._content, PackedContent)

    @property
    def is_open(self) -> bool:
        """True while it has a descriptor."""
        return self._handle.is_open

    def go_on_at(self, offset: int, prefix: bytes) -> None:
        """Goes on at a place, in a file whose first bytes have a fingerprint that is known."""
        self.go_to(offset)
        if offset:
            self._prefix = prefix

    def go_to(self, offset: int) -> None:
        """Goes on at another place of the same content."""
        begin = max(0, offset - GUARD_BYTES)
        self._guard = take_guard(self._content.pread(offset - begin, begin) if offset else b"")
        self.offset, self._nulls_to = offset, 0

    @property
    def id(self) -> FileId:
        """Device and inode of the file."""
        return self._handle.id

    @property
    def size(self) -> int:
        """Bytes in the file now; all of a compressed one is decompressed for it."""
        return self._content.size()

    def packed_size(self) -> int:
        """Bytes of a compressed file now; 0 for others."""
        return os.fstat(self._handle.descriptor).st_size if self.is_packed else 0

    def state(self) -> FileState:
        """What it is on its disk now."""
        return file_state(os.fstat(self._handle.descriptor))

    def modified_ns(self) -> int:
        """When it was changed last, ns since the epoch."""
        return os.fstat(self._handle.descriptor).st_mtime_ns

    def known_size(self) -> int | None:
        """Bytes in the file now, if that can be told without decompressing it."""
        if self.is_packed:
            return None
        status = os.fstat(self._handle.descriptor) if self.is_open else os.stat(self.path)  # noqa: PTH116 - thousands of them
        return status.st_size if file_id(status) == self.id else None

    def prefix(self) -> bytes:
        """Fingerprint of the first bytes among those that were read; of fewer when it is gone.

        Before anything was read: of those that were seen.
        """
        if not self.offset:
            return self._seen_prefix()
        if fingerprint_length(self._prefix) < min(self.offset, PREFIX_BYTES):
            with contextlib.suppress(FileMoved):
                prefix = take_prefix(self._content, self.offset)
                if is_at(self._content, self.offset, self.guard()):  # else it was truncated by now
                    self._prefix = prefix
        return self._prefix

    def _seen_prefix(self) -> bytes:
        if not self._seen_size:
            return fingerprint(b"")
        try:
            head = self._content.pread(min(self._seen_size, PREFIX_BYTES), 0)
        except FileMoved:
            return fingerprint(b"")
        mark = fingerprint(head.partition(b"\0")[0])  # a hole may be filled
        self.seen = replace(self.seen, head=mark)
        return mark

    def see_end(self, end: int) -> bytes:
        """Remembers the bytes before the place where it is seen to end now.

        Returns:
            Their fingerprint; that of none where they may still change.
        """
        begin = max(0, end - GUARD_BYTES)
        try:
            tail = self._content.pread(end - begin, begin)
        except OSError:  # reading tells
            return b""
        is_certain = len(tail) == end - begin and 0 not in tail  # a hole may be filled
        tail_mark = take_guard(tail) if is_certain else b""
        self.seen = Seen(self.seen.head, end, tail_mark)
        return tail_mark

    def guard(self) -> bytes:
        """Fingerprint of the last bytes that were read."""
        return self._guard

    @property
    def known_prefix(self) -> bytes:
        """The last answer of `prefix`."""
        return self._prefix

    def is_deleted(self) -> bool:
        """True when no path leads to the file any more, as far as is known."""
        if self.is_open:
            return os.fstat(self._handle.descriptor).st_nlink == 0
        return not self._handle.leads_here()

    def leads_here(self) -> bool:
        """True when its path still leads to it."""
        return self._handle.leads_here()

    def read(self, max_bytes: int) -> Reading:
        """Reads on.

        The bytes just before our place are read again and compared, so that a file that was
        truncated and has grown past our place since is noticed.

        Raises:
            FileMoved: It is closed, and its path does not lead to it any more; `is_usurped` says
                whether its inode has been used again.
            OSError: When the file cannot be read.
        """
        if self._resting_state is not None:
            self._wake()
        if self._is_anew:
            self._content, self._is_anew = open_content(self._handle), False
        known = fingerprint_length(self._guard)
        data = self._content.pread(max_bytes + known, self.offset - known)
        if not is_beginning(data, self._guard):
            return Reading(ReadState.REPLACED)
        if known:
            self._sure_size = self._seen_size
        if len(data) == known:
            return Reading(ReadState.END)
        if self.offset == 0:
            if not self.is_packed and is_packed(data):
                self._content = open_content(self._handle)
                return self.read(max_bytes)
            kind = why_binary(data, unit=self.unit)
            if kind is not None:
                return Reading(ReadState.BINARY, detail=kind)
        if 0 in data:
            return self._with_nulls(data, known, max_bytes)
        return self._advance(data, known)

    @property
    def unread_to(self) -> int:
        """Where the file was seen to end, behind our place; our place when nothing is left there."""
        return (
            self._seen_size if self._seen_size > max(self.offset, self._nulls_to) else self.offset
        )

    @property
    def surely_to(self) -> int:
        """Where its content was seen to end, while what lay before our place was still there.

        A file that was truncated and has grown since may be longer. NULs up to its end are none.
        """
        sure_size = 0 if self._sure_size <= self._nulls_to else self._sure_size
        return max(self.offset, sure_size)

    def goes_beyond(self, place: int) -> bool:
        """True when it was read, or seen to end, behind a place."""
        return self._seen_size > place or self.offset > place

    def expect(self, size: int) -> None:
        """It is known that there are so many bytes of its content."""
        self._seen_size = max(self._seen_size, size)

    def go_on_unseen(self) -> None:
        """What was seen behind our place does not count any more."""
        self._seen_size = self._sure_size = self.offset

    def _wake(self) -> None:
        """Goes on after a rest, unless another file has its inode and its path by now."""
        if not begins_with(self._content, self._prefix) or not is_at(
            self._content, self.offset, self._guard
        ):
            self.is_usurped = True
            self.close()
            raise FileMoved("another file took its place, and its inode")
        self._resting_state = None
        self.go_to(self.offset)

    def _advance(self, data: bytes, known: int) -> Reading:
        fresh = data[known:]
        if self.offset == 0:
            self._prefix = fingerprint(fresh[:PREFIX_BYTES])
        self._guard = take_guard(data)
        self.offset += len(fresh)
        if not self.is_packed:
            self._seen_size = self._sure_size = max(self.offset, self.state().size)
        return Reading(ReadState.DATA, fresh)

    def _with_nulls(self, data: bytes, known: int, max_bytes: int) -> Reading:
        is_first, may_go_on = self.offset == 0, len(data) == max_bytes + known
        end = text_end(data, known, unit=self.unit, is_first=is_first, may_go_on=may_go_on)
        if end > known:
            return self._advance(data[:end], known)
        if not is_first and not may_go_on and len(data) - known < RUN_BYTES:
            return Reading(ReadState.END)  # with what follows they are text, or they are filled yet
        return self._pass_nulls(data[known:], max_bytes)

    def _pass_nulls(self, piece: bytes, max_bytes: int) -> Reading:
        """Goes behind a run of NULs once something follows it: until then it may be filled."""
        if self._nulls_to <= self.offset:
            self._nulls_to = self.offset
        else:
            piece = self._content.pread(max_bytes, self._nulls_to)
        rest = piece.lstrip(b"\0")
        self._nulls_to += len(piece) - len(rest)
        if not rest:
            if len(piece) < max_bytes:
                return Reading(ReadState.END)
            self._nulls_to = max(self._nulls_to, self._content.next_data(self._nulls_to))
            return Reading(ReadState.SKIPPING)
        skipped = self._nulls_to - self.offset
        skipped -= skipped % self.unit
        self.go_to(self.offset + skipped)
        return Reading(ReadState.SKIPPED, skipped=skipped)

    def may_have_news(self) -> bool:
        """False when the file is there as it was when it was read to its end: a cheap look."""
        descriptor = self._handle.descriptor_if_open
        try:
            status = os.stat(self.path if descriptor is None else descriptor)  # noqa: PTH116 - thousands of them
        except OSError:
            return True  # opening it tells
        if not status.st_nlink:
            return True
        if descriptor is None and (status.st_dev, status.st_ino) != self.id:
            return True
        size = status.st_size
        state = (size, status.st_mtime_ns)
        if self._resting_state is not None:
            return state != self._resting_state
        if size > self._seen_size and not self.is_packed:
            self._seen_size = size
        if state == self._known and size == self.offset:
            return False
        self._known = state
        return True

    @property
    def is_resting(self) -> bool:
        """True for a compressed file that is not looked into as long as its size stays."""
        return self._resting_state is not None

    def rests_in(self, other: FollowedFile) -> bool:
        """True when it rests, and the other one, of the same inode, is as it was left."""
        return self._resting_state == (other.packed_size(), other.modified_ns())

    def rest(self) -> int:
        """A compressed file was read to its end: it is left alone as long as it is not changed.

        Returns:
            The size of the compressed file.
        """
        size = self._content.raw_size if isinstance(self._content, PackedContent) else 0
        self._resting_state = (size, self.modified_ns())
        self._content.forget()
        self._handle.let_go()
        return size

    def rest_at(self, offset: int, packed_size: int, *, prefix: bytes, guard: bytes) -> None:
        """Like `rest`, for a compressed file that was read to its end before a restart.

        Args:
            offset: Where its text ends.
            packed_size: Bytes of the compressed file.
            prefix: Fingerprint of the first bytes of the text.
            guard: Fingerprint of the last ones.
        """
        self.offset = offset
        self._prefix, self._guard = prefix, guard
        self._resting_state = (packed_size, self.modified_ns())
        self._handle.let_go()

    def start_anew(self) -> None:
        """Goes back to the first byte: the file was truncated or overwritten."""
        self.offset = 0
        self._guard = take_guard(b"")
        self._nulls_to = 0
        self._prefix = fingerprint(b"")
        self._is_anew = True
        self._seen_size = self._sure_size = 0
        self.seen = Seen()

    def close(self) -> None:
        """Lets go of the descriptor."""
        self._content.forget()
        self._handle.let_go()
