"""What is decided for one rule, so that its record takes it, and how is it written down in one step?"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from logboom.errors import LogboomError, StateRefused
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.evaluate import Evaluated, Transition
from search_api.alerts.keeping import ALERT_BYTES, Book, Kept, write_details
from search_api.alerts.rules import Rule
from search_api.alerts.source import Source
from search_api.alerts.standing import Standing
from search_api.alerts.states import RuleState
from search_api.alerts.telling import (
    MOST_SAMPLES,
    alert_of,
    room_for,
    shortened,
    shown_events,
    window_of,
)

log = logging.getLogger("logboom.alerts")

_TOO_LARGE: Final = "what is to be remembered of it is too large for one record"
_LEAST_ROOM: Final = 2
"""Of one series, and of its silence, the ends are told together."""

_FEWER: Final = "follow fewer series: narrow `where`, or take a field out of `by`"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a rule.

    Attributes:
        rule: The rule.
        kept: Its record as it is to be.
        alerts: What is to be told.
        is_change: False when the record says so already.
        is_left: True when there was no room for all of it, or not all of it is known yet.
        untold: Firings that late events began and that are never told.
    """

    rule: Rule
    kept: Kept
    alerts: tuple[Alert, ...]
    is_change: bool
    is_left: bool = False
    untold: int = 0

    @property
    def fires(self) -> bool:
        """Whether something begins to fire."""
        return any(alert.state is AlertState.FIRING for alert in self.alerts)


class Deciding:
    """Decides for single rules, and keeps what was decided.

    Args:
        source: Asked for events that show why.
        book: Has the rules' states.
        standing: Is told how it goes.
    """

    def __init__(self, source: Source, book: Book, standing: Standing) -> None:
        self._source = source
        self._book = book
        self._standing = standing

    def state_of(self, rule: Rule) -> RuleState:
        """What is remembered of a rule; of another one of its name nothing."""
        kept = self._book.kept.get(rule.id)
        if kept is None or not is_same(rule, kept):
            return RuleState(rule.fingerprint())
        return kept.state

    def fail(self, rule: Rule, failure: LogboomError) -> None:
        """Notes that a rule cannot be evaluated."""
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

    async def decide(
        self, rule: Rule, work: Callable[[int], Awaitable[Evaluated]], *, with_samples: bool = True
    ) -> Decision | None:
        """Evaluates a rule so that its record takes what comes of it; None when it never does.

        Args:
            rule: The rule.
            work: Evaluates it with so much room for transitions.
            with_samples: Whether there are events to be shown.

        Raises:
            StateError: It is not known what was taken over of what it has told.
        """
        if rule.id in self._book.kept and self._book.kept[rule.id].outbox:
            await self._book.read_one(rule.id)  # what was taken over since makes room
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
            will_be_room = bool(before.outbox) or room >= _LEAST_ROOM
            if kept.fits and (will_be_room or not evaluated.left):
                break
            if not room:
                self.fail(rule, StateRefused(_TOO_LARGE, mend=_FEWER))
                return None
            room = min(room, number) // 2
        if evaluated.overflow:
            self._standing.overflow[rule.id] = evaluated.overflow
        else:
            self._standing.overflow.pop(rule.id, None)
        is_same = _means_the_same(before.state, evaluated.state)
        is_change, is_left = bool(alerts) or not is_same, evaluated.left > 0
        return Decision(rule, kept, tuple(alerts), is_change, is_left, evaluated.untold)

    async def _alert(
        self, rule: Rule, transition: Transition, number: int, *, with_samples: bool
    ) -> Alert:
        wanted = with_samples and transition.state is AlertState.FIRING
        if not wanted or transition.key.no_data:
            return alert_of(rule, transition, ())
        try:
            events = await self._source.samples(
                shown_events(rule, transition), window_of(rule, transition), MOST_SAMPLES
            )
        except LogboomError as error:  # an alert without lines is better than none
            log.warning("%s: no sample events: %s", rule.id, error)
            events = ()
        return alert_of(rule, transition, shortened(events, room_for(number)))


def is_same(rule: Rule, kept: Kept) -> bool:
    """Whether a record is that of the rule as it is now."""
    return kept.state.rule == rule.fingerprint()


def _means_the_same(before: RuleState, after: RuleState) -> bool:
    """Nothing is to be remembered but how far it was evaluated, which the group's cursor says."""
    return replace(before, cursor_us=None) == replace(after, cursor_us=None)
