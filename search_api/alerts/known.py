"""Which alerts are there, and what was measured of those that fire last?

The rules' records say what fires. What was told of an episode in full is written before them, and may be of
one that was decided and not kept (docs/adr/0024): nobody was told of it, so nobody is shown it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from logboom.state import State
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.builtin import builtin_group
from search_api.alerts.deciding import is_same
from search_api.alerts.evaluate import Transition
from search_api.alerts.keeping import Book, details
from search_api.alerts.library import Library
from search_api.alerts.rules import Rule
from search_api.alerts.states import Key, SeriesState
from search_api.alerts.telling import alert_of


async def known_alerts(state: State, book: Book, rules: Mapping[str, Rule]) -> list[Alert]:
    """Alerts that fire, as they are now, and those that resolved lately.

    Args:
        state: Has the alerts in full.
        book: The rules' records, read before.
        rules: By `group/name`.

    Raises:
        StateError: They cannot be read.
    """
    found = []
    firing = {name: book.firing(name) for name in book.kept}
    for told in await details(state):
        fires = firing.get(told.rule, {}).get(told.episode)
        if fires is not None:
            found.append(_as_now(told, book, rules, *fires))
        elif told.state is AlertState.RESOLVED:
            found.append(told)
    return found


class Newest:
    """What was measured last of alerts that were told.

    Args:
        state: Has the rules' records.
        library: Has the rules.
    """

    def __init__(self, state: State, library: Library) -> None:
        self._state = state
        self._library = library

    async def of(self, told: Sequence[Alert]) -> dict[str, Alert]:
        """Those of some alerts that fire still, by episode, in the words of now.

        Args:
            told: As they were told.

        Raises:
            StateError: It cannot be read.
        """
        book, rules = Book(self._state), await all_rules(self._library)
        await book.read()
        found = {}
        for one in told:
            fires = book.firing(one.rule).get(one.episode)
            if fires is not None:
                found[one.episode] = _as_now(one, book, rules, *fires)
        return found


async def all_rules(library: Library) -> dict[str, Rule]:
    """All rules with our own, by `group/name`.

    Raises:
        StateError: They cannot be read.
    """
    ours = {rule.id: rule for rule in builtin_group().rules}
    return {**(await library.read()).rules, **ours}


def pending(rule: Rule, book: Book) -> Iterable[Alert]:
    """What is pending of a rule, as alerts."""
    kept = book.kept.get(rule.id)
    if kept is None or not is_same(rule, kept):
        return
    for key, series in kept.state.series.items():
        if series.fired_us is None:
            yield _now(rule, key, series, AlertState.PENDING, ())


def _as_now(
    told: Alert, book: Book, rules: Mapping[str, Rule], key: Key, series: SeriesState
) -> Alert:
    """With what was measured when it held last, under the labels that were told."""
    rule = rules.get(told.rule)
    if rule is None or not is_same(rule, book.kept[rule.id]):  # it ends as what it was
        return replace(told, state=AlertState.FIRING, ends_at=None)
    now = _now(rule, key, series, AlertState.FIRING, told.samples)
    annotations = {**told.annotations, **now.annotations}
    return replace(now, labels=told.labels, annotations=annotations, error_group=told.error_group)


def _now(
    rule: Rule, key: Key, series: SeriesState, state: AlertState, samples: Sequence[Mapping[str, object]]
) -> Alert:  # fmt: skip
    transition = Transition(
        key=key, state=state, instant=series.true_us,
        fired_us=series.since_us if series.fired_us is None else series.fired_us,
        value=series.value, baseline=series.baseline, events=series.events, values=series.values,
    )  # fmt: skip
    return alert_of(rule, transition, samples)
