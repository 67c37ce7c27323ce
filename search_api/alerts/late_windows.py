"""How are windows evaluated again that late events have changed?"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from logboom.errors import LogboomError
from search_api.alerts.cursors import Cursors
from search_api.alerts.data import Data
from search_api.alerts.deciding import Deciding, is_same
from search_api.alerts.evaluate import Evaluated, instants_between, with_late
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

    async def again(
        self, group: RuleGroup, changed: tuple[int, int] | None, cursors: Cursors
    ) -> None:
        """Evaluates windows of a group that late events have changed.

        Args:
            group: The group.
            changed: Event times that late events came for, if there were any.
            cursors: Up to when its rules were evaluated.

        Raises:
            StateError: What was decided may or may not be kept.
        """
        dues: list[Due] = []
        times: dict[str, tuple[int, int]] = {}
        for rule in group.rules:
            of_rule = _together(changed, self._left.pop(rule.id, None))
            due = None if of_rule is None else self._due(rule, of_rule, cursors)
            if of_rule is not None and due is not None:
                dues.append(due)
                times[rule.id] = of_rule
        for _ in range(_TRIES):
            if not dues:
                return
            lost = await self._evaluate(dues, times)
            dues = [due for due in dues if due.rule.id in lost]

    def _due(self, rule: Rule, changed: tuple[int, int], cursors: Cursors) -> Due | None:
        last = cursors.rules.get(rule.name)
        if last is None or rule.remembers:  # a series that came back late was never absent
            return None
        kept = self._book.kept.get(rule.id)
        if kept is not None and not is_same(rule, kept):  # what it was has to end first
            return None
        first = changed[0] - rule.for_us - rule.keep_us
        instants = instants_between(first - first % rule.every_us, last, rule.every_us)
        return Due(rule, instants[-_MOST_INSTANTS:]) if instants else None

    async def _evaluate(
        self, dues: Sequence[Due], times: Mapping[str, tuple[int, int]]
    ) -> set[str]:
        found = await find(self._source, dues)
        decisions = []
        for due in dues:
            failure = found.failure_of(due)
            if failure is not None:
                self._note_failure(due, failure, times[due.rule.id])
                continue
            self._standing.reevaluated += len(due.instants)
            work = partial(self._evaluated_again, due, found.data)
            decision = await self._deciding.decide(due.rule, work)
            if decision is not None:
                decisions.append(decision)
        return await self._deciding.settle(decisions)

    def _note_failure(self, due: Due, failure: LogboomError, times: tuple[int, int]) -> None:
        """What may be answered later is asked again; what is too much would be each time."""
        if failure.retryable:
            self._left[due.rule.id] = times
            return
        self._standing.passed_over += len(due.instants)
        log.warning(
            "%s: %d windows that late events have changed are not evaluated again: %s",
            due.rule.id, len(due.instants), failure,
        )  # fmt: skip

    async def _evaluated_again(self, due: Due, data: Data, room: int) -> Evaluated:
        return await with_late(
            due.rule, data, self._deciding.state_of(due.rule), due.instants, room=room
        )


def _together(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
