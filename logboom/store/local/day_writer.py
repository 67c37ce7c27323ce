"""How does one day take in events?

They are appended to the documents first; once those are synced, the events are safe and can be
acknowledged. The index follows, a second later at most. So after a crash, and after trouble with the
index, what it does not hold is indexed from the documents.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from tantivy import Index

from logboom.errors import DiskFull, StoreUnavailable
from logboom.native import native_library
from logboom.store.local.day_index import DayIndex
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DocumentWriter
from logboom.store.local.entry import EntryMaker, Ready, own_position
from logboom.store.local.folders import DayFolder
from logboom.store.local.index_writer import Chunk
from logboom.store.local.seen import Identity, Watermarks, held
from logboom.store.local.serial import document_of, encode, unreadable
from logboom.store.local.soundness import is_marked, is_unfinished, panics_told
from logboom.store.local.syncing import sync_folder
from logboom.store.unanswered import Unanswered
from logboom.store.values import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_CHUNK = 512
"""Events that are indexed together when a day is opened."""


class DayWriter:
    """Writes one day. All of it is for one thread but `commit`, which may be called by another."""

    def __init__(
        self, folder: DayFolder, *, memory_bytes: int, unanswered: Unanswered | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Opens the day and brings its index up to its documents.

        Args:
            memory_bytes: What tantivy may use before it starts a new segment.
            unanswered: Is told of what is stored by writes that fail.
            is_stopped: True once there is no time left to index what is not indexed yet.

        Raises:
            StoreDamaged: The documents cannot be read.
            DiskFull: There is no room.
            StoreUnavailable: tantivy cannot open the index for another reason.
        """
        self.folder = folder
        self.memory_bytes = memory_bytes
        self._unanswered = Unanswered() if unanswered is None else unanswered
        self._is_stopped = is_stopped
        self._maker = EntryMaker(folder.day, native_library())
        self._marks = Watermarks()
        self._durable = 0
        self._documents = DocumentWriter(folder.path)
        self._index = DayIndex(folder.index, self._remake, memory_bytes=memory_bytes)
        try:
            sync_folder(folder.path)
            self.reopen_index()
        except BaseException:
            self._index.close()
            self._documents.close()
            raise

    @property
    def count(self) -> int:
        """Documents that it holds."""
        return self._documents.count

    @property
    def uncommitted(self) -> int:
        """Documents that searches cannot see yet."""
        return self._documents.count - self._index.committed

    @property
    def is_broken(self) -> bool:
        """True when the index has failed: `reopen_index` is to be called."""
        return self._index.is_broken

    def is_current(self) -> bool:
        """False when the day was dropped, or its events lie in another file: it has to be opened anew.

        Raises:
            OSError: The file system refuses to look.
        """
        return self._documents.is_current()

    def restore_dictionary(self) -> None:
        """Writes the dictionary anew that was removed or changed behind our back."""
        self._documents.restore_dictionary()

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
        ready = self._maker.ready(documents, self._documents.count)
        if self._marks.are_new(ready.stretches):
            self._append(documents, ready)
            return [Outcome.STORED] * len(documents)
        answers = self._looked_up(documents)
        rows = zip(documents, answers, strict=True)
        new = [document for document, answer in rows if answer is Outcome.STORED]
        if new:
            self._append(new, self._maker.ready(new, self._documents.count))
        return answers

    def commit(self) -> None:
        """Makes everything appended so far visible to searches; nothing while it is broken.

        Raises:
            DiskFull: There is no room for the index; the documents are safe.
            StoreUnavailable: The index could not be written for another reason, or the day is not current.
        """
        self._index.commit(before=self._documents.sync)

    def reopen_index(self) -> None:
        """Opens the index and gives it the documents that it does not hold yet.

        One that fails is looked through and, where it is spoilt, made anew.

        Raises:
            StoreDamaged: The documents cannot be read.
            DiskFull: There is no room for the index.
            StoreUnavailable: tantivy cannot open the index for another reason.
        """
        try:
            try:
                self._catch_up()
            except StoreUnavailable:
                self._catch_up()
        except BaseException:
            self._index.give_up()
            raise

    def _catch_up(self) -> None:
        self._marks = Watermarks()
        indexed = self._index.open(is_new=self._documents.is_empty)
        trusted = max(indexed, self._durable)
        if is_unfinished(self.folder.index):  # nobody knows what the index held
            trusted = max(trusted, self._documents.noted)
        self._documents.cut_unfinished(trusted)
        self._index.ask(self._marks.load)
        entries: list[bytes] = []
        for number, line in self._documents.read_from(indexed):
            document = self._document_of(line)
            position = own_position(document)
            if position is not None:
                self._marks.raise_to(*position)
            entries.append(self._maker.make(document, number, position))
            if len(entries) >= _CHUNK:
                if self._is_stopped():
                    where = str(self.folder.index)
                    raise StoreUnavailable("stopped before all is indexed", where=where)
                self._index.offer(Chunk.of(entries))
                entries = []
        self._index.offer(Chunk.of(entries))
        self.commit()
        if self.is_broken:
            where = str(self.folder.index)
            raise StoreUnavailable("the index was found spoilt meanwhile", where=where)
        self._index.finish()

    def _document_of(self, line: bytes) -> Document:
        try:
            return document_of(line, self.folder.day)
        except ValueError as error:
            raise unreadable(error, self._documents.path) from error

    def close(self) -> None:
        """Lets go of the files; what is not committed is indexed when the day is next opened."""
        self._index.close()
        self._documents.close()

    def _looked_up(self, documents: Sequence[Document]) -> list[Outcome | Rejected]:
        """What the day holds already is a duplicate; so is what comes a second time."""
        identities: list[Identity] = [own_position(one) or one.id for one in documents]
        new, doubtful = self._marks.sift(identities)
        self.commit()
        if self.uncommitted or self.is_broken:  # it would not know all, or is known to be spoilt
            self.reopen_index()
        wanted = {identities[index] for index in doubtful}
        known = self._index.ask(lambda searcher: held(searcher, wanted))
        known |= {identities[index] for index in new}
        answers: list[Outcome | Rejected] = [Outcome.STORED] * len(documents)
        for index in doubtful:
            if identities[index] in known:
                answers[index] = Outcome.DUPLICATE
            known.add(identities[index])
        return answers

    def _append(self, documents: Sequence[Document], ready: Ready) -> None:
        """Writes new documents; they are durable when it returns."""
        lines = [document.value for document in documents]
        for index in ready.left:
            lines[index] = encode(documents[index])
        try:
            self._documents.append(lines)
            self._index.offer(ready.chunk)
            self._marks.rise(ready.stretches)
            self._documents.sync()
            self._durable = self._documents.count
        except (DiskFull, StoreUnavailable, OSError):
            self._unanswered.note(documents)  # they are found when the day is opened again
            raise

    def _remake(self, number: int) -> Iterator[bytes]:
        """Other entries of a document whose entry tantivy has refused."""
        document = self._document_of(next(self._documents.read_from(number))[1])
        position = own_position(document)
        yield self._maker.make_carefully(document, number, position)
        log.warning(
            "the event %s cannot be indexed as it is: it is found by its time, its source and its id alone", document.id
        )  # fmt: skip
        yield self._maker.make_least(document, number, position)


def is_behind(folder: DayFolder) -> bool:
    """True when a day's index does not hold all of its documents, cannot be read, or is spoilt."""
    try:
        with panics_told():
            indexed = Index.open(str(folder.index)).searcher().num_docs
        held = DocumentReader(folder.path).count()
        return is_marked(folder.index) or is_unfinished(folder.index) or indexed != held
    except (FileNotFoundError, ValueError):
        return True
