"""How does one day take in events?

They are appended to the documents first; once those are synced, the events are safe and can be
acknowledged. The index follows: it always holds a prefix of the documents (its number of documents
says which), so after a crash what is missing is indexed again from them. An index that cannot be
read is made anew in the same way.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from tantivy import Index, IndexWriter

from logboom.errors import DiskFull, StoreUnavailable
from logboom.store.local.documents import DocumentReader, DocumentWriter
from logboom.store.local.entry import EntryMaker, own_position
from logboom.store.local.folders import DayFolder, sync_folder
from logboom.store.local.schema import NUMBER, SCHEMA, teach_words
from logboom.store.local.seen import Identity, Watermarks, held
from logboom.store.local.serial import decode, encode
from logboom.store.local.unusual import Position
from logboom.store.port import Document, Outcome, Rejected

_CHUNK = 512
"""Events that are written and handed to the index together, so that both go on side by side."""

_MOST_PENDING = 65_536
"""Entries that may wait while the index commits; then the writer waits too."""


_MANY_SEGMENTS = 16

_NUMBER = re.compile(f'"{NUMBER}":([0-9]+)')

_T = TypeVar("_T")


class DayWriter:
    """Writes one day. `append` is for one thread, `commit` may be called by another."""

    def __init__(self, folder: DayFolder, *, memory_bytes: int) -> None:
        """Opens the day and brings its index up to its documents.

        Args:
            memory_bytes: What tantivy may use before it starts a new segment.

        Raises:
            StoreDamaged: The documents cannot be read.
            DiskFull: There is no room.
            StoreUnavailable: tantivy cannot open the index for another reason.
        """
        self.folder = folder
        self._memory_bytes = memory_bytes
        self._using_index = threading.Lock()
        self._using_pending = threading.Lock()
        self._maker = EntryMaker(folder.day)
        self._marks = Watermarks()
        self._pending: list[str] = []
        self._committed = self._fed = 0
        self._writer: IndexWriter | None = None
        self._closed = False
        self._documents = DocumentWriter(folder.path)
        sync_folder(folder.path)
        try:
            self._open_index()
        except BaseException:
            self._documents.close()
            raise

    @property
    def documents(self) -> int:
        """Documents that the day holds, committed or not."""
        return self._documents.count

    @property
    def uncommitted(self) -> int:
        """Documents that searches cannot see yet."""
        return self._documents.count - self._committed

    def append(self, documents: Sequence[Document]) -> list[Outcome | Rejected]:
        """Stores documents; they are durable when it returns.

        Returns:
            One answer per document, in their order.

        Raises:
            DiskFull: Any of them may or may not be stored.
            StoreUnavailable: The same, for another reason.
        """
        if self._writer is None:
            self._open_index()
        answers: list[Outcome | Rejected] = [Outcome.STORED] * len(documents)
        identities: list[Identity] = [
            own_position(document.id, document.event) or document.id for document in documents
        ]
        new = self._sift(identities, answers)
        for start in range(0, len(new), _CHUNK):
            chunk = new[start : start + _CHUNK]
            self._append_chunk(
                [(index, documents[index], identities[index]) for index in chunk], answers
            )
        if new:
            self._documents.sync()
        return answers

    def commit(self) -> None:
        """Makes everything appended so far visible to searches.

        Raises:
            DiskFull: There is no room for the index; the documents are safe.
            StoreUnavailable: The index could not be written for another reason.
        """
        with self._using_index:
            if self._closed:
                return
            if self._writer is None:
                self._open_index_locked()
                return
            self._documents.sync()
            fed = self._feed()
            if fed == self._committed:
                return
            self._guarded(self._writer.commit)
            self._committed = fed

    def close(self) -> None:
        """Lets go of the files; what is not committed is indexed when the day is next opened.

        Merges under way are given up, unless so many segments have gathered that they are due.
        """
        with self._using_index:
            self._closed = True
            writer, self._writer = self._writer, None
            if writer is not None and self._index.searcher().num_segments > _MANY_SEGMENTS:
                self._guarded(writer.wait_merging_threads)
            del writer
            self._documents.close()

    # -- taking in ------------------------------------------------------------------------------

    def _sift(self, identities: Sequence[Identity], answers: list[Outcome | Rejected]) -> list[int]:
        """The indices of those that the day does not hold yet; notes the others as duplicates."""
        new, doubtful = self._marks.sift(identities)
        if not doubtful:
            return new
        self.commit()
        self._index.reload()
        known = held(self._index.searcher(), {identities[index] for index in doubtful})
        known |= {identities[index] for index in new}
        for index in doubtful:
            if identities[index] in known:
                answers[index] = Outcome.DUPLICATE
            else:
                known.add(identities[index])
                new.append(index)
        return sorted(new)

    def _append_chunk(
        self,
        chunk: Sequence[tuple[int, Document, Identity]],
        answers: list[Outcome | Rejected],
    ) -> None:
        make, number = self._maker.make, self._documents.count
        lines: list[bytes] = []
        entries: list[str] = []
        positions: list[Position] = []
        for index, document, identity in chunk:
            try:
                line = encode(document)
            except ValueError as error:
                answers[index] = Rejected(str(error))
                continue
            position = identity if isinstance(identity, tuple) else None
            if position is not None:
                positions.append(position)
            lines.append(line)
            entries.append(make(document.event, line, number, document.id, position))
            number += 1
        self._documents.append(lines)
        for run, offset in positions:
            self._marks.raise_to(run, offset)
        self._offer(entries)

    # -- the index ------------------------------------------------------------------------------

    def _offer(self, entries: list[str]) -> None:
        with self._using_pending:
            self._pending += entries
            patient = len(self._pending) < _MOST_PENDING
        if self._using_index.acquire(blocking=not patient):
            try:
                self._feed()
            finally:
                self._using_index.release()

    def _feed(self) -> int:
        """Hands what is pending to tantivy; the caller holds the index.

        Returns:
            The number of documents that tantivy has been given by now.
        """
        with self._using_pending:
            entries, self._pending = self._pending, []
        if self._writer is None:
            return self._fed  # the documents hold them; they are indexed when it is open again
        add = self._writer.add_json
        for entry in entries:
            try:
                add(entry)
            except ValueError:
                self._guarded(partial(self._add_reluctantly, entry))
        self._fed += len(entries)
        return self._fed

    def _add_reluctantly(self, entry: str) -> None:
        """Adds what tantivy has refused: every value checked, or else as little as possible."""
        if self._writer is None:
            return
        number = int(_NUMBER.findall(entry)[-1])
        event_id, event = decode(next(self._documents.read_from(number))[1])
        position = own_position(event_id, event)
        try:
            self._writer.add_json(self._maker.make_carefully(event, number, event_id, position))
        except ValueError:
            self._writer.add_json(self._maker.make_least(number, event_id, position))

    def _open_index(self) -> None:
        with self._using_index:
            self._open_index_locked()

    def _open_index_locked(self) -> None:
        with self._using_pending:
            self._pending = []
        self._index = self._open_or_rebuild()
        searcher = self._index.searcher()
        self._committed = self._fed = searcher.num_docs
        self._documents.cut_unfinished(self._committed)
        self._marks = Watermarks()
        self._marks.load(searcher)
        self._writer = self._guarded(
            lambda: self._index.writer(heap_size=self._memory_bytes, num_threads=1)
        )
        self._catch_up()

    def _open_or_rebuild(self) -> Index:
        path = self.folder.index
        path.mkdir(exist_ok=True)
        try:
            return teach_words(Index(SCHEMA, path=str(path)))
        except ValueError as error:
            if _is_full(error):
                raise DiskFull("no room left for the index", where=str(path)) from error
            shutil.rmtree(path)
            path.mkdir()
            return teach_words(Index(SCHEMA, path=str(path)))

    def _catch_up(self) -> None:
        """Indexes the documents that the index does not hold yet."""
        for number, line in self._documents.read_from(self._committed):
            event_id, event = decode(line)
            position = own_position(event_id, event)
            if position is not None:
                self._marks.raise_to(*position)
            self._pending.append(self._maker.make(event, line, number, event_id, position))
            if len(self._pending) >= _CHUNK:
                self._feed()
        fed = self._feed()
        if fed > self._committed and self._writer is not None:
            self._guarded(self._writer.commit)
            self._committed = fed

    def _guarded(self, act: Callable[[], _T]) -> _T:
        """Does something with tantivy; when that fails, the index is opened anew next time."""
        try:
            return act()
        except ValueError as error:
            self._writer = None
            where = str(self.folder.index)
            if _is_full(error):
                raise DiskFull(
                    "no room left for the index", where=where, mend="free some space"
                ) from error
            raise StoreUnavailable(f"the index cannot be written: {error}", where=where) from error


def is_behind(folder: DayFolder) -> bool:
    """True when a day's index does not hold all of its documents, or cannot be read."""
    try:
        held = Index.open(str(folder.index)).searcher().num_docs
        return held != DocumentReader(folder.path).count()
    except (FileNotFoundError, ValueError):
        return True


def _is_full(error: ValueError) -> bool:
    return "os error 28" in str(error) or "os error 122" in str(error)
