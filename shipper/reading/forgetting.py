"""When is a file that is gone forgotten? When its events are gone as well."""

from __future__ import annotations

import logging
from datetime import timedelta

from logboom.clock import Clock
from shipper.files.catalogue import Catalogue
from shipper.registry.registry import Registry

log = logging.getLogger("logboom.shipper")

_EVERY_S = 3600.0


class Forgetting:
    """Takes what is long gone out of the registry, now and then.

    Args:
        catalogue: The sources that nobody reads at the moment.
        registry: Of all sources.
        clock: For the age of changes.
        keep: Files that are gone are known for so long.
    """

    def __init__(
        self, catalogue: Catalogue, registry: Registry, clock: Clock, keep: timedelta
    ) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._clock = clock
        self._keep_ns = int(keep.total_seconds() * 1e9)
        self._next = 0.0

    def turn(self) -> None:
        """Forgets if it is time."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        gone = self._catalogue.find_gone(before_ns=self._clock.now_ns() - self._keep_ns)
        if gone:
            self._registry.forget([record.id for record in gone])
        for record in gone:
            log.info("%s is forgotten: it is gone, and so are its events", record.path)
            self._catalogue.remove(record)
