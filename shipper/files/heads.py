"""Which files of a folder begin in some way, whatever their names are? Each is looked into once."""

from __future__ import annotations

import contextlib
import os

from shipper.files.followed import FollowedFile
from shipper.files.identity import PREFIX_BYTES, TELLING_BYTES, fingerprint, fingerprint_length

_MOST_FILES = 1000
_MOST_UNTOLD = 64


class Heads:
    """The first bytes of the files of folders, of the newest 1,000 of each; compressed ones are looked into."""

    def __init__(self) -> None:
        self._heads: dict[str, dict[str, bytes]] = {}
        self._paths: dict[tuple[str, int], dict[bytes, list[str]]] = {}

    def forget(self) -> None:
        """Whatever is asked about next is looked at anew."""
        self._heads.clear()
        self._paths.clear()

    def beginning_with(self, folder: str, prefix: bytes) -> list[str]:
        """Paths of files that begin as a fingerprint tells, newest first.

        When it tells too little, the newest few of all; none when the folder cannot be listed.
        """
        length = fingerprint_length(prefix)
        if folder not in self._heads:
            self._heads[folder] = {path: _head(path) for path in _files_in(folder)}
        if length < TELLING_BYTES:
            return list(self._heads[folder])[:_MOST_UNTOLD]
        if (folder, length) not in self._paths:
            paths = self._paths[folder, length] = dict[bytes, list[str]]()
            for path, head in self._heads[folder].items():
                if len(head) >= length:
                    paths.setdefault(fingerprint(head[:length]), []).append(path)
        return self._paths[folder, length].get(prefix, [])


def _files_in(folder: str) -> list[str]:
    found: list[tuple[int, str]] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    found.append((entry.stat().st_mtime_ns, entry.path))
    return [path for _, path in sorted(found, reverse=True)[:_MOST_FILES]]


def _head(path: str) -> bytes:
    """The first bytes of a file, or of what it was compressed from; none when it cannot be read."""
    try:
        file = FollowedFile(path, 0)
    except OSError:
        return b""
    with contextlib.closing(file):
        try:
            return file.content.pread(PREFIX_BYTES, 0)
        except OSError:
            return b""
