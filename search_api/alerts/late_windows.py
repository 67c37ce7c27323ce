"""How are windows evaluated again that late events have changed?"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from search_api.alerts.changes import together
from search_api.alerts.cursors import Cursors
from search_api.alerts.data import Data
from search_api.alerts.deciding import Deciding, Decision, is_same
from search_api.alerts.evaluate import Evaluated, instants_between
from search_api.alerts.evaluate_again import with_late
from search_api.alerts.keeping import Book
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import Rule, RuleGroup
from search_api.alerts.source import Source
from search_api.alerts.standing import Standing

log = logging.getLogger("logboom.alerts")

_MOST_INSTANTS: Final = 2_000
_TRIES: Final = 3


class LateWindows:
    """Evaluates windows again.

    Args:
        source: Asked for data.
        book: Has the rules' states.
        deciding: Decides for single rules.
        standing: Is told how it goes.
    """

    def __init__(self, source: Source, book: Book, deciding: Deciding, standing: Standing) -> None:
        self._source = source
        self._book = book
        self._deciding = deciding
        self._standing = standing
        self._left: dict[str, tuple[int, int]] = {}

    def has_left(self, group: RuleGroup) -> bool:
        """Whether something of a group could not be evaluated again yet."""
        return any(rule.id in self._left for rule in group.rules)

    async def again(
        self, rules: Iterable[Rule], changed: tuple[int, int] | None, cursors: Cursors,
        whole_us: int,
    ) -> list[Rule]:  # fmt: skip
        """Evaluates windows of some rules that late events have changed.

        Args:
            rules: The rules.
            changed: Event times that late events came for, if there were any.
            cursors: Up to when they were evaluated.
            whole_us: Of windows that end by then nothing is on its way any more.

        Returns:
            Rules whose cursor lies further back now: it is not known yet whether something resolves.

        Raises:
            StateError: What was decided may or may not be kept.
        """
        dues: list[Due] = []
        for rule in rules:
            times = together(changed, self._left.get(rule.id))
            due = None if times is None else self._due(rule, times, cursors)
            if times is not None and due is not None:
                self._left[rule.id] = times  # until it is done, whatever happens meanwhile
                dues.append(due)
            else:
                self._left.pop(rule.id, None)
        held: list[Rule] = []
        for _ in range(_TRIES):
            if not dues:
                break
            decisions, lost = await self._evaluate(dues, whole_us)
            for due in dues:
                decision = decisions.get(due.rule.id)
                cursor_us = None if decision is None else decision.kept.state.cursor_us
                if cursor_us is not None and cursor_us < due.instants[-1]:
                    cursors.rules[due.rule.name] = cursor_us
                    held.append(due.rule)
            dues = [due for due in dues if due.rule.id in lost]
        return held

    def _due(self, rule: Rule, changed: tuple[int, int], cursors: Cursors) -> Due | None:
        last = cursors.rules.get(rule.name)
        if last is None or rule.remembers:  # a series that came back late was never absent
            return None
        kept = self._book.kept.get(rule.id)
        if kept is not None and not is_same(rule, kept):  # what it was has to end first
            return None
        if kept is not None and kept.state.cursor_us is not None:  # written before the cursors were
            last = max(last, kept.state.cursor_us)
        first = changed[0] - rule.for_us - rule.keep_us - rule.every_us
        instants = instants_between(first - first % rule.every_us, last, rule.every_us)
        if len(instants) > _MOST_INSTANTS:
            self._pass_over(rule, len(instants) - _MOST_INSTANTS, "they are too many")
        return Due(rule, instants[-_MOST_INSTANTS:]) if instants else None

    async def _evaluate(
        self, dues: Sequence[Due], whole_us: int
    ) -> tuple[dict[str, Decision], set[str]]:
        """What was decided and kept, and the rules of which nothing was, as others wrote meanwhile."""
        found = await find(self._source, dues)
        decisions, done = dict[str, Decision](), set[str]()
        for due in dues:
            failure = found.failure_of(due)
            if failure is not None:
                if not failure.retryable:  # what is too much would be each time
                    done.add(due.rule.id)
                    self._pass_over(due.rule, len(due.instants), str(failure))
                continue
            self._standing.reevaluated += len(due.instants)
            work = partial(self._evaluated_again, due, found.data, whole_us)
            decision = await self._deciding.decide(due.rule, work)
            if decision is None or not decision.is_left:
                done.add(due.rule.id)
            if decision is not None:
                decisions[due.rule.id] = decision
        lost = await self._deciding.settle([*decisions.values()])
        for rule_id in done - lost:
            self._left.pop(rule_id, None)
            if rule_id in decisions:
                self._note_untold(decisions[rule_id])
        return {name: one for name, one in decisions.items() if name not in lost}, lost

    def _note_untold(self, decision: Decision) -> None:
        if decision.untold:
            self._standing.untold += decision.untold
            log.warning(
                "%s: %d firings that late events show, and that are over, are not told: they are too many",
                decision.rule.id, decision.untold,
            )  # fmt: skip

    def _pass_over(self, rule: Rule, number: int, why: str) -> None:
        self._standing.passed_over += number
        log.warning(
            "%s: %d windows that late events have changed are not evaluated again: %s",
            rule.id, number, why,
        )  # fmt: skip

    async def _evaluated_again(self, due: Due, data: Data, whole_us: int, room: int) -> Evaluated:
        before = self._deciding.state_of(due.rule)
        if before.cursor_us is not None and before.cursor_us > due.instants[-1]:
            return Evaluated(before, (), left=1)  # somebody else has gone on meanwhile
        return await with_late(due.rule, data, before, due.instants, room=room, whole_us=whole_us)
