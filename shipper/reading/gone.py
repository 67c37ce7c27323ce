"""Which bytes were seen, and were gone before they could be read, while nobody looked?"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from logboom.clock import Clock
from logboom.event import source_run
from shipper.files.catalogue import Catalogue
from shipper.files.listings import Listings
from shipper.framing.spooled import SUFFIX
from shipper.registry.losses import unread
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")


class Gone:
    """Finds out after a start what was lost since the shipper ended.

    What came into a file after it was seen last, and files that came and went, are not known to
    anybody: of what was followed to the end it is told that this is not known.

    Args:
        catalogue: The sources that nobody reads at the moment.
        registry: Keeps losses.
        clock: For when it was found out.
    """

    def __init__(self, catalogue: Catalogue, registry: Registry, clock: Clock) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._clock = clock
        self._is_told = False

    def tell_once(self) -> None:
        """All files were looked at: whatever was not found is gone.

        A folder that is not there proves nothing: it may be on a disk that is not mounted.

        Raises:
            RegistryUnavailable: The registry cannot be written now; the next call tells.
        """
        if self._is_told:
            return
        listings, now_ns = Listings(), self._clock.now_ns()
        ended: list[SourceRecord] = []
        for record in self._catalogue:
            if not self._may_be_news(record) or self._catalogue.is_there(record, listings):
                continue
            if self._is_behind(record):
                self._lose(record, "its file was deleted while no shipper ran")
                ended.append(replace(record, let_go=True))
            else:
                ended.append(replace(record, let_go=True, vanished_ns=now_ns))
        self._end(ended, now_ns)
        self._is_told = True

    def _may_be_news(self, record: SourceRecord) -> bool:
        """False when it was let go before, or when the file may be there."""
        if self._is_behind(record):
            return Path(record.path).parent.is_dir()
        return not record.let_go and not _is_over(record)

    def _end(self, ended: Sequence[SourceRecord], now_ns: int) -> None:
        """What became of them is told once."""
        if ended:
            self._registry.set_paths(
                {record.id: record.path for record in ended}, changed_ns=now_ns,
                let_go={record.id: record.vanished_ns for record in ended},
            )  # fmt: skip
        for record in ended:
            self._catalogue.remove(record)
            self._catalogue.put_back(record)

    def begun_anew(self, record: SourceRecord) -> None:
        """A file was truncated or overwritten while no shipper ran.

        Raises:
            RegistryUnavailable: The registry cannot be written now.
        """
        if self._is_behind(record):
            self._lose(record, "its file was truncated or overwritten while no shipper ran")

    def _is_behind(self, record: SourceRecord) -> bool:
        return record.seen > self._catalogue.read_to(record)

    def _lose(self, record: SourceRecord, why: str) -> None:
        span = (self._catalogue.read_to(record), record.seen)
        run, now_ns = source_run(record.id, record.epoch), self._clock.now_ns()
        loss = unread(record.id, run, record.epoch, record.path, span, why, now_ns)
        log.error("%s: %s", record.path, loss.reason)
        self._registry.lose_unread(loss)


def _is_over(record: SourceRecord) -> bool:
    """True when nothing can have followed, or when the file is there and only cannot be read now."""
    if record.packed_size or record.path.endswith(SUFFIX):
        return True
    try:
        return os.stat(record.path).st_ino == record.inode  # noqa: PTH116 - thousands of them
    except OSError:
        return False
