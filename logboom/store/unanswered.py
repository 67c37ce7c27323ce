"""What has a write stored that failed before it could answer?

It is written again as a whole. Without a memory of it, what was stored then would be answered as a
duplicate, and nobody would ever count it as stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from logboom.store.values import Document, Outcome, Rejected

_MOST = 50_000
"""Documents that are remembered; the oldest are forgotten."""


class Unanswered:
    """The documents that writes have stored before they failed."""

    def __init__(self) -> None:
        self._stored: dict[tuple[date, str], None] = {}

    def note(self, stored: Iterable[Document]) -> None:
        """Remembers what a write that fails has stored."""
        for document in stored:
            self._stored[document.day, document.id] = None
        for key in list(self._stored)[:-_MOST]:
            del self._stored[key]

    def note_answered(
        self, documents: Sequence[Document], answers: Mapping[int, Outcome | Rejected]
    ) -> None:
        """Remembers what a write that fails has stored, by the answers so far.

        Args:
            documents: All of the write.
            answers: By number of the document.
        """
        stored = (number for number, answer in answers.items() if answer is Outcome.STORED)
        self.note(documents[number] for number in stored)

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
