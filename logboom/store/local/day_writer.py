"""How does one day take in events?

They are appended to the documents first; once those are synced, the events are safe and can be
acknowledged. The index follows, a second later at most. So after a crash, and after trouble with the
index, what it does not hold is indexed from the documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tantivy import Index

from logboom.native import native_library
from logboom.store.local.day_index import DayIndex
from logboom.store.local.documents import DocumentReader, DocumentWriter
from logboom.store.local.entry import EntryMaker, Ready, own_position
from logboom.store.local.folders import DayFolder, sync_folder
from logboom.store.local.seen import Identity, Sifted, Watermarks, held
from logboom.store.local.serial import document_of, encode
from logboom.store.port import Document, Outcome, Rejected

_CHUNK = 512
"""Events that are written and handed to the index together, so that both go on side by side."""


class DayWriter:
    """Writes one day. All of it is for one thread but `commit`, which may be called by another."""

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
        self._maker = EntryMaker(folder.day, native_library())
        self._marks = Watermarks()
        self._documents = DocumentWriter(folder.path)
        try:
            sync_folder(folder.path)
            self._index = DayIndex(folder.index, self._remake, memory_bytes=memory_bytes)
            self.reopen_index()
        except BaseException:
            self._documents.close()
            raise

    @property
    def uncommitted(self) -> int:
        """Documents that searches cannot see yet."""
        return self._documents.count - self._index.committed

    @property
    def is_broken(self) -> bool:
        """True when the index has failed: `reopen_index` is to be called."""
        return self._index.is_broken

    def append(self, documents: Sequence[Document]) -> list[Outcome | Rejected]:
        """Stores documents; they are durable when it returns.

        Returns:
            One answer per document, in their order.

        Raises:
            StoreDamaged: The day's documents cannot be read.
            DiskFull: Any of the documents may or may not be stored.
            StoreUnavailable: The same, for another reason.
        """
        if self._index.is_broken:
            self.reopen_index()
        answers: list[Outcome | Rejected] = [Outcome.STORED] * len(documents)
        ready = self._maker.ready(documents)
        identities: list[Identity] = [
            one.position or document.id for one, document in zip(ready, documents, strict=True)
        ]
        sifted = self._marks.sift(identities)
        new = self._look_up(sifted, identities, answers) if sifted.doubtful else sifted.new
        for start in range(0, len(new), _CHUNK):
            chunk = new[start : start + _CHUNK]
            self._append_chunk([(documents[index], ready[index]) for index in chunk])
        self._marks.rise(sifted)
        if new:
            self._documents.sync()
        return answers

    def commit(self) -> None:
        """Makes everything appended so far visible to searches; nothing while it is broken.

        Raises:
            DiskFull: There is no room for the index; the documents are safe.
            StoreUnavailable: The index could not be written for another reason.
        """
        self._index.commit(before=self._documents.sync)

    def reopen_index(self) -> None:
        """Opens the index and gives it the documents that it does not hold yet.

        Raises:
            StoreDamaged: The documents cannot be read.
            DiskFull: There is no room for the index.
            StoreUnavailable: tantivy cannot open the index for another reason.
        """
        self._marks = Watermarks()
        indexed = self._index.open()
        self._documents.cut_unfinished(indexed)
        self._marks.load(self._index.searcher())
        entries: list[str] = []
        for number, line in self._documents.read_from(indexed):
            document = document_of(line, self.folder.day)
            position = own_position(document)
            if position is not None:
                self._marks.raise_to(*position)
            entries.append(self._maker.make(document, number, position))
            if len(entries) >= _CHUNK:
                self._index.offer(entries)
                entries = []
        self._index.offer(entries)
        self.commit()

    def close(self) -> None:
        """Lets go of the files; what is not committed is indexed when the day is next opened."""
        self._index.close()
        self._documents.close()

    def _look_up(
        self, sifted: Sifted, identities: Sequence[Identity], answers: list[Outcome | Rejected]
    ) -> list[int]:
        """The indices of those that the day does not hold yet; notes the others as duplicates."""
        new = list(sifted.new)
        self.commit()
        if self.uncommitted:  # the index has failed meanwhile, and would not know all
            self.reopen_index()
        known = held(self._index.searcher(), {identities[index] for index in sifted.doubtful})
        known |= {identities[index] for index in new}
        for index in sifted.doubtful:
            if identities[index] in known:
                answers[index] = Outcome.DUPLICATE
            else:
                known.add(identities[index])
                new.append(index)
        return sorted(new)

    def _append_chunk(self, chunk: Sequence[tuple[Document, Ready]]) -> None:
        finish, first = self._maker.finish, self._documents.count
        entries = [finish(d, number, ready) for number, (d, ready) in enumerate(chunk, first)]
        self._documents.append([encode(d) if ready.text is None else d.value for d, ready in chunk])
        self._index.offer(entries)

    def _remake(self, number: int) -> Iterator[str]:
        """Other entries of a document whose entry tantivy has refused."""
        document = document_of(next(self._documents.read_from(number))[1], self.folder.day)
        position = own_position(document)
        yield self._maker.make_carefully(document, number, position)
        yield self._maker.make_least(number, document.id, position)


def is_behind(folder: DayFolder) -> bool:
    """True when a day's index does not hold all of its documents, or cannot be read."""
    try:
        indexed = Index.open(str(folder.index)).searcher().num_docs
        return indexed != DocumentReader(folder.path).count()
    except (FileNotFoundError, ValueError):
        return True
