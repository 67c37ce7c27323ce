"""How are the needs of many rules asked for in few questions?

Rules that need the same share it. Rules that differ only in the service that they are about share one
question, which is split by the service.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from logboom.errors import LogboomError
from logboom.query.model import And, MatchAll, Query, Term
from logboom.store.cells import Cell, CellsRequest
from search_api.alerts.data import Data, Need, Stretch
from search_api.alerts.needs import (
    needs_of,
    stretches_of,
    wants_first_sights,
    width_of,
)
from search_api.alerts.rules import FINGERPRINT, Rule
from search_api.alerts.source import Source

SERVICE = "service.name"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Due:
    """A rule that is to be evaluated at some instants, ascending."""

    rule: Rule
    instants: Sequence[int]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the store, and which needs its answer is for.

    Attributes:
        need: What is asked.
        stretch: For which time.
        parts: The needs by the value of the service that they are about; None: the answer as it is.
    """

    need: Need
    stretch: Stretch
    parts: Mapping[str, Need] | None = None

    @property
    def request(self) -> CellsRequest:
        """As the store is asked."""
        stretch = self.stretch
        return CellsRequest(
            query=self.need.query, start_us=stretch.start_us, end_us=stretch.end_us,
            interval_us=None if stretch.width_us == stretch.end_us - stretch.start_us
            else stretch.width_us,
            by=self.need.by, of=self.need.of, percentiles=self.need.percentiles,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """The data of rules, and what could not be found out.

    Attributes:
        failures: By the need and the width of its data.
        questions: How many were asked.
    """

    data: Data
    failures: Mapping[tuple[Need, int], LogboomError]
    questions: int

    def failure_of(self, due: Due) -> LogboomError | None:
        """Why a rule cannot be evaluated; None when it can."""
        width_us = width_of(due.rule, due.instants)
        for single in due.rule.singles:
            for need in needs_of(single).all:
                if (need, width_us) in self.failures:
                    return self.failures[need, width_us]
        return None


def questions_of(dues: Iterable[Due]) -> list[Question]:
    """The questions that answer what rules need, each once."""
    wanted: dict[tuple[Need, Stretch], None] = {}
    for due in dues:
        for single in due.rule.singles:
            for need in needs_of(single).all:
                for stretch in stretches_of(single, due.instants):
                    wanted[need, stretch] = None
    alike: defaultdict[tuple[Need, Stretch], dict[str, Need]] = defaultdict(dict)
    questions = []
    for need, stretch in wanted:
        general = _without_service(need)
        if general is None:
            questions.append(Question(need, stretch))
        else:
            service, rest = general
            alike[rest, stretch][service] = need
    for (rest, stretch), parts in alike.items():
        if len(parts) == 1:
            questions += [Question(need, stretch) for need in parts.values()]
        else:
            questions.append(Question(rest, stretch, parts))
    return questions


def _without_service(need: Need) -> tuple[str, Need] | None:
    """The one service that a need is about, and the same need for all services.

    Not for the empty name: cells have the events without a service under it, too.
    """
    if SERVICE in need.by:
        return None
    parts = need.query.parts if isinstance(need.query, And) else (need.query,)
    named = [part for part in parts if isinstance(part, Term) and part.field == SERVICE]
    if len(named) != 1 or not named[0].value:
        return None
    rest = tuple(part for part in parts if part is not named[0])
    query: Query = MatchAll() if not rest else rest[0] if len(rest) == 1 else And(rest)
    return named[0].value, replace(need, query=query, by=(SERVICE, *need.by))


async def find(source: Source, dues: Sequence[Due]) -> Found:
    """Asks all that rules need.

    Args:
        source: Asked a few questions at once.
        dues: The rules.

    Returns:
        What was found. A question that fails concerns only those rules that need it; one of all
        services that asks for too much is asked again for each service by itself.
    """
    questions = questions_of(dues)
    data, failures = Data(), dict[tuple[Need, int], LogboomError]()
    turns = asyncio.Semaphore(_AT_ONCE)
    alone: list[Question] = []

    async def ask(question: Question) -> None:
        width_us = question.stretch.width_us
        try:
            async with turns:
                cells = await source.cells(question.request)
        except LogboomError as error:
            if question.parts is not None and not error.retryable:  # of all services too much
                alone.extend(Question(one, question.stretch) for one in question.parts.values())
                return
            needs = (question.parts or {"": question.need}).values()
            failures.update({(need, width_us): error for need in needs})
            return
        _take(data, question, cells)

    for some in (questions, alone):
        async with asyncio.TaskGroup() as tasks:
            for question in some:
                tasks.create_task(ask(question))
    try:
        data.first_seen = await _first_sights(source, dues, data)
    except LogboomError as error:
        for due in dues:
            if wants_first_sights(due.rule):
                failures[needs_of(due.rule).main, width_of(due.rule, due.instants)] = error
    return Found(data, failures, len(questions) + len(alone))


def _take(data: Data, question: Question, cells: Sequence[Cell]) -> None:
    width_us = question.stretch.width_us
    if question.parts is None:
        data.add(question.need, width_us, cells)
        return
    split: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        split[cell.values[0]].append(replace(cell, values=cell.values[1:]))
    for service, need in question.parts.items():
        data.add(need, width_us, split[service])


async def _first_sights(source: Source, dues: Sequence[Due], data: Data) -> Mapping[str, int]:
    fingerprints: set[str] = set()
    since: list[int] = []
    for due in dues:
        if wants_first_sights(due.rule):
            table = data.table(needs_of(due.rule).main, width_of(due.rule, due.instants))
            place = due.rule.series_by.index(FINGERPRINT)
            start_us, end_us = due.instants[0] - due.rule.over_us, due.instants[-1]
            fingerprints |= {values[place] for values in table.series(start_us, end_us)}
            since.append(start_us)
    wanted = fingerprints - {""}
    return await source.first_seen(wanted, min(since)) if wanted else {}
