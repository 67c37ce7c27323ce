"""Writing: indices made ready, documents as bulk requests, what is refused in a reduced form."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from logboom.clock import Clock
from logboom.elastic.client import Client
from logboom.elastic.refusals import one_line
from logboom.errors import LogboomError
from logboom.native import native_library
from logboom.store.elastic.attribute_paths import AttributePaths
from logboom.store.elastic.bodies import BodyMaker, fronts, sendable
from logboom.store.elastic.install import Installer
from logboom.store.elastic.lines import Lines, make_lines
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.pace import Pace
from logboom.store.elastic.reducing import reduced
from logboom.store.elastic.sending import Fates, Sender, Write
from logboom.store.unanswered import Unanswered
from logboom.store.values import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_LOOK_AGAIN_S = 30.0

_Answer = Outcome | Rejected


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """How bulk requests are made.

    Attributes:
        max_bytes: Of one request, about.
        max_requests: Under way at once.
        patience_s: Give up when nothing at all was stored or rejected for so long.
        spell: Send the words of texts along (see `spelling`).
    """

    max_bytes: int
    max_requests: int
    patience_s: float
    spell: bool


class BulkWriter:
    """Writes documents with `op_type=create`: one that is there already is a duplicate, not an error.

    Writes that are under way at once share the requests that the pace allows.

    Args:
        client: The way to Elasticsearch.
        names: Of the day indices.
        settings: How requests are made.
        clock: For patience.
        installer: Sees to it that indices are there, and know the attributes.
    """

    at_once = 2
    """See `StoreWriter.at_once`: the second one is sent while the end of the first is answered."""

    def __init__(
        self, client: Client, names: IndexNames, settings: WriterSettings, clock: Clock,
        installer: Installer,
    ) -> None:  # fmt: skip
        self._client = client
        self._names = names
        self._settings = settings
        self._clock = clock
        self._installer = installer
        self._prepared: dict[date, float] = {}
        self._attributes = AttributePaths()
        self._preparing = asyncio.Lock()
        self._unanswered = Unanswered()
        self.pace = Pace(settings.max_bytes, settings.max_requests)
        self._sender = Sender(
            client, self.pace, self._unanswered, clock, patience_s=settings.patience_s
        )

    async def write(self, documents: Sequence[Document]) -> Sequence[_Answer]:
        """Stores documents; see `StoreWriter.write`.

        Of a request whose answer was lost, what is a duplicate at the next try is told as stored, once:
        see `Unanswered` for what that gets wrong.
        """
        answers: dict[int, _Answer] = {}
        numbers, repeated = sendable(documents, answers)
        actions = fronts(documents, self._names)
        lines = await self._lines(documents, actions)
        async with self._preparing:  # what one write tells an index of, the next one takes as told
            await self._prepare(documents, lines.shapes)
        try:
            write = await self._store(documents, actions, lines, numbers, answers, is_reduced=False)
            if write.fates.reducible:
                await self._store_reduced(write, actions)
        except (LogboomError, asyncio.CancelledError):
            self._unanswered.note_answered(documents, answers)
            raise
        for number, first in repeated.items():
            answer = answers[first]
            answers[number] = Outcome.DUPLICATE if isinstance(answer, Outcome) else answer
        return self._unanswered.settled(documents, [answers[n] for n in range(len(documents))])

    async def _lines(
        self, documents: Sequence[Document], actions: Mapping[date, bytes]
    ) -> Lines:  # fmt: skip
        library = native_library()
        if library is None:
            return Lines.none(len(documents))
        return await make_lines(documents, actions, library, spell=self._settings.spell)

    async def _store(
        self,
        documents: Sequence[Document],
        actions: Mapping[date, bytes],
        lines: Lines,
        numbers: Sequence[int],
        answers: dict[int, _Answer],
        *,
        is_reduced: bool,
    ) -> Write:
        """Sends the documents of these numbers until all of them have their answers."""
        fates = Fates(answers)
        maker = BodyMaker(
            documents, actions, spell=self._settings.spell, refuse=fates.refuse, ready=lines.lines
        )  # fmt: skip
        write = Write(documents, maker, fates, self._clock.monotonic(), is_reduced)
        rows = zip(lines.lines, documents, strict=True)
        total = sum(len(line) or len(document.value) for line, document in rows)
        bodies = maker.bodies(numbers, lambda: self.pace.share(total))
        await self._sender.send_all(write, bodies)
        return write

    async def _store_reduced(self, write: Write, actions: Mapping[date, bytes]) -> None:
        """Stores what was refused in its reduced form; only what is refused again is rejected."""
        numbers = sorted(write.fates.reducible)
        reasons = [_reason(write.fates.answers[number]) for number in numbers]
        forms = [
            reduced(write.documents[number], reason)
            for number, reason in zip(numbers, reasons, strict=True)
        ]
        found: dict[int, _Answer] = {}
        lines = Lines.none(len(forms))
        try:
            await self._store(forms, actions, lines, range(len(forms)), found, is_reduced=True)
        except (LogboomError, asyncio.CancelledError):
            stored = [place for place, answer in found.items() if answer is Outcome.STORED]
            write.fates.answers |= {numbers[place]: Outcome.STORED for place in stored}
            raise
        for place, number in enumerate(numbers):
            answer = found[place]
            if isinstance(answer, Outcome):
                write.fates.answers[number] = answer
            else:
                reason = f"{reasons[place]}; and its reduced form: {answer.reason}"
                write.fates.answers[number] = Rejected(one_line(reason))
        count = sum(isinstance(one, Outcome) for one in found.values())
        log.warning(
            "Elasticsearch refused %d events as they are; %d of them are stored in a reduced form,"
            " tagged `reduced`: %s", len(numbers), count, reasons[0],
        )  # fmt: skip

    def forget(self, day: date) -> None:
        """The day's index is perhaps not as it was: before the next document of that day it is looked at."""
        self._prepared.pop(day, None)
        self._attributes.forget(day)

    async def close(self) -> None:
        """Nothing is held between two writes."""

    async def _prepare(self, documents: Sequence[Document], shapes: Sequence[int]) -> None:
        """Sees to it that the indices are as these documents need them."""
        for day in sorted({document.day for document in documents}):
            await self._prepare_day(day)
        told = self._attributes.unknown(documents, shapes)
        try:
            for day, paths in told.items():
                await self._installer.add_attributes(self._names.of(day), paths)
        except (LogboomError, asyncio.CancelledError):
            for day in told:
                self.forget(day)
            raise

    async def _prepare_day(self, day: date) -> None:
        """Looks again now and then: another process may have dropped the day's index."""
        now = self._clock.monotonic()
        looked = self._prepared.get(day)
        if looked is not None and now - looked < _LOOK_AGAIN_S:
            return
        name = self._names.of(day)
        if looked is None or not await self._installer.is_there(name):
            await self._installer.prepare_index(name)
            self._attributes.forget(day)
        self._prepared[day] = now


def _reason(answer: _Answer) -> str:
    return answer.reason if isinstance(answer, Rejected) else ""
