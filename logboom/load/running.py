"""How do many users ask at once?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from logboom.clock import Clock
from logboom.errors import LogboomError, ServiceUnreachable
from logboom.load.connection import Answer, Connection
from logboom.load.feeding import Feed
from logboom.load.questions import Asker, Facts, Question, facts_of
from logboom.load.report import Asked, Report, report_of

_SAMPLE = 1_000
_REST_AFTER_ERROR_S = 0.1
_PARTIAL = b'"partial":true'
"""As the API writes it; an event may have the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question.

    Attributes:
        error: Why there is no answer; empty when there is.
        is_partial: The answer says that there may be more than it tells.
    """

    error: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done.

    Attributes:
        url: Of the API.
        users: Who ask at the same time, each one thing after the other.
        duration_s: For so long.
        kinds: Which kinds of questions; default: all.
        seed: The same seed, the same questions.
        headers: Sent with each of them.
    """

    url: str
    users: int
    duration_s: float
    kinds: Sequence[str] = ()
    seed: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


async def run_load(load: Load, clock: Clock, feed: Feed | None = None) -> Report:
    """Asks for so long, and reports.

    Args:
        load: What is to be done.
        clock: For durations.
        feed: Writes events meanwhile.

    Raises:
        ServiceUnreachable: The API does not answer at the beginning.
        LogboomError: It has no events, or those that are to be written cannot be.
        OSError: The file that they are written to refuses.
    """
    facts = await learn(load)
    asked: list[Asked] = []
    begun = clock.monotonic()
    try:
        await _ask_all(load, facts, clock, feed, asked)
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    ingested = 0 if feed is None else feed.written
    took_s = clock.monotonic() - begun
    return report_of(asked, users=load.users, took_s=took_s, ingested=ingested)


async def _ask_all(
    load: Load, facts: Facts, clock: Clock, feed: Feed | None, asked: list[Asked]
) -> None:
    async with asyncio.TaskGroup() as tasks:
        feeding = None if feed is None else tasks.create_task(feed.run())
        askers = [Asker(facts, load.seed + number, load.kinds) for number in range(load.users)]
        users = [tasks.create_task(_use(load, asker, clock, asked)) for asker in askers]
        await asyncio.wait(users)
        if feeding is not None:
            feeding.cancel()


async def learn(load: Load) -> Facts:
    """Finds out what there is to ask for.

    Raises:
        ServiceUnreachable: The API does not answer.
        LogboomError: It has no events.
    """
    connection = Connection(load.url, load.headers)
    try:
        first = await _page(connection, "sort=asc&limit=1")
        last = await _page(connection, f"sort=desc&limit={_SAMPLE}")
        errors = await _page(connection, "q=level:error&sort=asc&limit=100")
    finally:
        connection.close()
    if not last:
        raise LogboomError("there are no events to ask for", where=load.url, mend="ship some first")
    begin, end = (datetime.fromisoformat(event["@timestamp"]) for event in (first[0], last[0]))
    return facts_of([*last, *errors], begin, end)


async def _page(connection: Connection, parameters: str) -> list[dict[str, Any]]:
    answer = await connection.ask(f"/api/v1/search?{parameters}")
    if answer.status != 200:
        raise LogboomError(f"the API answered {_detail(answer)}")
    events: list[dict[str, Any]] = orjson.loads(answer.body)["events"]
    return events


async def _use(load: Load, asker: Asker, clock: Clock, asked: list[Asked]) -> None:
    """One user, until the time is over."""
    connection = Connection(load.url, load.headers)
    due = clock.monotonic() + load.duration_s
    try:
        while (begun := clock.monotonic()) < due:
            question = asker.next()
            outcome = await ask_one(connection, asker, question)
            took_s = clock.monotonic() - begun
            asked.append(Asked(question.kind, took_s, outcome.error, outcome.is_partial))
            if outcome.error:
                await asyncio.sleep(_REST_AFTER_ERROR_S)
    finally:
        connection.close()


async def ask_one(connection: Connection, asker: Asker, question: Question) -> Outcome:
    """Asks one question."""
    try:
        answer = await connection.ask(question.target)
    except ServiceUnreachable as error:
        return Outcome(error.what)
    if answer.status != 200:
        return Outcome(f"{question.kind}: {_detail(answer)}")
    may_be_partial = _PARTIAL in answer.body  # most need not be read for that
    content = orjson.loads(answer.body) if may_be_partial or question.kind == "q9" else {}
    if question.kind == "q9":
        asker.note(question, content)
    return Outcome(is_partial=bool(content.get("partial")))


def _detail(answer: Answer) -> str:
    try:
        detail = orjson.loads(answer.body)["detail"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        detail = answer.body[:200].decode("utf-8", "replace")
    return f"{answer.status}: {detail}"
