"""Sending: bulk requests under way at once, only what failed tried again, giving up in time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from logboom.clock import Clock
from logboom.elastic.client import Client, NotSent, TimedOut, decoded
from logboom.elastic.refusals import LATER, failure, reason_of
from logboom.errors import LogboomError, StoreUnavailable
from logboom.retrying import Backoff
from logboom.store.elastic.bodies import Body, BodyMaker
from logboom.store.elastic.outcomes import Sorted, sort_out
from logboom.store.elastic.pace import Pace
from logboom.store.unanswered import Unanswered
from logboom.store.values import Document, Outcome, Rejected

log = logging.getLogger("logboom.store")

_OK, _BAD, _TOO_LARGE = 200, 400, 413
_OVERLOADED = 429
_TIMED_OUT = 0  # stands for a status where there was none in time
_TRIES_WHEN_BROKEN = 6
_ANSWER_LOST = frozenset({502, 504})
"""What a proxy says when Elasticsearch may have got a request and the answer did not come through."""


@dataclass(slots=True)
class Fates:
    """What has become of the documents of a write.

    Attributes:
        answers: So far, by number of the document.
        reducible: Numbers of those that were refused for what is in them.
    """

    answers: dict[int, Outcome | Rejected]
    reducible: set[int] = field(default_factory=set)

    def refuse(self, number: int, reason: str) -> None:
        """Notes that a document is refused for what is in it."""
        self.answers[number] = Rejected(reason)
        self.reducible.add(number)


@dataclass(slots=True)
class Write:
    """One call of `write`, or the reduced forms of what it could not store.

    What it has refers to nothing that has it: with all documents in a ring, it would wait long for the
    collector.

    Attributes:
        progress_at: When the last answer came.
        is_reduced: These are the reduced forms.
    """

    documents: Sequence[Document]
    maker: BodyMaker
    fates: Fates
    progress_at: float
    is_reduced: bool


class Sender:
    """Sends bodies until each of their documents has its answer. All writes share its pace.

    Args:
        client: The way to Elasticsearch.
        pace: How much is asked at once.
        unanswered: Is told of requests whose answer was lost.
        clock: For patience.
        patience_s: Give up when nothing at all was stored or rejected for so long.
    """

    def __init__(
        self, client: Client, pace: Pace, unanswered: Unanswered, clock: Clock, *, patience_s: float
    ) -> None:
        self._client = client
        self._pace = pace
        self._unanswered = unanswered
        self._clock = clock
        self._patience_s = patience_s

    async def send_all(self, write: Write, bodies: Iterator[Body]) -> None:
        """Sends bodies, as many at once as the pace allows; the next one is made meanwhile.

        Raises:
            StoreUnavailable: Nothing was stored for too long.
            StoreRefused: Elasticsearch does not take anything from us.
        """
        sent: list[asyncio.Task[None]] = []
        try:
            for body in bodies:
                await self._pace.take_place()
                if not sent:
                    write.progress_at = self._clock.monotonic()  # until now it waited for others
                task = asyncio.create_task(self._send(write, body))
                task.add_done_callback(lambda _: self._pace.give_place_back())
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

    async def _send(self, write: Write, body: Body) -> None:
        """Sends a body until each of its documents has its answer."""
        backoff = Backoff()
        failed: Counter[int] = Counter()
        waiting = [body]
        while waiting:
            body = waiting.pop()
            if len(body.content) > self._pace.bytes and len(body.numbers) > 1:
                waiting += write.maker.bodies(body.numbers, lambda: self._pace.bytes)
                body = waiting.pop()
            status, answer = await self._try(write, body, backoff)
            if status == _TIMED_OUT:
                waiting.append(body)  # less of it at once, if it was much
                continue
            if status != _OK:
                waiting += self._halves(write, body, status, answer)
                continue
            left = self._take(write, sort_out(answer, body, self._client.address), failed)
            if left.failure is not None:
                raise left.failure
            if left.later:
                await self._wait(write, backoff, left.reason)
                waiting += write.maker.bodies(left.later, lambda: self._pace.bytes)
            elif not waiting:
                self._pace.went_well()

    def _take(self, write: Write, found: Sorted, failed: Counter[int]) -> Sorted:
        """Notes answers; what is left is to be tried again.

        Args:
            failed: How often the server has failed at a document, by its number; is added to.
        """
        if found.answers:
            write.fates.answers.update(found.answers)
            write.progress_at = self._clock.monotonic()
        write.fates.reducible |= {
            n for n, one in found.answers.items() if isinstance(one, Rejected)
        }
        failed.update(found.broken)
        for number in found.broken:
            if failed[number] > _TRIES_WHEN_BROKEN:
                write.fates.refuse(number, found.reason)
            else:
                found.later.append(number)
        if found.overloaded:
            self._pace.slow_down()
        return found

    async def _try(self, write: Write, body: Body, backoff: Backoff) -> tuple[int, bytes]:
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
                self._pace.slow_down()
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
                self._pace.slow_down()
            await self._wait(write, backoff, trouble)

    def _answer_lost(self, write: Write, body: Body) -> None:
        self._unanswered.note_perhaps(write.documents[number] for number in body.numbers)

    def _halves(
        self, write: Write, body: Body, status: int, answer: bytes
    ) -> Iterator[Body]:  # fmt: skip
        """A body that was refused as a whole, in two; the one document that is to blame, refused.

        Raises:
            StoreRefused: It is not the documents' fault.
        """
        size = len(body.content)
        if len(body.numbers) > 1:
            if status == _TOO_LARGE:
                self._pace.too_large(size)
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

    async def _wait(self, write: Write, backoff: Backoff, why: LogboomError | str) -> None:
        """Sleeps before the next try.

        Raises:
            LogboomError: That is `why`, when patience is over; StoreUnavailable for a text.
        """
        idle_s = self._clock.monotonic() - write.progress_at
        wait_s = backoff.next_wait_s()
        if idle_s + wait_s > self._patience_s:
            if isinstance(why, LogboomError):
                raise why
            raise StoreUnavailable(
                f"Elasticsearch puts events off: {why}", where=self._client.address
            )
        log.debug("a bulk request is tried again in %.1f s: %s", wait_s, why)
        await asyncio.sleep(wait_s)


def _in_two(numbers: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    middle = len(numbers) // 2
    return numbers[:middle], numbers[middle:]


def _going_on(tasks: Sequence[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    """Those of the tasks that are not done; raises what one of them raised."""
    for task in tasks:
        if task.done():
            task.result()
    return [task for task in tasks if not task.done()]
