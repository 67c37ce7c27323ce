"""Which files are open? Thousands are followed, a bounded number has a descriptor."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict

from shipper.files.identity import file_id


class FileMoved(OSError):
    """The path of a closed file leads to another file now, or to none."""


class NoRegularFile(OSError):
    """There is a folder, a pipe or a device at the path."""


class Handle:
    """A file by its path, whose descriptor is opened when it is needed and may be closed between.

    Args:
        path: Where the file is now.
        handles: Bounds how many are open at once.

    Raises:
        NoRegularFile: It is a folder, a pipe or a device.
        OSError: When the file cannot be opened.
    """

    def __init__(self, path: str, handles: Handles) -> None:
        self.path = path
        self._handles = handles
        self._descriptor: int | None = _open(path)
        self.id = file_id(os.fstat(self._descriptor))
        handles.used(self)

    @property
    def is_open(self) -> bool:
        """True while it has a descriptor."""
        return self._descriptor is not None

    @property
    def descriptor_if_open(self) -> int | None:
        """The descriptor, as long as there is one."""
        return self._descriptor

    @property
    def descriptor(self) -> int:
        """The descriptor; opened again when it was closed.

        Raises:
            FileMoved: The path leads elsewhere now.
            OSError: It cannot be opened.
        """
        if self._descriptor is None:
            self._descriptor = self._open_again()
        self._handles.used(self)
        return self._descriptor

    def _open_again(self) -> int:
        try:
            descriptor = _open(self.path)
        except (FileNotFoundError, NotADirectoryError, NoRegularFile) as error:
            raise FileMoved(error.errno, "it was moved or deleted") from error
        if file_id(os.fstat(descriptor)) != self.id:
            os.close(descriptor)
            raise FileMoved("another file took its place")
        return descriptor

    def leads_here(self) -> bool:
        """True when the path still leads to this file."""
        try:
            return file_id(os.stat(self.path)) == self.id  # noqa: PTH116 - thousands of them
        except OSError:
            return False

    def let_go(self) -> None:
        """Closes the descriptor; the next use opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._handles.forget(self)


class Handles:
    """The open ones, the least recently used first.

    Args:
        limit: How many may be open at once. Files that were deleted or renamed away are not closed
            before twice as many are open: they could not be found again, or only by a search.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: OrderedDict[Handle, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def used(self, handle: Handle) -> None:
        """A file is used just now; another one may be closed for it."""
        self._open[handle] = None
        self._open.move_to_end(handle)
        if len(self._open) > self._limit:
            self._close_one(handle)

    def forget(self, handle: Handle) -> None:
        """A file is closed."""
        self._open.pop(handle, None)

    def _close_one(self, but: Handle) -> None:
        others = (handle for handle in self._open if handle is not but)
        chosen = next((handle for handle in others if handle.leads_here()), None)
        if chosen is None and len(self._open) > 2 * self._limit:
            chosen = next(iter(self._open))
        if chosen is not None:
            chosen.let_go()


def _open(path: str) -> int:
    """A descriptor of a regular file.

    A pipe is not even opened, as far as that can be told before: its writer would take us for its
    reader, and lose it at once.
    """
    _must_be_regular(os.stat(path))  # noqa: PTH116 - thousands of them
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        _must_be_regular(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _must_be_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NoRegularFile(errno.EINVAL, "it is no regular file")
