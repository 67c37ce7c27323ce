"""Has a folder changed just now? Linux tells of it at once; polling finds the rest.

Hints are never needed for being right: they only make new files found sooner. Where there are none
(other systems, no more watches to be had), nothing changes but that.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import sys
from collections.abc import Callable, Collection

log = logging.getLogger("logboom.shipper")

_CREATE, _MOVED_TO, _ONLY_FOLDERS = 0x100, 0x80, 0x01000000
_BUFFER_BYTES = 64 * 1024


class FolderHints:
    """Watches folders for new names, with inotify(7)."""

    def __init__(self) -> None:
        self._call = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._descriptor = -1
        self._watches: dict[str, int] = {}
        self._heard = False
        if self._call is not None:
            self._descriptor = self._call.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self, wake: Callable[[], None]) -> None:
        """Begins; for each burst of hints, something is called once.

        Args:
            wake: Called in the running event loop.
        """
        if self._descriptor >= 0:
            loop = asyncio.get_running_loop()
            loop.add_reader(self._descriptor, self._drain, wake)

    def _drain(self, wake: Callable[[], None]) -> None:
        try:
            while len(os.read(self._descriptor, _BUFFER_BYTES)) >= _BUFFER_BYTES // 2:
                pass
        except BlockingIOError:
            pass
        if not self._heard:
            self._heard = True
            wake()

    def watch(self, folders: Collection[str]) -> None:
        """Watches these folders and no others."""
        if self._call is None or self._descriptor < 0:
            return
        for folder in self._watches.keys() - folders:
            self._call.inotify_rm_watch(self._descriptor, self._watches.pop(folder))
        for folder in folders:
            watch = self._call.inotify_add_watch(
                self._descriptor, os.fsencode(folder), _CREATE | _MOVED_TO | _ONLY_FOLDERS
            )
            if watch >= 0:
                self._watches[folder] = watch
            elif folder not in self._watches:
                log.debug("%s is only polled: %s", folder, os.strerror(ctypes.get_errno()))

    def heard(self) -> bool:
        """True when there was a hint since the last time this was asked."""
        heard, self._heard = self._heard, False
        return heard

    def close(self) -> None:
        """Ends."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
