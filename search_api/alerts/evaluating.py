"""How is a group of rules evaluated: asked, decided, and written down in one step per rule?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from logboom.errors import QueryError
from search_api.alerts.alert import moment_of
from search_api.alerts.changes import Arrived
from search_api.alerts.cursors import Cursors, KeptCursors, is_ahead
from search_api.alerts.data import Data
from search_api.alerts.deciding import Deciding, Decision, is_same
from search_api.alerts.ending import CHANGED, end_all
from search_api.alerts.evaluate import Evaluated, evaluate_in_turns, instants_between
from search_api.alerts.keeping import Book
from search_api.alerts.late_windows import LateWindows
from search_api.alerts.questions import Due, Found, find
from search_api.alerts.rules import Rule, RuleGroup
from search_api.alerts.source import Source
from search_api.alerts.standing import Standing
from search_api.alerts.states import RuleState

log = logging.getLogger("logboom.alerts")

MOST_INSTANTS: Final = 240
"""Of one rule in one turn; the others follow in the next one."""

_TRIES: Final = 2

Look = Callable[[], Awaitable[Arrived]]
"""Finds out what has come late, once it is known what the questions have found."""


async def _nobody_looks() -> Arrived:
    return Arrived()


@dataclass(frozen=True, slots=True)
class Turn:
    """What is known when a group is evaluated.

    Attributes:
        now_us: The time, µs since the epoch.
        last_us: Windows that end by then can be evaluated.
        whole_us: Of those that end by then nothing is on its way any more.
        late_s: How late the pipeline is.
        catch_up_us: So far back at most.
    """

    now_us: int
    last_us: int
    whole_us: int
    late_s: float
    catch_up_us: int


class Evaluating:
    """Evaluates groups of rules.

    Args:
        source: Asked for data.
        book: Has the rules' states.
        standing: Is told how it goes.
    """

    def __init__(self, source: Source, book: Book, standing: Standing) -> None:
        self._source = source
        self._book = book
        self._standing = standing
        self._cursors = KeptCursors(book)
        self._deciding = Deciding(source, book, standing)
        self._late_windows = LateWindows(source, book, self._deciding, standing)
        self._waiting: dict[str, int] = {}

    async def cursor_of(self, name: str) -> tuple[int | None, int | None]:
        """Up to when a group was evaluated, and before when what came late was dealt with.

        Returns:
            Both in µs since the epoch; None for what is not known.

        Raises:
            StateError: It cannot be read.
        """
        cursors = await self._cursors.of(name)
        return max(cursors.rules.values(), default=None), cursors.arrived_us

    def waits_for(self, name: str) -> int | None:
        """The first instant of a group that some rule waits for, since its window may not be whole."""
        return self._waiting.get(name)

    async def group(self, group: RuleGroup, turn: Turn, look: Look = _nobody_looks) -> bool:
        """Evaluates the rules of a group at the instants that are due.

        Args:
            group: The group.
            turn: What is known.
            look: Asked for late events.

        Returns:
            True when something is left to be done at once.

        Raises:
            StateError: What was decided may or may not be kept: read everything again.
        """
        cursors = await self._cursors.of(group.name)
        self._waiting.pop(group.name, None)
        now = moment_of(turn.now_us)
        ready = [rule for rule in group.rules if await self._has_ended(rule, now)]
        dues = [due for rule in ready if (due := self._due(rule, turn, cursors)) is not None]
        asked = await self._asked(dues)
        self._standing.groups[group.name].questions = sum(
            one.questions for one in {id(found): found for _, found in asked}.values()
        )
        arrived = await look()
        self._standing.evaluations += len(asked)
        decisions = await self._decided(asked, turn)
        firing, held = set[str](), list[Rule]()
        if arrived.times is not None or self._late_windows.has_left(group):
            firing = {one.rule.id for one in decisions.values() if one.fires}
        lost = await self._deciding.settle(
            [one for one in decisions.values() if one.rule.id not in firing]
        )
        if firing:  # it may have fired earlier: since when is told
            again = [(due, found) for due, found in asked if due.rule.id in firing]
            held = await self._again([due.rule for due, _ in again], arrived, cursors, turn)
            latest = await self._decided([one for one in again if one[0].rule not in held], turn)
            lost |= await self._deciding.settle([*latest.values()])
            decisions = {name: d for name, d in decisions.items() if name not in firing} | latest
        for due in dues:
            if due.rule.id in decisions and due.rule.id not in lost:
                cursors.rules[due.rule.name] = self._reached(due, decisions[due.rule.id])
        if arrived.times is None:
            self._note_arrived(group, cursors, arrived)
        await self._cursors.keep(group, cursors)
        self._standing.groups[group.name].last_us = min(cursors.rules.values(), default=None)
        is_put_off = bool(held)  # what is due now comes behind what is judged again
        left = [rule for rule in group.rules if rule.id not in firing]
        held += await self._again(left, arrived, cursors, turn)
        is_noted = arrived.times is not None and self._note_arrived(group, cursors, arrived)
        if is_noted or held:
            await self._cursors.keep(group, cursors)
        return (
            is_put_off
            or bool(lost)
            or any(one.is_left for one in decisions.values())
            or any(
                due.instants[-1] + group.every_us <= turn.last_us and due.rule.id in decisions
                for due in dues
            )
        )

    async def _again(
        self, rules: Sequence[Rule], arrived: Arrived, cursors: Cursors, turn: Turn
    ) -> list[Rule]:
        """Evaluates windows again that late events have changed; the rules that go on further back."""
        held = await self._late_windows.again(rules, arrived.times, cursors, turn.whole_us)
        for rule in held:
            self._wait_for(rule, cursors.rules[rule.name] + rule.every_us)
        return held

    async def _decided(self, asked: Sequence[tuple[Due, Found]], turn: Turn) -> dict[str, Decision]:
        decisions: dict[str, Decision] = {}
        for due, found in asked:
            failure = found.failure_of(due)
            if failure is not None:
                self._deciding.fail(due.rule, failure)
                continue
            work = partial(self._evaluated, due, found.data, turn.whole_us)
            decision = await self._deciding.decide(due.rule, work)
            if decision is not None:
                self._standing.failures.pop(due.rule.id, None)
                decisions[due.rule.id] = decision
            await asyncio.sleep(0)  # many rules never keep the API from answering
        return decisions

    def _reached(self, due: Due, decision: Decision) -> int:
        """Up to where a rule was evaluated for good; for the rest its group waits."""
        last_us = due.instants[-1]
        cursor_us = decision.kept.state.cursor_us
        if cursor_us is None or cursor_us >= last_us:
            return last_us
        self._wait_for(due.rule, cursor_us + due.rule.every_us)
        return cursor_us

    def _wait_for(self, rule: Rule, first_us: int) -> None:
        self._waiting[rule.group] = min(first_us, self._waiting.get(rule.group, first_us))

    def _note_arrived(self, group: RuleGroup, cursors: Cursors, arrived: Arrived) -> bool:
        """Notes that what came late was dealt with; False when it was not, or is not known."""
        if arrived.until_us is None or self._late_windows.has_left(group):
            return False
        cursors.arrived_us = arrived.until_us
        return True

    async def _asked(self, dues: Sequence[Due]) -> list[tuple[Due, Found]]:
        """Rules with their data; of those that are too much at once only the latest instant."""
        found = await find(self._source, dues)
        large = {
            due.rule.id: Due(due.rule, due.instants[-1:])
            for due in dues
            if len(due.instants) > 1 and isinstance(found.failure_of(due), QueryError)
        }
        if not large:
            return [(due, found) for due in dues]
        less = await find(self._source, [*large.values()])
        for due in dues:
            if due.rule.id in large and less.failure_of(large[due.rule.id]) is None:
                passed = len(due.instants) - 1
                self._standing.passed_over += passed
                log.warning(
                    "%s: %d evaluations are passed over, all at once they are too much for the store",
                    due.rule.id, passed,
                )  # fmt: skip
        return [
            (large[due.rule.id], less) if due.rule.id in large else (due, found) for due in dues
        ]

    def _cursor(self, rule: Rule, cursors: Cursors) -> int | None:
        kept = self._book.kept.get(rule.id)
        own = None if kept is None or not is_same(rule, kept) else kept.state.cursor_us
        known = (cursors.rules.get(rule.name), own)
        return max((one for one in known if one is not None), default=None)

    def _back_from_future(self, rule: Rule, last_us: int) -> None:
        """Makes the best of what is remembered of a time that was not there yet."""
        kept = self._book.kept.get(rule.id)
        if kept is not None:
            self._book.kept[rule.id] = replace(kept, state=kept.state.back_to(last_us))
        self._standing.rewound += 1

    def _due(self, rule: Rule, turn: Turn, cursors: Cursors) -> Due | None:
        cursor = self._cursor(rule, cursors)
        if cursor is not None and is_ahead(cursor, turn.last_us, rule.every_us):
            log.warning(
                "%s was evaluated for %s, which is still to come: a clock was wrong; it goes on with"
                " the present", rule.id, moment_of(cursor).isoformat(),
            )  # fmt: skip
            self._back_from_future(rule, turn.last_us)
            cursors.rules.pop(rule.name, None)
            cursor = None
        if rule.remembers and turn.late_s * 1e6 > rule.over_us:
            self._standing.held.add(rule.id)
            return None
        self._standing.held.discard(rule.id)
        oldest = turn.last_us - turn.catch_up_us
        if cursor is not None and cursor < oldest:
            passed = (oldest - cursor) // rule.every_us
            self._standing.passed_over += passed
            log.warning(
                "%s: %d evaluations are passed over, the downtime was too long", rule.id, passed
            )
            cursor = oldest
        last_us = turn.last_us
        if (
            cursor is None and rule.remembers and oldest <= turn.whole_us
        ):  # it begins where all is known
            last_us = min(last_us, turn.whole_us)
        instants = instants_between(cursor, last_us, rule.every_us)[:MOST_INSTANTS]
        if rule.remembers:
            instants = self._whole(rule, instants, turn)
        return Due(rule, instants) if instants else None

    def _whole(self, rule: Rule, instants: list[int], turn: Turn) -> list[int]:
        """Instants whose windows have all of their events: silence in others says nothing."""
        whole = [one for one in instants if one <= turn.whole_us]
        if len(whole) < len(instants):
            self._wait_for(rule, instants[len(whole)])
        return whole

    async def _evaluated(self, due: Due, data: Data, whole_us: int, room: int) -> Evaluated:
        before = self._deciding.state_of(due.rule)
        if before.cursor_us is not None and before.cursor_us >= due.instants[0]:
            return Evaluated(before, ())  # somebody else has gone on meanwhile
        return await evaluate_in_turns(
            due.rule, data, before, due.instants, room=room, whole_us=whole_us
        )

    async def _has_ended(self, rule: Rule, now: datetime) -> bool:
        """Whether nothing fires any more that a rule of this name fired that meant something else."""
        kept = self._book.kept.get(rule.id)
        if kept is None or is_same(rule, kept) or not kept.state.series:
            return True
        for _ in range(_TRIES):  # those who tell may have written the record meanwhile
            if await end_all(self._book, rule.id, now, CHANGED):
                return True
        return False

    async def watch(self, rule: Rule, data: Data, instants: list[int]) -> None:
        """Evaluates one of our own rules on data that are given.

        Raises:
            StateError: What was decided may or may not be kept.
        """
        kept = self._book.kept.get(rule.id)
        if kept is not None and is_ahead(kept.state.cursor_us, instants[-1], rule.every_us):
            self._back_from_future(rule, instants[-1])

        async def work(room: int) -> Evaluated:
            kept = self._book.kept.get(rule.id)
            state = RuleState(rule.fingerprint()) if kept is None else kept.state
            left = [one for one in instants if state.cursor_us is None or one > state.cursor_us]
            return await evaluate_in_turns(rule, data, state, left, room=room)

        for _ in range(_TRIES):  # those who tell may have written the record meanwhile
            decision = await self._deciding.decide(rule, work, with_samples=False)
            if not await self._deciding.settle([] if decision is None else [decision]):
                break
