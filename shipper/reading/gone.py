"""Which bytes were seen, and were gone before they could be read, while nobody looked?"""

from __future__ import annotations

import logging
from pathlib import Path

from logboom.clock import Clock
from logboom.event import source_run
from shipper.files.catalogue import Catalogue
from shipper.files.listings import Listings
from shipper.registry.losses import unread
from shipper.registry.registry import Registry, SourceRecord

log = logging.getLogger("logboom.shipper")


class Gone:
    """Finds out after a start what was lost since the shipper ended.

    What came into a file after it was seen last, and files that came and went, are not known to
    anybody: only what was seen can be told.

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
        listings = Listings()
        for record in self._catalogue:
            is_unread = self._is_behind(record) and Path(record.path).parent.is_dir()
            if is_unread and not self._catalogue.is_there(record, listings):
                self._lose(record, "its file was deleted while no shipper ran")
        self._is_told = True

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
