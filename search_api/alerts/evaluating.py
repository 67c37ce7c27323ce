"""How is a group of rules evaluated: asked, decided, and written down in one step per rule?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from logboom.errors import LogboomError, QueryError, StateRefused
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.data import Data
from search_api.alerts.evaluate import (
    Evaluated,
    Transition,
    ended,
    evaluate_in_turns,
    instants_between,
    with_late,
)
from search_api.alerts.keeping import ALERT_BYTES, CURSORS, Book, Kept, write_details
from search_api.alerts.questions import Due, Found, find
from search_api.alerts.rules import Rule, RuleGroup
from search_api.alerts.source import Source
from search_api.alerts.standing import Standing
from search_api.alerts.states import RuleState
from search_api.alerts.telling import (
    MOST_SAMPLES,
    alert_of,
    events_of,
    room_for,
    shortened,
    window_of,
)

log = logging.getLogger("logboom.alerts")

MOST_INSTANTS: Final = 240
"""Of one rule in one turn; the others follow in the next one."""

_MOST_LATE_INSTANTS: Final = 2_000
_TRIES: Final = 3
_TOO_LARGE: Final = "what is to be remembered of it is too large for one record"
_FEWER: Final = "follow fewer series: narrow `where`, or take a field out of `by`"


@dataclass(slots=True)
class Cursors:
    """Up to which instant each rule of a group was evaluated; µs since the epoch."""

    rules: dict[str, int] = field(default_factory=dict)

    def to_json(self, names: Sequence[str]) -> dict[str, object]:
        """As the state keeps it: one number, and those that differ."""
        known = [self.rules[name] for name in names if name in self.rules]
        most = max(known, default=None)
        behind = {n: self.rules[n] for n in names if n in self.rules and self.rules[n] != most}
        return {"cursor_us": most, "behind": behind, "rules": list(names)}

    @classmethod
    def of(cls, value: Mapping[str, object]) -> Cursors:
        """Reads what `to_json` wrote."""
        cursor, behind, names = value["cursor_us"], value["behind"], value["rules"]
        found: dict[str, int] = {}
        if isinstance(cursor, int) and isinstance(names, list):
            found = dict.fromkeys(names, cursor)
        if isinstance(behind, dict):
            found.update(behind)
        return cls(found)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is known when a group is evaluated.

    Attributes:
        last_us: Windows that end by then can be evaluated.
        late_s: How late the pipeline is.
        catch_up_us: So far back at most.
    """

    last_us: int
    late_s: float
    catch_up_us: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a rule.

    Attributes:
        rule: The rule.
        kept: Its record as it is to be.
        alerts: What is to be told.
        is_change: False when the record says so already.
    """

    rule: Rule
    kept: Kept
    alerts: tuple[Alert, ...]
    is_change: bool


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
        self._cursors: dict[str, Cursors] = {}
        self._left: dict[str, tuple[int, int]] = {}

    async def cursor_of(self, name: str) -> int | None:
        """Up to when a group was evaluated; None when it never was.

        Raises:
            StateError: It cannot be read.
        """
        return max((await self._cursors_of(name)).rules.values(), default=None)

    async def group(
        self, group: RuleGroup, turn: Turn, changed: tuple[int, int] | None = None
    ) -> bool:
        """Evaluates the rules of a group at the instants that are due.

        Args:
            group: The group.
            turn: What is known.
            changed: Event times that late events came for, if there were any.

        Returns:
            True when something is left to be done at once.

        Raises:
            StateError: What was decided may or may not be kept: read everything again.
        """
        cursors = await self._cursors_of(group.name)
        dues = [due for rule in group.rules if (due := self._due(rule, turn, cursors)) is not None]
        asked = await self._asked(dues)
        self._standing.groups[group.name].questions = sum(
            one.questions for one in {id(found): found for _, found in asked}.values()
        )
        decisions: dict[str, Decision] = {}
        for due, found in asked:
            self._standing.evaluations += 1
            failure = found.failure_of(due)
            if failure is not None:
                self._fail(due.rule, failure)
                continue
            work = partial(self._evaluated, due, found.data)
            decision = await self._decide(due.rule, work)
            if decision is not None:
                self._standing.failures.pop(due.rule.id, None)
                decisions[due.rule.id] = decision
            await asyncio.sleep(0)  # many rules never keep the API from answering
        lost = await self.settle([*decisions.values()])
        begun = {name for name, one in decisions.items() if _is_same(one.rule, one.kept)}
        for due in dues:
            if due.rule.id in begun and due.rule.id not in lost:
                cursors.rules[due.rule.name] = due.instants[-1]
        await self._keep_cursors(group, cursors)
        changed = _together(changed, self._left.pop(group.name, None))
        if changed is not None:
            await self._again(group, changed, cursors)
        behind = [cursors.rules.get(due.rule.name, turn.last_us) for due in dues]
        return bool(lost) or any(
            at + group.every_us <= turn.last_us and due.rule.id in begun
            for at, due in zip(behind, dues, strict=True)
        )

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

    def _due(self, rule: Rule, turn: Turn, cursors: Cursors) -> Due | None:
        kept = self._book.kept.get(rule.id)
        of_group = cursors.rules.get(rule.name)
        own = None if kept is None or not _is_same(rule, kept) else kept.state.cursor_us
        cursor = max((one for one in (of_group, own) if one is not None), default=None)
        is_held = (rule.remembers or rule.no_data == "alert") and turn.late_s * 1e6 > rule.over_us
        if is_held:
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
        instants = instants_between(cursor, turn.last_us, rule.every_us)[:MOST_INSTANTS]
        return Due(rule, instants) if instants else None

    def _state_of(self, rule: Rule) -> RuleState:
        kept = self._book.kept.get(rule.id)
        if kept is None or not _is_same(rule, kept):
            return RuleState(rule.fingerprint())
        return kept.state

    async def _evaluated(self, due: Due, data: Data, room: int) -> Evaluated:
        """What a rule of the same name had fired that meant something else is at its end."""
        rule, before = due.rule, self._state_of(due.rule)
        kept = self._book.kept.get(rule.id)
        if kept is None or _is_same(rule, kept):
            return await evaluate_in_turns(rule, data, before, due.instants, room=room)
        number = len(rule.series_by)
        series = {key: one for key, one in kept.state.series.items() if len(key.values) == number}
        former = replace(kept.state, series=series)
        old = ended(rule, former, due.instants[-1], "the rule was changed", room=room)
        if old.state.series:  # the rule begins once all of it is told
            return old
        room -= len(old.transitions)
        evaluated = await evaluate_in_turns(rule, data, before, due.instants, room=room)
        return replace(evaluated, transitions=old.transitions + evaluated.transitions)

    def _fail(self, rule: Rule, failure: LogboomError) -> None:
        self._standing.failed += 1
        if rule.id not in self._standing.failures:
            log.warning("%s cannot be evaluated: %s", rule.id, failure)
        self._standing.failures[rule.id] = str(failure)

    async def settle(self, decisions: Sequence[Decision]) -> set[str]:
        """Keeps what was decided, each rule's states and transitions in one step.

        Args:
            decisions: One for each of some rules.

        Returns:
            Rules whose record somebody else has written meanwhile: nothing of them was kept.

        Raises:
            StateError: Any of them may or may not be kept.
        """
        changed = [one for one in decisions if one.is_change]
        alerts = [alert for one in changed for alert in one.alerts]
        await write_details(self._book.state, alerts)
        lost = await self._book.write({one.rule.id: one.kept for one in changed})
        for alert in alerts:
            if alert.rule not in lost:
                self._standing.transitions[alert.state.value] += 1
        return lost

    async def _decide(
        self, rule: Rule, work: Callable[[int], Awaitable[Evaluated]], *, with_samples: bool = True
    ) -> Decision | None:
        """Evaluates a rule so that its record takes what comes of it; None when it never does.

        Args:
            rule: The rule.
            work: Evaluates it with so much room for transitions.
            with_samples: Whether there are events to be shown.
        """
        before = self._book.kept.get(rule.id) or Kept(RuleState(""))
        room = before.room(ALERT_BYTES)
        while True:
            evaluated = await work(room)
            number = len(evaluated.transitions)
            alerts = [
                await self._alert(rule, one, number, with_samples=with_samples)
                for one in evaluated.transitions
            ]
            kept = self._book.decided(before, evaluated.state, alerts)
            if kept.fits:
                break
            if not room:
                self._fail(rule, StateRefused(_TOO_LARGE, mend=_FEWER))
                return None
            room = min(room, number) // 2
        if evaluated.overflow:
            self._standing.overflow[rule.id] = evaluated.overflow
        else:
            self._standing.overflow.pop(rule.id, None)
        is_same = _means_the_same(before.state, evaluated.state)
        return Decision(rule, kept, tuple(alerts), is_change=bool(alerts) or not is_same)

    async def _alert(
        self, rule: Rule, transition: Transition, number: int, *, with_samples: bool
    ) -> Alert:
        wanted = with_samples and transition.state is AlertState.FIRING
        if not wanted or transition.key.no_data:
            return alert_of(rule, transition, ())
        try:
            events = await self._source.samples(
                events_of(rule, transition.key.values), window_of(rule, transition), MOST_SAMPLES
            )
        except LogboomError as error:  # an alert without lines is better than none
            log.warning("%s: no sample events: %s", rule.id, error)
            events = ()
        return alert_of(rule, transition, shortened(events, room_for(number)))

    async def _cursors_of(self, name: str) -> Cursors:
        if name not in self._cursors:
            record = await self._book.state.get(CURSORS, name)
            self._cursors[name] = Cursors() if record is None else Cursors.of(record.value)
        return self._cursors[name]

    async def _keep_cursors(self, group: RuleGroup, cursors: Cursors) -> None:
        names = [rule.name for rule in group.rules]
        cursors.rules = {name: at for name, at in cursors.rules.items() if name in names}
        await self._book.state.put(CURSORS, group.name, cursors.to_json(names))
        self._standing.groups[group.name].last_us = min(cursors.rules.values(), default=None)

    async def _again(self, group: RuleGroup, changed: tuple[int, int], cursors: Cursors) -> None:
        """Windows that late events have changed."""
        dues = []
        for rule in group.rules:
            last = cursors.rules.get(rule.name)
            if last is None or rule.remembers:  # a series that came back late was never absent
                continue
            kept = self._book.kept.get(rule.id)
            if kept is not None and not _is_same(rule, kept):  # what it was has to end first
                continue
            first = changed[0] - rule.for_us - rule.keep_us
            instants = instants_between(first - first % rule.every_us, last, rule.every_us)
            if instants:
                dues.append(Due(rule, instants[-_MOST_LATE_INSTANTS:]))
        for _ in range(_TRIES):
            found = await find(self._source, dues)
            decisions = []
            for due in dues:
                if found.failure_of(due) is not None:
                    self._left[group.name] = changed
                    continue
                self._standing.reevaluated += len(due.instants)
                work = partial(self._evaluated_again, due, found.data)
                decision = await self._decide(due.rule, work)
                if decision is not None:
                    decisions.append(decision)
            lost = await self.settle(decisions)
            dues = [due for due in dues if due.rule.id in lost]
            if not dues:
                return

    async def _evaluated_again(self, due: Due, data: Data, room: int) -> Evaluated:
        return await with_late(due.rule, data, self._state_of(due.rule), due.instants, room=room)

    async def watch(self, rule: Rule, data: Data, instants: list[int]) -> None:
        """Evaluates one of our own rules on data that are given.

        Raises:
            StateError: What was decided may or may not be kept.
        """
        kept = self._book.kept.get(rule.id)
        state = RuleState(rule.fingerprint()) if kept is None else kept.state
        left = [one for one in instants if state.cursor_us is None or one > state.cursor_us]
        if left:

            async def work(room: int) -> Evaluated:
                return await evaluate_in_turns(rule, data, state, left, room=room)

            decision = await self._decide(rule, work, with_samples=False)
            await self.settle([] if decision is None else [decision])


def _together(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _is_same(rule: Rule, kept: Kept) -> bool:
    return kept.state.rule == rule.fingerprint()


def _means_the_same(before: RuleState, after: RuleState) -> bool:
    """Nothing is to be remembered but how far it was evaluated, which the group's cursor says."""
    return replace(before, cursor_us=None) == replace(after, cursor_us=None)
