"""How are windows evaluated again that late events have changed?"""

from __future__ import annotations

from functools import partial
from typing import Final

from search_api.alerts.cursors import Cursors
from search_api.alerts.data import Data
from search_api.alerts.deciding import Deciding, is_same
from search_api.alerts.evaluate import Evaluated, instants_between, with_late
from search_api.alerts.keeping import Book
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import RuleGroup
from search_api.alerts.source import Source
from search_api.alerts.standing import Standing

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
        changed = _together(changed, self._left.pop(group.name, None))
        if changed is not None:
            await self._again(group, changed, cursors)

    async def _again(self, group: RuleGroup, changed: tuple[int, int], cursors: Cursors) -> None:
        dues = []
        for rule in group.rules:
            last = cursors.rules.get(rule.name)
            if last is None or rule.remembers:  # a series that came back late was never absent
                continue
            kept = self._book.kept.get(rule.id)
            if kept is not None and not is_same(rule, kept):  # what it was has to end first
                continue
            first = changed[0] - rule.for_us - rule.keep_us
            instants = instants_between(first - first % rule.every_us, last, rule.every_us)
            if instants:
                dues.append(Due(rule, instants[-_MOST_INSTANTS:]))
        for _ in range(_TRIES):
            found = await find(self._source, dues)
            decisions = []
            for due in dues:
                if found.failure_of(due) is not None:
                    self._left[group.name] = changed
                    continue
                self._standing.reevaluated += len(due.instants)
                work = partial(self._evaluated_again, due, found.data)
                decision = await self._deciding.decide(due.rule, work)
                if decision is not None:
                    decisions.append(decision)
            lost = await self._deciding.settle(decisions)
            dues = [due for due in dues if due.rule.id in lost]
            if not dues:
                return

    async def _evaluated_again(self, due: Due, data: Data, room: int) -> Evaluated:
        return await with_late(
            due.rule, data, self._deciding.state_of(due.rule), due.instants, room=room
        )


def _together(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
