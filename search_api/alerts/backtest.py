"""Would a rule have fired, and what does it see now? Answered by the same evaluator as live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from logboom.errors import QueryError
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.data import Values
from search_api.alerts.evaluate import Transition, evaluate, instants_between
from search_api.alerts.needs import width_of
from search_api.alerts.observing import Observation, Observer
from search_api.alerts.questions import Due, find
from search_api.alerts.rules import Rule, duration_text
from search_api.alerts.source import Source
from search_api.alerts.states import RuleState
from search_api.alerts.telling import MOST_SAMPLES, alert_of, shortened, shown_events, window_of

MOST_INSTANTS: Final = 50_000
MOST_SHOWN: Final = 100
"""Alerts that are shown in full."""

_AT_ONCE: Final = 500


@dataclass(slots=True)
class Backtest:
    """What a rule would have done.

    Attributes:
        rule: The rule.
        instants: How often it was evaluated.
        fired: How often it would have fired.
        alerts: What would have been told, the first `MOST_SHOWN` of it.
        state: In which it would be now.
    """

    rule: Rule
    state: RuleState
    instants: int = 0
    fired: int = 0
    alerts: list[Alert] = field(default_factory=list)


async def backtest(source: Source, rule: Rule, start_us: int, end_us: int) -> Backtest:
    """Evaluates a rule over a stretch of history.

    Args:
        source: Has the history.
        rule: The rule.
        start_us: Evaluations begin behind this time, µs since the epoch, with nothing remembered.
        end_us: The last one is at or before this time.

    Raises:
        QueryError: The stretch is too long, or the rule cannot be asked of this store.
        StoreUnavailable: Ask again later.
    """
    instants = instants_between(start_us, end_us, rule.every_us)
    if len(instants) > MOST_INSTANTS:
        raise QueryError(
            f"that would be {len(instants):,} evaluations, more than {MOST_INSTANTS:,}",
            suggestion=f"ask for at most {duration_text(MOST_INSTANTS * rule.every_us)}, or evaluate"
            " the group less often",
        )
    result = Backtest(rule, RuleState(rule.fingerprint()))
    for begin in range(0, len(instants), _AT_ONCE):
        some = instants[begin : begin + _AT_ONCE]
        due = Due(rule, some)
        found = await find(source, [due])
        failure = found.failure_of(due)
        if failure is not None:
            raise failure
        evaluated = evaluate(rule, found.data, result.state, some)
        result.state = evaluated.state
        result.instants += len(some)
        await _tell(source, result, evaluated.transitions)
    return result


async def _tell(source: Source, result: Backtest, transitions: Sequence[Transition]) -> None:
    rule = result.rule
    for one in transitions:
        is_firing = one.state is AlertState.FIRING
        result.fired += is_firing
        if len(result.alerts) < MOST_SHOWN:
            events = (
                await source.samples(shown_events(rule, one), window_of(rule, one), MOST_SAMPLES)
                if is_firing and not one.key.no_data
                else ()
            )
            result.alerts.append(alert_of(rule, one, shortened(events)))


async def measure_now(source: Source, rule: Rule, now_us: int) -> dict[Values, Observation]:
    """What a rule measures of each series at its last instant.

    Args:
        source: Asked for data.
        rule: The rule.
        now_us: The present, µs since the epoch.

    Raises:
        QueryError: The rule cannot be asked of this store.
        StoreUnavailable: Ask again later.
    """
    instants = instants_between(None, now_us, rule.every_us)
    due = Due(rule, instants)
    found = await find(source, [due])
    failure = found.failure_of(due)
    if failure is not None:
        raise failure
    return Observer(rule, found.data, width_of(rule, instants)).observe(instants[-1], ())
