"""How is one day read while another process may write to it, or drop it?

A `Snapshot` is what one request sees of a day: it stays readable to the end of the request, whatever
becomes of the day's files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tantivy import DocAddress, Index, Order, Query, Searcher

from logboom.errors import StoreDamaged
from logboom.store.local.combine import between
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DATA_NAME
from logboom.store.local.folders import DayFolder
from logboom.store.local.schema import NUMBER, STRAY, TIME
from logboom.store.local.soundness import is_lost, is_unfinished, panics_told
from logboom.store.local.times import DAY_US, day_start_us

_META_NAME = "meta.json"

IndexState = tuple[int, int, int]
"""Tells one commit of an index from another."""


class Snapshot:
    """One day as it was at one moment."""

    def __init__(
        self,
        folder: DayFolder,
        searcher: Searcher,
        documents: DocumentReader,
        earlier: Snapshot | None,
    ) -> None:
        """Names the parts.

        Args:
            searcher: tantivy's view of the committed documents.
            earlier: The snapshot before this one, if there was one.
        """
        self.folder = folder
        self.searcher = searcher
        self.start_us = day_start_us(folder.day)
        self.end_us = self.start_us + DAY_US
        self.strays = searcher.doc_freq(STRAY, "t")
        self.documents = documents
        self._known_extent = None if earlier is None else earlier.known_extent()
        self._extent: tuple[int, int] | None = None

    def extent(self) -> tuple[int, int] | None:
        """The first and the last event time within the day; None when there is no such event."""
        if self._extent is None:
            self._extent = self._find_extent()
        return self._extent

    def known_extent(self) -> tuple[int, int] | None:
        """What is known of the extent without a look: that of an earlier moment, perhaps."""
        return self._extent or self._known_extent

    def lines(self, addresses: Sequence[DocAddress]) -> list[bytes | StoreDamaged]:
        """The documents that hits point to, in their order, or why there is none."""
        numbers = self.searcher.fast_field_values(NUMBER, list(addresses))
        return self.documents.read([-1 if number is None else int(number) for number in numbers])

    def _find_extent(self) -> tuple[int, int] | None:
        """Looks only at what lies beyond the extent that was known before: most segments do not."""
        known = self._known_extent
        after = self.start_us if known is None else known[1] + 1
        last = self._outermost(after, self.end_us, Order.Desc)
        if known is None:
            first = self._outermost(self.start_us, self.end_us, Order.Asc)
            return None if first is None or last is None else (first, last)
        first = self._outermost(self.start_us, known[0], Order.Asc)
        return (known[0] if first is None else first, known[1] if last is None else last)

    def _outermost(self, start_us: int, end_us: int, order: Order) -> int | None:
        query = between(start_us, end_us) or Query.all_query()
        hits = self.searcher.search(query, 1, count=False, order_by_field=TIME, order=order).hits
        return int(hits[0][0]) if hits else None


class DayReader:
    """Opens a day and follows its commits. For many threads."""

    def __init__(self, folder: DayFolder) -> None:
        """Opens the day.

        Raises:
            FileNotFoundError: It has been dropped.
            StoreDamaged: It cannot be read.
        """
        self.folder = folder
        self._meta = folder.index / _META_NAME
        self._reloading = threading.Lock()
        self._seen = index_state(folder)
        self._documents = DocumentReader(folder.path)
        with self._troubles_told():
            self._index = Index.open(str(folder.index))
            self._index.config_reader("manual")
            self._snapshot = self._take(None)

    def snapshot(self) -> Snapshot:
        """The day as it is committed now.

        Raises:
            FileNotFoundError: It has been dropped.
            StoreDamaged: It cannot be read any more.
        """
        state = index_state(self.folder)
        if state != self._seen:
            with self._reloading:
                if state != self._seen:
                    self._reload()
                    self._seen = state
        return self._snapshot

    def has_no_strays(self, state: IndexState) -> bool:
        """True when this commit was read, and has no event of another day's time."""
        return self._seen == state and not self._snapshot.strays

    def _reload(self) -> None:
        with self._troubles_told():
            self._index.reload()
            taken = self._take(self._snapshot)
        self._snapshot = taken

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        """Makes what callers expect of tantivy's failures, and of an index that is made anew."""
        refuse_unfinished(self.folder)
        try:
            with panics_told():
                yield
        except ValueError as error:
            if not self._meta.exists():
                raise FileNotFoundError(str(self._meta)) from error
            raise StoreDamaged(str(error), where=str(self.folder.path)) from error
        refuse_unfinished(self.folder)  # emptied meanwhile
        if not self._documents.is_current():  # … or replaced: it is opened again
            raise FileNotFoundError(str(self._meta))

    def _take(self, earlier: Snapshot | None) -> Snapshot:
        return Snapshot(self.folder, self._index.searcher(), self._documents, earlier)


def refuse_unfinished(folder: DayFolder) -> None:
    """Sees to it that an index which is being made anew is not taken for all of its day.

    Raises:
        StoreDamaged: It is being made anew.
    """
    if is_unfinished(folder.index):
        raise StoreDamaged(
            "its index is being made anew from its events",
            where=str(folder.index),
            mend="wait; where no processor runs, start one",
        )


def is_gone(folder: DayFolder) -> bool:
    """True when a day was dropped, or has only just begun; else a part of it is there."""
    if not is_lost(folder.index):
        return False
    try:
        return not (folder.path / DATA_NAME).stat().st_size
    except FileNotFoundError:
        return True


def index_state(folder: DayFolder) -> IndexState:
    """The commit that a day's index is at.

    Raises:
        FileNotFoundError: It has been dropped, or has no index yet.
    """
    status = (folder.index / _META_NAME).stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
