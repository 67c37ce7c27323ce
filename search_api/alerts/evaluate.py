"""What becomes of the series of a rule? A pure function of rule, data, state and instants.

The only evaluator: for live alerts, for dry runs, for backtests and for the tests of rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from search_api.alerts.alert import AlertState
from search_api.alerts.data import Data, Values
from search_api.alerts.needs import width_of
from search_api.alerts.observing import Observation, Observer
from search_api.alerts.rules import US, Rule
from search_api.alerts.states import (
    MOST_BYTES,
    MOST_SERIES,
    Episode,
    Key,
    RuleState,
    SeriesState,
    size_of,
)
from search_api.alerts.verdict import Verdict, verdict_of

MANY = 1_000_000
"""Room for as many transitions as there may be."""

MOST_HELD = 60
"""So many instants at most are evaluated again, until it is known whether something resolves in them."""

_SEEN_EACH_US = 60 * US
"""When a series was seen is noted that exactly: what is remembered need not be written each time."""

_FORGOTTEN = "it was silent for so long that it is forgotten"


@dataclass(frozen=True, slots=True)
class Transition:
    """A series that began to fire, or has resolved.

    Attributes:
        key: The series.
        state: `FIRING` or `RESOLVED`.
        instant: When, µs since the epoch.
        fired_us: When it began to fire.
        value: What was measured; of one that has resolved what ended it, None when nothing could be.
        baseline: What is usual, in words.
        events: How many there were in the window.
        reason: Why it has resolved, where it is not for what was measured.
        values: What was measured for each comparison of the rule, where it has several.
        last: What one that has resolved was when its condition held last; None while it fires.
        untold: So many more firings, older ones, have late events shown, which are over and not told.
    """

    key: Key
    state: AlertState
    instant: int
    fired_us: int
    value: float | None
    baseline: str = ""
    events: int = 0
    reason: str = ""
    values: tuple[float | None, ...] = ()
    last: SeriesState | None = None
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation gave.

    Attributes:
        state: To be remembered.
        transitions: In the order in which they happened.
        overflow: Series that could not be followed since there are too many.
        left: Transitions for which there was no room; of late events also firings of which it is not known
            yet whether they were told.
        untold: Firings that are over, which late events began, and which are not told: they are more than
            are remembered.
        held: Series of which it is not known yet what they were in windows that may miss events.
    """

    state: RuleState
    transitions: tuple[Transition, ...]
    overflow: int = 0
    left: int = 0
    untold: int = 0
    held: frozenset[Key] = frozenset()


def evaluate(
    rule: Rule, data: Data, state: RuleState, instants: Sequence[int], *, room: int = MANY,
    whole_us: float = inf,
) -> Evaluated:  # fmt: skip
    """Evaluates a rule at some instants.

    Args:
        rule: The rule.
        data: All that `stretches_of(rule, instants)` names, for each of the rule's needs.
        state: What is remembered; its cursor lies before the instants.
        instants: Ascending, µs since the epoch: ends of windows.
        room: Transitions that may happen. Where there are more it ends: the cursor stays before the
            instant at which that was, series for which there was no room are what they were, and from
            there on the same comes out as if there had been room.
        whole_us: Windows that end later may miss events that are on their way: in them nothing resolves,
            and where nothing can be measured and `no_data: keep` leaves a series as it is, it fires in no
            later one either. The cursor stays before the first such window, and the series stays what it
            was then; what is known of others that fire at later instants stays as it is when it is
            evaluated again, and what is pending is decided anew. What it fires before that, and is over
            by then, is told with its end.
    """
    running = _Running(rule, data, state, instants, room, whole_us)
    for instant in instants:
        if not running.step(instant):
            break
    return running.result()


async def evaluate_in_turns(
    rule: Rule, data: Data, state: RuleState, instants: Sequence[int], *, room: int = MANY,
    whole_us: float = inf,
) -> Evaluated:  # fmt: skip
    """The same as `evaluate`; others have their turn between two instants."""
    running = _Running(rule, data, state, instants, room, whole_us)
    for instant in instants:
        if not running.step(instant):
            break
        await asyncio.sleep(0)
    return running.result()


class _Names:
    """How much the names of series take together.

    Args:
        series: Those that are there.
    """

    def __init__(self, series: Iterable[Values]) -> None:
        self._bytes = sum(map(size_of, series))

    def takes(self, values: Values) -> bool:
        """Takes one more, if there is room; what goes away meanwhile makes room the next time."""
        size = size_of(values)
        if self._bytes + size > MOST_BYTES:
            return False
        self._bytes += size
        return True


class _Running:
    """One evaluation while it goes on."""

    def __init__(
        self, rule: Rule, data: Data, state: RuleState, instants: Sequence[int], room: int,
        whole_us: float,
    ) -> None:  # fmt: skip
        self._whole_us = whole_us
        last_us = instants[-1] if instants else 0
        self._silent_us = max(whole_us, last_us - MOST_HELD * rule.every_us)
        self._held_us: int | None = None
        self._held: set[Key] = set()
        self._rule = rule
        self._observer = Observer(rule, data, width_of(rule, instants)) if instants else None
        self._remembers = rule.remembers
        self._ahead = {k: one for k, one in state.series.items() if _is_ahead(one, instants)}
        self._series = {k: one for k, one in state.series.items() if k not in self._ahead}
        self._ends = state.ends
        self._seen = dict(state.seen)
        self._episodes, self._ended = list(state.episodes), state.ended
        self._matched, self._untold = state.matched, state.untold
        self._cursor_us = state.cursor_us
        self._followed = _Names(key.values for key in self._series)
        self._remembered = _Names(self._seen)
        self._room = room
        self._transitions: list[Transition] = []
        self._overflow = self._left = 0

    def result(self) -> Evaluated:
        """What it has come to."""
        self._reach(inf)
        state = RuleState(
            rule=self._rule.fingerprint(),
            cursor_us=self._cursor(),
            series=self._series,
            seen=self._seen,
            ended=self._ended,
            matched=self._matched,
            untold=self._untold,
        ).with_episodes(self._episodes)
        held = frozenset(self._held)
        return Evaluated(state, tuple(self._transitions), self._overflow, self._left, held=held)

    def _cursor(self) -> int | None:
        """Up to where nothing is left to be judged once all events are there."""
        if self._cursor_us is None or self._held_us is None:
            return self._cursor_us
        every_us = self._rule.every_us
        return max(self._held_us - every_us, self._cursor_us - MOST_HELD * every_us)

    def step(self, instant: int) -> bool:
        """Evaluates one instant; False when there was no room for all that happens in it."""
        if self._observer is None:
            return True
        self._overflow = 0
        self._reach(instant)
        followed = self._series.keys() | self._ahead.keys()
        known = {key.values for key in followed} | self._seen.keys()
        for values, seen in self._observer.observe(instant, known).items():
            self._remember(values, seen, instant)
            is_absent = seen.events == 0 and self._rule.no_data == "alert"
            verdict = self._verdict(Key(values), seen)
            self._move(Key(values), verdict, seen, instant)
            if self._rule.no_data == "alert":
                nothing = Verdict.HOLDS if is_absent else Verdict.DOES_NOT
                self._move(Key(values, no_data=True), nothing, seen, instant)
        if not self._left:
            self._forget(instant)
        self._cursor_us = self._evaluated_to(instant)
        return not self._left

    def _reach(self, instant: float) -> None:
        """From when on it was told that a series fires, that counts: what came before is another firing.

        One that goes on up to there is the same, and told already.
        """
        for key in [key for key, one in self._ahead.items() if _fired(one) <= instant]:
            told, found = self._ahead.pop(key), self._series.get(key)
            if found is not None and found.fired_us is not None:
                again = (key, AlertState.FIRING, found.fired_us)
                self._transitions = [
                    t for t in self._transitions if (t.key, t.state, t.instant) != again
                ]
                self._room += 1
            self._series[key] = told

    def _evaluated_to(self, instant: int) -> int:
        if not self._left:
            return instant
        before_us = instant - self._rule.every_us
        return before_us if self._cursor_us is None else max(self._cursor_us, before_us)

    def _has_room(self) -> bool:
        self._left += not self._room
        return self._room > 0

    def _verdict(self, key: Key, seen: Observation) -> Verdict:
        before = self._series.get(key)
        firing = before is not None and before.fired_us is not None
        return verdict_of(self._rule, seen, firing=firing)

    def _move(self, key: Key, verdict: Verdict, seen: Observation, instant: int) -> None:
        before = self._series.get(key)
        if before is not None and before.fired_us is not None and instant <= before.true_us:
            return  # it holds later: that is known
        if key in self._held or instant <= self._ends.last_us(key):
            return  # all from there on is evaluated again; or its end was told
        match verdict:
            case Verdict.HOLDS:
                self._hold(key, before, seen, instant)
            case Verdict.DOES_NOT if before is not None:
                self._let_go(key, before, seen, instant)
            case Verdict.UNKNOWN if before is not None and instant > self._silent_us:
                self._wait(key, instant)  # what is on its way may say that it does not

    def _hold(self, key: Key, before: SeriesState | None, seen: Observation, instant: int) -> None:
        if before is None:
            if len(self._series) >= MOST_SERIES or not self._followed.takes(key.values):
                self._overflow += 1
                return
            before = SeriesState(instant, instant, seen.value)
        now = replace(
            before,
            since_us=min(before.since_us, instant),  # it may be an instant that is evaluated again
            true_us=instant,
            false_us=None,
            value=seen.value,
            baseline=seen.baseline,
            events=seen.events,
            values=_values_of(seen),
        )
        if now.fired_us is None and instant - now.since_us >= self._rule.for_us:
            if not self._has_room():
                return
            now = replace(now, fired_us=instant)
            self._tell(key, AlertState.FIRING, now, seen, instant)
        self._series[key] = now

    def _let_go(self, key: Key, before: SeriesState, seen: Observation, instant: int) -> None:
        if before.fired_us is None:
            del self._series[key]
        elif instant > self._whole_us:
            self._wait(key, instant)
        else:
            false_us = instant if before.false_us is None else min(before.false_us, instant)
            if instant - false_us < self._rule.keep_us:
                self._series[key] = replace(before, false_us=false_us)
            elif self._has_room():
                self._tell(key, AlertState.RESOLVED, before, seen, instant)
                self._episodes.append(Episode(key, before.fired_us, instant))
                del self._series[key]

    def _wait(self, key: Key, instant: int) -> None:
        self._held.add(key)
        if key in self._ahead:  # what it is now is not remembered beside what was told
            instant = self._series[key].since_us
        self._held_us = instant if self._held_us is None else min(self._held_us, instant)

    def _tell(
        self, key: Key, state: AlertState, now: SeriesState, seen: Observation, instant: int
    ) -> None:
        self._room -= 1
        told = Transition(key, state, instant, now.fired_us or instant, seen.value)
        last = now if state is AlertState.RESOLVED else None
        self._transitions.append(
            replace(
                told, baseline=seen.baseline, events=seen.events, values=_values_of(seen), last=last
            )
        )

    def _remember(self, values: Values, seen: Observation, instant: int) -> None:
        if seen.events:
            self._matched = True
        if not self._remembers:
            return
        if not seen.events:
            return
        noted = self._seen.get(values)
        if noted is None and (len(self._seen) >= MOST_SERIES or not self._remembered.takes(values)):
            self._overflow += 1
        elif noted is None or instant - noted >= _SEEN_EACH_US:
            self._seen[values] = instant

    def _forget(self, instant: int) -> None:
        """Series that were silent for too long: what they fired has come to its end."""
        old = [v for v, at in self._seen.items() if instant - at > self._rule.remember_us]
        for values in old:
            followed = [
                (key, self._series[key])
                for key in (Key(values), Key(values, no_data=True))
                if key in self._series
            ]
            closed = [
                Transition(
                    key,
                    AlertState.RESOLVED,
                    instant,
                    one.fired_us,
                    None,
                    reason=_FORGOTTEN,
                    last=one,
                )
                for key, one in followed
                if one.fired_us is not None
            ]
            if len(closed) > self._room:
                self._left += len(closed)
                continue
            self._room -= len(closed)
            self._episodes += [Episode(one.key, one.fired_us, instant) for one in closed]
            self._transitions += closed
            for key, _ in followed:
                del self._series[key]
            del self._seen[values]


def _is_ahead(one: SeriesState, instants: Sequence[int]) -> bool:
    """Whether a series was told to fire from an instant on that is still to be evaluated for good."""
    return one.fired_us is not None and bool(instants) and one.fired_us > instants[0]


def _fired(one: SeriesState) -> float:
    return inf if one.fired_us is None else one.fired_us


def _values_of(seen: Observation) -> tuple[float | None, ...]:
    return tuple(one.value for one in seen.all) if seen.others else ()


def instants_between(after_us: int | None, last_us: int, every_us: int) -> list[int]:
    """The instants behind one (excluded) up to another one (included); one when there was none yet."""
    newest = last_us - last_us % every_us
    if after_us is None:
        return [newest]
    first = after_us - after_us % every_us + every_us
    return list(range(first, newest + 1, every_us))
