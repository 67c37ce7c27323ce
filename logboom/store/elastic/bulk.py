"""Writing: bulk requests under way at once, only what failed tried again, giving up in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from logboom.clock import Clock
from logboom.errors import LogboomError, StoreUnavailable
from logboom.native import native_library
from logboom.retrying import Backoff
from logboom.store.elastic.attribute_paths import AttributePaths
from logboom.store.elastic.bodies import Body, BodyMaker, fronts, sendable
from logboom.store.elastic.client import Client, NotSent, TimedOut, decoded
from logboom.store.elastic.install import Installer
from logboom.store.elastic.lines import Lines, make_lines
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.outcomes import Sorted, sort_out
from logboom.store.elastic.pace import Pace
from logboom.store.elastic.reducing import reduced
from logboom.store.elastic.refusals import LATER, failure, one_line, reason_of
from logboom.store.unanswered import Unanswered
from logboom.store.values import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_OK, _BAD, _TOO_LARGE = 200, 400, 413
_OVERLOADED = 429
_TIMED_OUT = 0  # stands for a status where there was none in time
_TRIES_WHEN_BROKEN = 6
_LOOK_AGAIN_S = 30.0
_ANSWER_LOST = frozenset({502, 504})
"""What a proxy says when Elasticsearch may have got a request and the answer did not come through."""

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


@dataclass(slots=True)
class _Fates:
    """What has become of the documents of a write.

    Attributes:
        answers: So far, by number of the document.
        reducible: Numbers of those that were refused for what is in them.
    """

    answers: dict[int, _Answer]
    reducible: set[int] = field(default_factory=set)

    def refuse(self, number: int, reason: str) -> None:
        """Notes that a document is refused for what is in it."""
        self.answers[number] = Rejected(reason)
        self.reducible.add(number)


@dataclass(slots=True)
class _Write:
    """One call of `write`, or the reduced forms of what it could not store.

    What it has refers to nothing that has it: with all documents in a ring, it would wait long for the
    collector.

    Attributes:
        progress_at: When the last answer came.
        is_reduced: These are the reduced forms.
    """

    documents: Sequence[Document]
    maker: BodyMaker
    fates: _Fates
    progress_at: float
    is_reduced: bool


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
    ) -> _Write:
        """Sends the documents of these numbers until all of them have their answers."""
        fates = _Fates(answers)
        maker = BodyMaker(
            documents, actions, spell=self._settings.spell, refuse=fates.refuse, ready=lines.lines
        )  # fmt: skip
        write = _Write(documents, maker, fates, self._clock.monotonic(), is_reduced)
        rows = zip(lines.lines, documents, strict=True)
        total = sum(len(line) or len(document.value) for line, document in rows)
        bodies = maker.bodies(numbers, lambda: self.pace.share(total))
        await self._send_all(write, bodies)
        return write

    async def _store_reduced(self, write: _Write, actions: Mapping[date, bytes]) -> None:
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
        """The day's index was dropped: the next document of that day makes a new one."""
        self._prepared.pop(day, None)
        self._attributes.forget(day)

    async def close(self) -> None:
        """Nothing is held between two writes."""

    async def _prepare(self, documents: Sequence[Document], shapes: Sequence[int]) -> None:
        """Sees to it that the indices are as these documents need them."""
        for day in sorted({document.day for document in documents}):
            await self._prepare_day(day)
        for day, paths in self._attributes.unknown(documents, shapes).items():
            try:
                await self._installer.add_attributes(self._names.of(day), paths)
            except LogboomError:
                self._attributes.forget(day)
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

    async def _send_all(self, write: _Write, bodies: Iterator[Body]) -> None:
        """Sends bodies, as many at once as the pace allows; the next one is made meanwhile."""
        sent: list[asyncio.Task[None]] = []
        try:
            for body in bodies:
                await self.pace.take_place()
                if not sent:
                    write.progress_at = self._clock.monotonic()  # until now it waited for others
                task = asyncio.create_task(self._send(write, body))
                task.add_done_callback(lambda _: self.pace.give_place_back())
                sent.append(task)
                sent = _going_on(sent)
                await asyncio.sleep(0)  # lets the request out before the next body is made
            while sent:
                await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
                sent = _going_on(sent)
        finally:
            for task in sent:
                task.cancel()
            await asyncio.gather(*sent, return_exceptions=True)

    async def _send(self, write: _Write, body: Body) -> None:
        """Sends a body until each of its documents has its answer."""
        backoff = Backoff()
        waiting = [body]
        while waiting:
            body = waiting.pop()
            if len(body.content) > self.pace.bytes and len(body.numbers) > 1:
                waiting += write.maker.bodies(body.numbers, lambda: self.pace.bytes)
                body = waiting.pop()
            status, answer = await self._try(write, body, backoff)
            if status == _TIMED_OUT:
                waiting.append(body)  # less of it at once, if it was much
                continue
            if status != _OK:
                waiting += self._halves(write, body, status, answer)
                continue
            left = self._take(write, sort_out(answer, body, self._client.address), backoff.tries)
            if left.failure is not None:
                raise left.failure
            if left.later:
                await self._wait(write, backoff, left.reason)
                waiting += write.maker.bodies(left.later, lambda: self.pace.bytes)
            elif not waiting:
                self.pace.went_well()

    def _take(self, write: _Write, found: Sorted, tries: int) -> Sorted:
        """Notes answers; what is left is to be tried again."""
        if found.answers:
            write.fates.answers.update(found.answers)
            write.progress_at = self._clock.monotonic()
        write.fates.reducible |= {
            n for n, one in found.answers.items() if isinstance(one, Rejected)
        }
        for number in found.broken:
            if tries >= _TRIES_WHEN_BROKEN:
                write.fates.refuse(number, found.reason)
            else:
                found.later.append(number)
        if found.overloaded:
            self.pace.slow_down()
        return found

    async def _try(self, write: _Write, body: Body, backoff: Backoff) -> tuple[int, bytes]:
        """Sends until there is an answer with items, or the body as a whole is refused.

        Raises:
            StoreUnavailable: Nothing was stored for too long.
            StoreRefused: Elasticsearch does not take anything from us.
        """
        while True:
            try:
                status, answer = await self._client.bulk(body.content, once=True)
            except NotSent as error:
                await self._wait(write, backoff, error)
                continue
            except asyncio.CancelledError:
                self._answer_lost(write, body)
                raise
            except TimedOut as error:
                self._answer_lost(write, body)
                self.pace.slow_down()
                await self._wait(write, backoff, error)
                return _TIMED_OUT, b""
            except StoreUnavailable as error:
                self._answer_lost(write, body)
                await self._wait(write, backoff, error)
                continue
            if status in {_OK, _BAD, _TOO_LARGE}:
                return status, answer
            if status in _ANSWER_LOST:
                self._answer_lost(write, body)
            trouble = failure(status, decoded(answer), self._client.address)
            if status not in LATER:
                raise trouble
            if status == _OVERLOADED:
                self.pace.slow_down()
            await self._wait(write, backoff, trouble)

    def _answer_lost(self, write: _Write, body: Body) -> None:
        self._unanswered.note_perhaps(write.documents[number] for number in body.numbers)

    def _halves(
        self, write: _Write, body: Body, status: int, answer: bytes
    ) -> Iterator[Body]:  # fmt: skip
        """A body that was refused as a whole, in two; the one document that is to blame, refused.

        Raises:
            StoreRefused: It is not the documents' fault.
        """
        size = len(body.content)
        if len(body.numbers) > 1:
            if status == _TOO_LARGE:
                self.pace.too_large(size)
            for part in _in_two(body.numbers):
                yield from write.maker.bodies(part, lambda: size)
        elif status == _BAD and write.is_reduced:
            # We made it ourselves: no data are to blame, and nothing may be thrown away.
            raise failure(status, decoded(answer), self._client.address)
        elif status == _BAD:
            write.fates.refuse(body.numbers[0], reason_of(decoded(answer)))
        else:
            # Nothing may be cut off: the dead letters keep all of it.
            write.fates.answers[body.numbers[0]] = Rejected(
                f"has {size} bytes, which is more than Elasticsearch takes at once"
                " (its setting http.max_content_length)"
            )

    async def _wait(self, write: _Write, backoff: Backoff, why: LogboomError | str) -> None:
        """Sleeps before the next try.

        Raises:
            LogboomError: That is `why`, when patience is over; StoreUnavailable for a text.
        """
        idle_s = self._clock.monotonic() - write.progress_at
        wait_s = backoff.next_wait_s()
        if idle_s + wait_s > self._settings.patience_s:
            if isinstance(why, LogboomError):
                raise why
            raise StoreUnavailable(
                f"Elasticsearch puts events off: {why}", where=self._client.address
            )
        log.debug("a bulk request is tried again in %.1f s: %s", wait_s, why)
        await asyncio.sleep(wait_s)


def _reason(answer: _Answer) -> str:
    return answer.reason if isinstance(answer, Rejected) else ""


def _in_two(numbers: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    middle = len(numbers) // 2
    return numbers[:middle], numbers[middle:]


def _going_on(tasks: Sequence[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    """Those of the tasks that are not done; raises what one of them raised."""
    for task in tasks:
        if task.done():
            task.result()
    return [task for task in tasks if not task.done()]
