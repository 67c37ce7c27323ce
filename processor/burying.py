"""Where does an event go that the store will never take, or that cannot be read? To the dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from logboom.broker import Unreadable
from logboom.clock import Clock, utc_text
from logboom.dead import DeadLetters
from logboom.dead.letter import letter_of_document, letter_of_unreadable
from logboom.store import Document, Rejected


class Burial:
    """Buries documents.

    Args:
        letters: Where they are kept.
        clock: For the time of the refusal.
    """

    def __init__(self, letters: DeadLetters, clock: Clock) -> None:
        self._letters = letters
        self._clock = clock

    async def bury(
        self, refused: Sequence[tuple[Document, Rejected]], unreadable: Sequence[Unreadable] = ()
    ) -> None:
        """Keeps events that were refused, and what tells of those that cannot be read.

        Returns when they are on the disk. Burying the same again after a crash leaves one letter.

        Raises:
            LogboomError: They cannot be kept now; bury them again later.
        """
        at_ns = self._clock.now_ns()
        letters = [
            letter_of_document(
                document.id, document.day.isoformat(), document.value,
                reason=answer.reason, at_ns=at_ns,
            )
            for document, answer in refused
        ]  # fmt: skip
        today = utc_text(at_ns)[: len("2026-11-21")]
        letters += [letter_of_unreadable(found, today, at_ns=at_ns) for found in unreadable]
        await asyncio.to_thread(self._letters.bury, letters)
