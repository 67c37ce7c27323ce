"""How is one day's tantivy index fed and committed?

It always holds a prefix of the day's documents: entries are given in the order of their numbers, and
none is left out. When tantivy fails, the index is broken until it is opened again; it then says how
many documents it holds, and is given the rest once more.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tantivy import Index, Searcher

from logboom.errors import DiskFull, StoreUnavailable
from logboom.store.local.documents import for_room
from logboom.store.local.index_writer import Chunk, IndexWriter, open_index_writer
from logboom.store.local.schema import NUMBER, SCHEMA, teach_words
from logboom.store.local.soundness import (
    begin_anew,
    finish,
    first_spoilt,
    is_lost,
    is_marked,
    is_unfinished,
    panics_told,
)

log = logging.getLogger("logboom.store")

_MOST_WAITING_BYTES = 8 * 2**20
"""Of entries that may wait while the index commits; then whoever brings more waits too."""

_MANY_SEGMENTS = 16
_NUMBER = re.compile(f'"{NUMBER}":([0-9]+)'.encode())

Remake = Callable[[int], Iterator[bytes]]
"""From a document's number to entries of it that demand ever less of tantivy."""

_T = TypeVar("_T")


class DayIndex:
    """One day's index. `offer` and `open` are for one thread, `commit` may be called by another."""

    def __init__(self, path: Path, remake: Remake, *, memory_bytes: int) -> None:
        """Names the index; `open` is to be called first.

        Args:
            path: Folder of tantivy's files.
            remake: Makes other entries of a document whose entry tantivy refuses.
            memory_bytes: What tantivy may use before it starts a new segment.
        """
        self._path = path
        self._remake = remake
        self._memory_bytes = memory_bytes
        self._using = threading.Lock()
        self._changing_waiting = threading.Lock()
        self._waiting: list[Chunk] = []
        self._writer: IndexWriter | None = None
        self._given = 0
        self._closed = False
        self._is_suspect = False
        self.committed = 0

    @property
    def is_broken(self) -> bool:
        """True when it has to be opened (again)."""
        return self._writer is None and not self._closed

    def open(self, *, is_new: bool) -> int:
        """Opens the index, or makes an empty one in place of one that is lost or cannot be read.

        After a failure its files are looked through, too.

        Args:
            is_new: The day has no events yet, and its index is not missed.

        Returns:
            The number of documents it holds.

        Raises:
            DiskFull: There is no room.
            StoreUnavailable: tantivy cannot open it for another reason.
        """
        with self._using:
            self._let_go_of_writer()
            with self._changing_waiting:
                self._waiting = []
            if self._is_spoilt():
                log.warning("the index in %s is spoilt and is made anew", self._path)
                self._empty()
            elif not is_new and is_lost(self._path):
                log.warning("the index in %s is lost and is made anew", self._path)
                self._empty()
            self._is_suspect = False
            self._index = self._open_or_remake()
            self.committed = self._given = self._guarded(lambda: self._index.searcher().num_docs)
            self._writer = self._guarded(
                lambda: open_index_writer(self._index, self._path, memory_bytes=self._memory_bytes)
            )
            return self.committed

    def offer(self, chunk: Chunk) -> None:
        """Takes in entries; while a commit is under way they wait.

        Raises:
            DiskFull: There is no room; the index is broken.
            StoreUnavailable: tantivy fails for another reason; the index is broken.
        """
        with self._changing_waiting:
            self._waiting.append(chunk)
            patient = sum(len(one.text) for one in self._waiting) < _MOST_WAITING_BYTES
        if self._using.acquire(blocking=not patient):
            try:
                self._feed()
            finally:
                self._using.release()

    def commit(self, before: Callable[[], None]) -> None:
        """Makes everything offered so far visible to searches; nothing while it is broken.

        Args:
            before: Called when nothing more is taken in, and before the commit. Where it fails, the
                index is broken: it was given what may have to be taken back.

        Raises:
            DiskFull: There is no room; the index is broken.
            StoreUnavailable: tantivy fails for another reason; the index is broken.
        """
        with self._using:
            if is_marked(self._path) or is_lost(self._path):
                self._let_go_of_writer()
            self._feed()
            if self._writer is None or self._given == self.committed:
                return
            try:
                before()
            except BaseException:
                self._let_go_of_writer()
                raise
            self._guarded(self._writer.commit)
            self.committed = self._given

    def ask(self, question: Callable[[Searcher], _T]) -> _T:
        """Looks something up in what is committed.

        Raises:
            DiskFull: There is no room; the index is broken.
            StoreUnavailable: tantivy fails for another reason; the index is broken.
        """

        def look() -> _T:
            self._index.reload()
            return question(self._index.searcher())

        with self._using:
            return self._guarded(look)

    def give_up(self) -> None:
        """Called when it could not be given all documents of the day: it is broken."""
        with self._using:
            self._let_go_of_writer()

    def finish(self) -> None:
        """Called when the index holds all documents of the day: readers may take it for that."""
        finish(self._path)

    def close(self) -> None:
        """Lets go of the index. Merges under way are given up, unless they are badly due."""
        with self._using:
            self._closed = True
            writer, self._writer = self._writer, None
            if writer is not None:
                with suppress(ValueError), panics_told():  # unmerged, the index holds the same
                    writer.close(waits=self._index.searcher().num_segments > _MANY_SEGMENTS)

    def _feed(self) -> None:
        with self._changing_waiting:
            chunks, self._waiting = self._waiting, []
        if self._writer is None:
            return  # whoever opens it again offers them again
        for chunk in chunks:
            self._add(chunk)
            self._given += chunk.size

    def _add(self, chunk: Chunk) -> None:
        while chunk.size and (writer := self._writer) is not None:
            some = chunk
            added = self._guarded(lambda: writer.add(some))  # noqa: B023 - called at once
            rest = chunk.entries[added.entries :] if added.refusal else []
            if rest:
                self._guarded(lambda: self._add_other(writer, rest[0]))  # noqa: B023 - as above
            chunk = Chunk.of(rest[1:])

    def _add_other(self, writer: IndexWriter, refused: bytes) -> None:
        """Adds a document whose entry was refused."""
        refusal = ""
        for entry in self._remake(int(_NUMBER.findall(refused)[-1])):
            count, refusal = writer.add(Chunk.of([entry]))
            if count:
                return
        raise ValueError(refusal)

    def _is_spoilt(self) -> bool:
        """Without room it may have failed for want of it: then it is left as it is."""
        if is_marked(self._path):
            return True
        if not self._is_suspect or _has_little_room(self._path):
            return False
        return is_unfinished(self._path) or first_spoilt(self._path) is not None

    def _empty(self) -> None:
        try:
            begin_anew(self._path)
        except FileNotFoundError as error:
            raise self._gone() from error
        except OSError as error:
            raise for_room(error, self._path) from error

    def _open_or_remake(self) -> Index:
        try:
            self._path.mkdir(exist_ok=True)
            with panics_told():
                return teach_words(Index(SCHEMA, path=str(self._path)))
        except FileNotFoundError as error:
            raise self._gone() from error
        except ValueError as error:
            if _is_for_room(error, self._path):
                raise self._disk_full() from error
        self._empty()
        return self._guarded(lambda: teach_words(Index(SCHEMA, path=str(self._path))))

    def _guarded(self, act: Callable[[], _T]) -> _T:
        """Does something with tantivy; when that fails, the index is broken."""
        try:
            with panics_told():
                return act()
        except ValueError as error:
            self._let_go_of_writer()
            if _is_for_room(error, self._path):
                raise self._disk_full() from error
            self._is_suspect = True
            raise StoreUnavailable(
                f"the index cannot be written: {error}", where=str(self._path)
            ) from error

    def _let_go_of_writer(self) -> None:
        """Gives tantivy's lock back, which it holds as long as anything refers to its writer."""
        writer, self._writer = self._writer, None
        if writer is not None:
            # It has failed before: that is why it is let go.
            with suppress(ValueError), panics_told():
                writer.close(waits=True)

    def _gone(self) -> StoreUnavailable:
        return StoreUnavailable("the day is gone", where=str(self._path.parent))

    def _disk_full(self) -> DiskFull:
        return DiskFull("no room left for the index", where=str(self._path), mend="free some space")


_LITTLE_ROOM_BYTES = 16 * 2**20
_FEW_FILES = 64
_NO_ROOM = ("os error 28", "os error 122", "code: 28,", "code: 122,")
"""How tantivy names ENOSPC and EDQUOT: where it reads or writes a file, and where it opens one."""


def _is_for_room(error: ValueError, path: Path) -> bool:
    """True when tantivy fails for want of room; its threads do not say why they have died."""
    if any(words in str(error) for words in _NO_ROOM):
        return True
    killed = "was killed" in str(error) or "error occurred in a thread" in str(error).lower()
    return killed and _has_little_room(path)


def _has_little_room(path: Path) -> bool:
    left = os.statvfs(path.parent)
    has_few_files = bool(left.f_files) and left.f_favail < _FEW_FILES
    return has_few_files or left.f_bavail * left.f_frsize < _LITTLE_ROOM_BYTES
