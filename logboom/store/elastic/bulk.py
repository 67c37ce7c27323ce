"""Writing: bulk requests under way at once, only what failed tried again, giving up in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from logboom.clock import Clock
from logboom.errors import LogboomError, StoreUnavailable
from logboom.retrying import Backoff
from logboom.store.elastic.bodies import Body, BodyMaker, unsendable
from logboom.store.elastic.client import Client, decoded
from logboom.store.elastic.install import Installer
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.number_paths import NumberPaths
from logboom.store.elastic.outcomes import Sorted, sort_out
from logboom.store.elastic.pace import Pace
from logboom.store.elastic.refusals import LATER, failure
from logboom.store.port import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_OK, _TOO_LARGE = 200, 413
_OVERLOADED = 429
_TRIES_WHEN_BROKEN = 6

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
class _Write:
    """One call of `write`: its answers so far, and when the last of them came."""

    documents: Sequence[Document]
    maker: BodyMaker
    progress_at: float
    answers: dict[int, _Answer] = field(default_factory=dict)


class BulkWriter:
    """Writes documents with `op_type=create`: one that is there already is a duplicate, not an error.

    Args:
        client: The way to Elasticsearch.
        names: Of the day indices.
        settings: How requests are made.
        clock: For patience.
        installer: Sees to it that indices are there, and know the attributes with numbers.
    """

    def __init__(
        self, client: Client, names: IndexNames, settings: WriterSettings, clock: Clock,
        installer: Installer,
    ) -> None:  # fmt: skip
        self._client = client
        self._names = names
        self._settings = settings
        self._clock = clock
        self._installer = installer
        self._prepared: set[date] = set()
        self._numbers = NumberPaths()
        self.pace = Pace(settings.max_bytes, settings.max_requests)

    async def write(self, documents: Sequence[Document]) -> Sequence[_Answer]:
        """Stores documents; see `StoreWriter.write`."""
        await self._prepare(documents)
        answers: dict[int, _Answer] = {}

        def refuse(number: int, reason: str) -> None:
            answers[number] = Rejected(reason)

        maker = BodyMaker(documents, self._names, spell=self._settings.spell, refuse=refuse)
        write = _Write(documents, maker, self._clock.monotonic(), answers)
        numbers, repeated = _sendable(documents, refuse)
        await self._send_all(write, maker.bodies(numbers, lambda: self.pace.bytes))
        for number, first in repeated.items():
            answer = answers[first]
            answers[number] = Outcome.DUPLICATE if isinstance(answer, Outcome) else answer
        return [answers[number] for number in range(len(documents))]

    async def close(self) -> None:
        """Nothing is held between two writes."""

    async def _prepare(self, documents: Sequence[Document]) -> None:
        """Sees to it that the indices are as these documents need them."""
        for day in sorted({document.day for document in documents} - self._prepared):
            await self._installer.prepare_index(self._names.of(day))
            self._prepared.add(day)
        for day, paths in self._numbers.unknown(documents).items():
            try:
                await self._installer.add_numbers(self._names.of(day), paths)
            except LogboomError:
                self._numbers.forget(day)
                raise

    async def _send_all(self, write: _Write, bodies: Iterator[Body]) -> None:
        """Sends bodies, as many at once as the pace allows; the next one is made meanwhile."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            for body in bodies:
                under_way.add(asyncio.create_task(self._send(write, body)))
                while len(under_way) >= self.pace.requests:
                    under_way = await _any_done(under_way)
                await asyncio.sleep(0)  # lets the request out before the next body is made
            while under_way:
                under_way = await _any_done(under_way)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _send(self, write: _Write, body: Body) -> None:
        """Sends a body until each of its documents has its answer."""
        backoff = Backoff()
        waiting = [body]
        while waiting:
            body = waiting.pop()
            status, answer = await self._try(write, body, backoff)
            if status == _TOO_LARGE:
                waiting += self._halves(write, body)
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
            write.answers.update(found.answers)
            write.progress_at = self._clock.monotonic()
        for number in found.broken:
            if tries >= _TRIES_WHEN_BROKEN:
                write.answers[number] = Rejected(found.reason)
            else:
                found.later.append(number)
        if found.overloaded:
            self.pace.slow_down()
        return found

    async def _try(self, write: _Write, body: Body, backoff: Backoff) -> tuple[int, bytes]:
        """Sends until there is an answer with items, or the body proves too large.

        Raises:
            StoreUnavailable: Nothing was stored for too long.
            StoreRefused: Elasticsearch does not take anything from us.
        """
        while True:
            try:
                status, answer = await self._client.bulk(body.content)
            except StoreUnavailable as error:
                await self._wait(write, backoff, error)
                continue
            if status in {_OK, _TOO_LARGE}:
                return status, answer
            trouble = failure(status, decoded(answer), self._client.address)
            if status not in LATER:
                raise trouble
            if status == _OVERLOADED:
                self.pace.slow_down()
            await self._wait(write, backoff, trouble)

    def _halves(self, write: _Write, body: Body) -> Iterator[Body]:
        if len(body.numbers) == 1:
            size = len(body.content)
            write.answers[body.numbers[0]] = Rejected(
                f"has {size} bytes, which is more than Elasticsearch takes at once"
                " (its setting http.max_content_length)"
            )
            return
        most = len(body.content) // 2
        yield from write.maker.bodies(body.numbers, lambda: most)

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


def _sendable(
    documents: Sequence[Document], refuse: Callable[[int, str], None]
) -> tuple[list[int], dict[int, int]]:
    """Which documents are sent, and which others repeat one of them (by number)."""
    first: dict[tuple[object, str], int] = {}
    repeated: dict[int, int] = {}
    numbers: list[int] = []
    for number, document in enumerate(documents):
        before = first.setdefault((document.day, document.id), number)
        if before != number:
            repeated[number] = before
            continue
        reason = unsendable(document)
        if reason is None:
            numbers.append(number)
        else:
            refuse(number, reason)
    return numbers, repeated


async def _any_done(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Waits until one of the tasks is done; those that go on. Raises what a task raised."""
    done, going_on = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return going_on
