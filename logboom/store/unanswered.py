"""What has a write stored that failed before it could answer?

It is written again as a whole. Without a memory of it, what was stored then would be answered as a
duplicate, and nobody would ever count it as stored. The same holds for a request whose answer was
lost, within one write as well. Writes that are under way beside each other share the memory.

What is told as stored is wrong by so much: a document in a request whose answer was lost is told as
stored though an earlier process had stored it, or another write that has told of it or will; and what
is beyond the memory's bound, or lost with the process, is told as a duplicate though it was new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice

from logboom.store.values import Document, Outcome, Rejected

_Key = tuple[date, str]

_MOST = 50_000
"""Documents that are remembered of each kind; the oldest are forgotten."""


class Unanswered:
    """The documents that were stored, surely or perhaps, without an answer that told of it."""

    def __init__(self) -> None:
        self._stored: dict[_Key, None] = {}
        self._there_before: dict[_Key, None] = {}

    def note(self, stored: Iterable[Document]) -> None:
        """Remembers what a write that fails has stored."""
        for document in stored:
            self._stored[document.day, document.id] = None
        _forget_oldest(self._stored)

    def note_perhaps(self, sent: Iterable[Document]) -> None:
        """Remembers what was sent in a request whose answer was lost.

        What a write that failed has found in the store is known to be no new one.
        """
        keys = ((document.day, document.id) for document in sent)
        self._stored |= dict.fromkeys(key for key in keys if key not in self._there_before)
        _forget_oldest(self._stored)

    def note_answered(
        self, documents: Sequence[Document], answers: Mapping[int, Outcome | Rejected]
    ) -> None:
        """Remembers what a write that fails has stored, and found stored, by the answers so far.

        Args:
            documents: All of the write.
            answers: By number of the document.
        """
        stored: list[Document] = []
        for number, answer in answers.items():
            document = documents[number]
            key = (document.day, document.id)
            if answer is Outcome.STORED:
                stored.append(document)
            elif answer is Outcome.DUPLICATE and key not in self._stored:
                self._there_before[key] = None
        self.note(stored)
        _forget_oldest(self._there_before)

    def settled(
        self, documents: Sequence[Document], answers: Sequence[Outcome | Rejected]
    ) -> Sequence[Outcome | Rejected]:
        """The answers of a write that ends well: what we stored before is told as stored, once.

        Args:
            documents: All of the write.
            answers: One per document, in their order.
        """
        if not self._stored:
            return answers
        return [
            self._settled(document, answer)
            for document, answer in zip(documents, answers, strict=True)
        ]

    def _settled(self, document: Document, answer: Outcome | Rejected) -> Outcome | Rejected:
        key = (document.day, document.id)
        if key not in self._stored:
            return answer
        del self._stored[key]
        return Outcome.STORED if answer is Outcome.DUPLICATE else answer


def _forget_oldest(keys: dict[_Key, None]) -> None:
    for key in list(islice(keys, max(0, len(keys) - _MOST))):
        del keys[key]
