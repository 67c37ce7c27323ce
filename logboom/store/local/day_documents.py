"""How are all documents of a day read, in the order in which they came?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from logboom.errors import StoreDamaged
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.folders import DayFolder, StoreFolder
from logboom.store.local.serial import document_of, unreadable
from logboom.store.values import Document

_AT_ONCE = 1024
_LONGEST_BYTES = 8 * 2**20


def documents_of(folder: StoreFolder, day: date) -> Iterator[Sequence[Document]]:
    """The documents that a day holds now, in pieces; none when there is no such day.

    Its files stay open, so it is read to its end whatever becomes of the day.
    """
    found = next((one for one in folder.days() if one.day == day), None)
    if found is None:
        return iter(())
    try:
        return _pieces(DocumentReader(found.path), found)
    except FileNotFoundError:  # dropped just now
        return iter(())


def _pieces(reader: DocumentReader, folder: DayFolder) -> Iterator[Sequence[Document]]:
    """The documents, each piece of a bounded number and, when events are long, of fewer of them.

    Raises:
        StoreDamaged: One of them cannot be read.
    """
    total, start, wanted = reader.count(), 0, _AT_ONCE
    while start < total:
        numbers = range(start, min(total, start + wanted))
        piece: list[Document] = []
        size = 0
        for line in reader.read(numbers):
            if isinstance(line, StoreDamaged):
                raise line
            size += len(line)
            try:
                piece.append(document_of(line, folder.day))
            except ValueError as error:
                raise unreadable(error, folder.path) from error
        yield piece
        start += len(piece)
        wanted = max(32, min(_AT_ONCE, len(piece) * _LONGEST_BYTES // max(1, size)))
