"""A disk that may fail, for tests."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest


class Disk:
    """What of the files of events has reached the disk.

    As Linux does, it tells a failure once, and takes what it could not write for written from then on.

    Attributes:
        fails: Whether it does at present.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails = False
        self._images: dict[int, bytearray] = {}
        self._dirty: dict[int, list[tuple[int, int]]] = {}
        self._pwrite = os.pwrite
        self._ftruncate = os.ftruncate
        monkeypatch.setattr(os, "pwrite", self._write)
        monkeypatch.setattr(os, "ftruncate", self._cut)
        monkeypatch.setattr(os, "fdatasync", self._sync)

    def holds(self, path: Path) -> bool:
        """Whether it has all of a file as it is read now."""
        return self._image(path.stat().st_ino) == path.read_bytes()

    def _write(self, descriptor: int, data: bytes, offset: int) -> int:
        size = self._pwrite(descriptor, data, offset)
        dirty = self._dirty.setdefault(os.fstat(descriptor).st_ino, [])
        dirty.append((offset, offset + size))
        return size

    def _cut(self, descriptor: int, size: int) -> None:
        self._ftruncate(descriptor, size)
        del self._image(os.fstat(descriptor).st_ino)[size:]

    def _sync(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        written = self._dirty.pop(inode, [])
        if self.fails:
            raise OSError(errno.EIO, "the disk fails")
        image = self._image(inode)
        for begin, end in written:
            image.extend(bytes(max(0, end - len(image))))
            image[begin:end] = os.pread(descriptor, end - begin, begin)

    def _image(self, inode: int) -> bytearray:
        return self._images.setdefault(inode, bytearray())
