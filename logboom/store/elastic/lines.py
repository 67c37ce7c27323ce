"""What does the compiled part make of the documents of one write?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from logboom.native import Library
from logboom.store.elastic.spelling import AROUND_WORDS
from logboom.store.values import Document

_AT_ONCE = 2_000
_AT_ONCE_BYTES = 2 * 2**20
_LARGE_BYTES = 32 * 1024
"""Larger events are left to Python, which makes their lines when they are sent, body by body."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a bulk request, by numbers of the documents.

    Attributes:
        lines: An action and its source; empty for documents that were left to Python.
        shapes: What the attributes of each are called and of which kinds they are, in one number;
            0 for documents that have to be looked at.
    """

    lines: Sequence[bytes]
    shapes: Sequence[int]

    @classmethod
    def none(cls, count: int) -> Lines:
        """So many documents are left to Python."""
        return cls([b""] * count, [0] * count)


async def make_lines(
    documents: Sequence[Document], fronts: Mapping[date, bytes], library: Library, *, spell: bool
) -> Lines:
    """Makes lines of those documents that are usual ones, piece by piece in a thread.

    The compiled part lets other threads run, so nothing of ours waits for it.

    Args:
        documents: Of the write.
        fronts: The action of each day, up to the id.
        library: The compiled part.
        spell: Send the words of all texts along (see `spelling`).
    """
    lines: list[bytes] = []
    shapes: list[int] = []
    words = AROUND_WORDS if spell else None
    for some in _pieces(documents):
        made, shaped = await asyncio.to_thread(
            library.actions,
            [one.value if len(one.value) < _LARGE_BYTES else b"" for one in some],
            [one.id for one in some], fronts[some[0].day] + b'"', words,
        )  # fmt: skip
        lines += made
        shapes += shaped
    return Lines(lines, shapes)


def _pieces(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    """Documents that follow each other on one day, so few that their lines are made soon."""
    for _, of_one_day in groupby(documents, key=lambda document: document.day):
        some = list(of_one_day)
        for start in range(0, len(some), _AT_ONCE):
            yield from _halved(some[start : start + _AT_ONCE])


def _halved(some: Sequence[Document]) -> Iterator[Sequence[Document]]:
    """The same documents, in pieces of which none has too many bytes unless it is one document."""
    middle = len(some) // 2
    if not middle or sum([len(one.value) for one in some]) <= _AT_ONCE_BYTES:
        yield some
    else:
        yield from _halved(some[:middle])
        yield from _halved(some[middle:])
