"""What do late events change of what was told of a rule? Windows that they change are evaluated again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from search_api.alerts.alert import AlertState
from search_api.alerts.data import Data
from search_api.alerts.evaluate import MANY, MOST_HELD, Evaluated, Transition, evaluate_in_turns
from search_api.alerts.rules import Rule
from search_api.alerts.states import Episode, Key, RuleState, SeriesState, ends_of


async def with_late(
    rule: Rule, data: Data, state: RuleState, instants: Sequence[int], *, room: int = MANY,
    whole_us: float = inf,
) -> Evaluated:  # fmt: skip
    """Evaluates windows again that late events have changed.

    They are evaluated as if nothing was remembered but what is pending since before them. A firing in
    them that nobody was told of is told now; one that goes on to the last instant takes the place of
    what the series was. What was told to end fires anew from there on, where it goes on after all: its
    end was told under its name.

    Args:
        rule: The rule.
        data: As for `evaluate`.
        state: What is remembered; its cursor is the last of the instants.
        instants: Those that were changed, and before them as many as `for` and `keep_firing_for` need.
        room: Transitions that may happen.
        whole_us: As for `evaluate`.

    Returns:
        A state whose cursor is the last of the instants, or lies before those in which it is not known
        yet whether something resolves that is told now, or whether what is pending was pending throughout.
    """
    pending = {key: one for key, one in state.series.items() if _was_pending(one, instants[0])}
    fresh = RuleState(rule.fingerprint(), series=pending, seen=state.seen)
    again = await evaluate_in_turns(rule, data, fresh, instants, whole_us=whole_us)
    unknown = [one for one in _ended(again) if not _is_known(one, state)]
    over = [one for one in again.state.episodes if one in unknown]
    lost = [one for one in unknown if one not in over]  # it would not be known which of them were
    untold = len(lost)
    left, over = len(over[room // 2 :]), over[: room // 2]  # each is told to begin and to end
    series, episodes = dict(state.series), [*state.episodes, *over]
    told = [replace(t, untold=untold) for one in over for t in again.transitions if _is_of(t, one)]
    open_us, ends = list[int](), state.ends
    ended_us = max([one.ended_us for one in episodes], default=instants[0])
    for key, now in again.state.series.items():
        before = series.get(key)
        judged_us = now.true_us if key in again.held else instants[-1]
        is_open = _has_fired_since(key, judged_us, state)
        left += is_open  # it may have ended before that, which is judged once it is known
        if before is not None and before.fired_us is not None:  # told, perhaps before a crash
            series[key] = _kept_on(before, now)
            open_us.append(series[key].true_us)
            continue
        if now.fired_us is None:
            if key in again.held and ended_us > max(whole_us, now.true_us):
                left += not is_open  # the cursor cannot go back to it
                continue
            series[key] = now
            open_us.append(now.true_us)  # silence behind it may not be silence
            continue
        fired_us = max(now.fired_us, ends.last_us(key))
        if fired_us > now.true_us:  # it has not held since its end was told
            open_us.append(fired_us)
        elif len(told) >= room:
            left += 1
        else:
            begun = [t for t in again.transitions if t.key == key and t.fired_us == now.fired_us]
            series[key] = replace(now, fired_us=fired_us)
            told += [replace(one, fired_us=fired_us) for one in begun]
            open_us.append(now.true_us)
    for key in _broken(state, again, instants[0]):
        del series[key]
    told.sort(key=lambda t: t.instant)
    cursor_us = instants[-1]
    if open_us and cursor_us > whole_us:  # what ends in windows that are not whole is judged later
        held_us = cursor_us - MOST_HELD * rule.every_us
        cursor_us = min(cursor_us, max(min(open_us), held_us, ended_us))
    untold = 0 if left else untold
    state = replace(
        state, cursor_us=cursor_us, series=series, matched=state.matched or again.state.matched,
        ended=state.ended if left else ends_of(state.ended, lost), untold=state.untold + untold,
    ).with_episodes(sorted(episodes, key=lambda one: one.ended_us))  # fmt: skip
    return Evaluated(state, tuple(told), again.overflow, left, untold)


def _ended(again: Evaluated) -> list[Episode]:
    """What has fired and is over, however much of it is remembered."""
    return [
        Episode(one.key, one.fired_us, one.instant)
        for one in again.transitions
        if one.state is AlertState.RESOLVED
    ]


def _kept_on(before: SeriesState, now: SeriesState) -> SeriesState:
    """What fires, with when it held last and from when on it did not, as far as late events tell."""
    if now.true_us < before.true_us:
        return before
    false_us = now.false_us
    if false_us is None and now.true_us == before.true_us:  # it was in a window that was whole then
        false_us = before.false_us
    return replace(now, since_us=before.since_us, fired_us=before.fired_us, false_us=false_us)


def _was_pending(series: SeriesState, first_us: int) -> bool:
    """Whether it was pending right before an instant: up to there nothing has changed."""
    return series.fired_us is None and series.since_us < first_us


def _broken(state: RuleState, again: Evaluated, first_us: int) -> list[Key]:
    """Series that were pending, and have not held all the time after all."""
    if again.overflow:  # there was no room to follow all of them
        return []
    return [
        key
        for key, one in state.series.items()
        if one.fired_us is None and one.true_us >= first_us and key not in again.state.series
    ]


def _has_fired_since(key: Key, instant: int, state: RuleState) -> bool:
    """Whether it was told of a series that it began to fire behind an instant."""
    firing = state.series.get(key)
    if firing is not None and firing.fired_us is not None and firing.fired_us > instant:
        return True
    return any(one.key == key and one.fired_us > instant for one in state.episodes)


def _is_known(episode: Episode, state: RuleState) -> bool:
    """True when a firing overlaps one that was told of."""
    if episode.fired_us <= state.ended.get(episode.key.digest, 0):
        return True  # it began before the end of one that is not remembered in full
    for known in state.episodes:
        overlaps = known.fired_us <= episode.ended_us and episode.fired_us <= known.ended_us
        if known.key == episode.key and overlaps:
            return True
    firing = state.series.get(episode.key)
    if firing is None or firing.fired_us is None:
        return False
    return firing.fired_us <= episode.ended_us


def _is_of(transition: Transition, episode: Episode) -> bool:
    return transition.key == episode.key and transition.fired_us == episode.fired_us
