"""How is a question put to the store? In turn, in time, from what is kept; and noted when it is slow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from fastapi import Response
from starlette.background import BackgroundTask

from logboom.clock import Clock
from logboom.config.searching import SearchesSection
from logboom.errors import LogboomError, StoreRefused, StoreUnavailable
from logboom.keys.redacting import redacted
from logboom.query.model import Query
from logboom.store import Store, TimeRange
from logboom.telemetry import ApiMetrics
from search_api.http.responding import json_of
from search_api.http.turns import Turns
from search_api.searching.caching import AnswerCache, digest_of
from search_api.searching.plans import plan_of
from search_api.searching.versions import Versions

log = logging.getLogger("logboom.api")

_Found = TypeVar("_Found")

_PAST_US = 60_000_000
"""Times that ended so long ago are past: questions about them may come again, just the same."""

_CHECK_S = 1.0
"""In so much time a store that answers at all says so, or has answered somebody."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the store.

    Attributes:
        kind: Of the answer: `search`, `count`, …
        text: The query as the user wrote it, for the log.
        query: Which events.
        times: Of which times.
        form: All else that the answer depends on.
    """

    kind: str
    text: str
    query: Query
    times: TimeRange
    form: Hashable = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store said; `is_whole` is False when a part is missing, for want of time perhaps."""

    content: dict[str, Any]
    is_whole: bool = True


class Answering:
    """Puts questions to the store.

    Args:
        store: Has the events; as far as whoever asks may see them.
        narrowed: Gives a query with the limits of whoever asks: answers are kept by it.
        clock: For how long it takes.
        metrics: Count slow searches, refusals and what was found in the cache.
        section: The bounds.
        grace_s: The store answers in part once its time is up; so much longer it is waited for, if it
            answers at all.
    """

    def __init__(
        self, store: Store, narrowed: Callable[[Query], Query], clock: Clock, metrics: ApiMetrics,
        section: SearchesSection, grace_s: float = 5.0,
    ) -> None:  # fmt: skip
        self._store = store
        self._narrowed = narrowed
        self._clock = clock
        self._metrics = metrics
        self._slow_s = section.slow.total_seconds()
        self._timeout_s = section.timeout.total_seconds()
        self._grace_s = grace_s
        self._turns = Turns(
            section.concurrent,
            "searches",
            "api.searches.concurrent",
            metrics.searches_under_way,
            metrics.busy,
        )
        ttl_s = section.cache_ttl.total_seconds()
        self._cache = AnswerCache(section.cache, ttl_s, clock, metrics)
        self._versions = Versions(store, clock)
        self._is_explaining = False
        self._check: asyncio.Future[bool] | None = None
        self._answers_given = 0

    async def respond(self, question: Question, ask: Callable[[], Awaitable[Answer]]) -> Response:
        """Answers a question.

        Args:
            question: All that the answer depends on.
            ask: Asks the store for it.

        Raises:
            QueryError: The query cannot be used.
            StoreUnavailable: The store does not answer, or takes too long.
            TooBusy: Too many searches are under way, or too many of them are one's own.
        """
        begun = self._clock.monotonic()
        content = await self.in_turn(lambda: self._content(question, ask))
        took_s = self._clock.monotonic() - begun
        if question.kind == "search":
            told = b',"took_ms":%.3f}' % (took_s * 1000)
            content = b"".join((memoryview(content)[:-1], told))  # it may be large: copied once
        response = Response(content, media_type="application/json")
        if took_s > self._slow_s:
            self._metrics.slow_searches.inc()
            response.background = BackgroundTask(self._tell, question, took_s)
        return response

    async def _content(self, question: Question, ask: Callable[[], Awaitable[Answer]]) -> bytes:
        """The answer as JSON, from the cache or from the store."""
        if not self._cache.is_used or not self._is_past(question.times):
            return json_of((await ask()).content)
        narrowed = self._narrowed(question.query)  # not the text alone: who may see less gets less
        key = digest_of(question.kind, question.text, narrowed, question.times, question.form)
        version = await self._versions.of(question.times)
        if version is not None and (kept := self._cache.find(key, version)) is not None:
            return kept
        found = await ask()
        content = json_of(found.content)
        again = await self._versions.of(question.times) if found.is_whole else None
        if version is not None and version == again:
            self._cache.keep(key, version, content)
        return content

    def _is_past(self, times: TimeRange) -> bool:
        return times.end_us is not None and times.end_us <= self._clock.now_ns() // 1000 - _PAST_US

    async def in_turn(
        self, work: Callable[[], Coroutine[Any, Any, _Found]], mend: str | None = None
    ) -> _Found:
        """Does work when there is room for it, and gives it up when it takes too long.

        The room is taken until the work is really over: what was begun goes on, and what it changes
        takes effect after all.

        Args:
            work: Asks the store.
            mend: What helps when it takes too long; None: what helps with a search.

        Raises:
            StoreUnavailable: It takes too long.
            TooBusy: Too many searches are under way, or too many of them are one's own.
        """
        who = self._turns.take()
        given = self._answers_given
        task = asyncio.ensure_future(work())
        task.add_done_callback(partial(self._over, who))
        done, _ = await asyncio.wait([task], timeout=self._timeout_s)
        if not done:
            await self._wait_on(task, given, mend)
        return task.result()

    async def _wait_on(self, task: asyncio.Future[Any], given: int, mend: str | None) -> None:
        """Waits until the grace is over; nobody waits so long for a store that does not answer at all.

        Args:
            task: What is waited for.
            given: Answers that the store had given when it began.
            mend: As `in_turn` has it.

        Raises:
            StoreUnavailable: It is over.
        """
        ends_s = self._clock.monotonic() + self._grace_s
        if self._check is None or self._check.done():
            self._check = asyncio.ensure_future(self._answers())
        check = self._check
        await asyncio.wait([task, check], return_when=asyncio.FIRST_COMPLETED)
        where = self._store.address
        if not task.done() and not check.result() and self._answers_given == given:
            raise StoreUnavailable(
                f"the store does not answer at all, for {self._timeout_s:g} s or more", where=where,
                mend=mend or "see whether it runs; logboom doctor tells of all parts",
            )  # fmt: skip
        await asyncio.wait([task], timeout=max(0.0, ends_s - self._clock.monotonic()))
        if not task.done():
            raise StoreUnavailable(
                f"there was no answer within {self._timeout_s + self._grace_s:g} s", where=where,
                mend=mend or "ask for less, for example for a shorter time",
            )  # fmt: skip

    async def _answers(self) -> bool:
        """Whether the store answers soon; asked once for all who wait for it at the time."""
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._store.reach()
        except (LogboomError, TimeoutError) as error:
            return isinstance(error, StoreRefused)
        return True

    def _over(self, who: str, task: asyncio.Future[Any]) -> None:
        self._turns.give_back(who)
        if not task.cancelled() and task.exception() is None:  # whoever still waits raises it
            self._answers_given += 1

    async def _tell(self, question: Question, took_s: float) -> None:
        """Logs a slow search, and what it costs: of one at a time, when there is room for it."""
        head = f"slow {question.kind}: {took_s * 1000:.0f} ms for {redacted(question.text)!r}"
        if self._is_explaining or self._turns.is_crowded:
            log.warning("%s", head)
            return
        self._is_explaining = True
        try:
            plan = await plan_of(
                self._store, question.query, question.times, self._clock, question.text
            )
            log.warning("%s over %s", head, plan.sentence())
        except LogboomError as error:
            log.warning("%s; its plan is not known: %s", head, redacted(str(error)))
        finally:
            self._is_explaining = False
