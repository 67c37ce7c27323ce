"""Which spool does a source belong to, and what is done for all spools?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from logboom.config import FileInput
from shipper.inputs.spool import Spool
from shipper.reading.sources import Source
from shipper.registry.registry import SourceRecord

_INTERVAL_S = 1.0


class Spools:
    """All spools of a shipper."""

    def __init__(self, spools: Sequence[Spool]) -> None:
        self._spools = spools
        self._sources: dict[str, Source] = {}
        self._appended_to: set[str] = set()
        self._is_new = False
        for spool in spools:
            spool.on_append = self._appended
        self._wake: Callable[[Source | None], None] = _nobody

    @property
    def files(self) -> list[FileInput]:
        """What the shipper follows for them."""
        return [spool.files for spool in self._spools]

    @property
    def size_bytes(self) -> int:
        """Bytes that their files take."""
        return sum(spool.size_bytes for spool in self._spools)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of these that the broker has not acknowledged yet."""
        return sum(spool.waiting_bytes for spool in self._spools)

    def have_new_files(self) -> bool:
        """True when something was appended to a file that is not followed; told once for each."""
        is_new, self._is_new = self._is_new, False
        return is_new

    def hold(self, path: str) -> bool:
        """True for the path of a file of any of them."""
        return any(spool.holds(path) for spool in self._spools)

    def are_awaited(self) -> bool:
        """True while somebody waits for an acknowledgement: then a batch waits for nobody."""
        return any(spool.is_awaited for spool in self._spools)

    def open(self, records: Iterable[SourceRecord]) -> None:
        """Opens all of them.

        Args:
            records: What the registry knows.

        Raises:
            SpoolFull: When a folder cannot be written to.
        """
        checkpoints = {record.path: record.offset for record in records}
        for spool in self._spools:
            spool.open(checkpoints)

    def on_append(self, wake: Callable[[Source | None], None]) -> None:
        """Has somebody woken when something was appended: with the source, if it is known."""
        self._wake = wake

    def follow(self, sources: Iterable[Source]) -> None:
        """Takes notice of sources that are followed from now on."""
        for source in sources:
            if self.hold(source.path):
                self._sources[source.path] = source
                self.settled(source)

    def settled(self, source: Source) -> None:
        """Takes notice of how far a source is acknowledged."""
        if self._sources.get(source.path) is source:
            for spool in self._spools:
                spool.settled(source)

    def troubles(self) -> Iterator[str]:
        """What is wrong with them now, one line each."""
        for spool in self._spools:
            if spool.trouble is not None:
                yield spool.trouble

    async def keep(self) -> None:
        """Has them written to the disk, and deletes what is done with, again and again."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            for spool in self._spools:
                await spool.sync()
                spool.tidy()
            gone = [path for path in self._sources if not self.hold(path)]
            for path in gone:
                del self._sources[path]
                self._appended_to.discard(path)

    def end(self) -> None:
        """Nothing more will be appended."""
        for spool in self._spools:
            spool.end()

    def _appended(self, path: str) -> None:
        source = self._sources.get(path)
        if source is not None:
            self._wake(source)
        elif path not in self._appended_to:
            self._appended_to.add(path)
            self._is_new = True
            self._wake(None)


def _nobody(_source: Source | None) -> None:
    """Before the reader listens."""
