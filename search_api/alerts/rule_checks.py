"""Which rules can never fire, or always do, for the events and the times that they look at?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from logboom.errors import ConfigError
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query.model import And, Not, Query, Term
from logboom.query.printing import format_query
from logboom.rollups.questions import ERRORS
from search_api.alerts.measures import WITHOUT_THRESHOLD, Kind
from search_api.alerts.needs import both
from search_api.alerts.rules import DAY_US, Rule, duration_text

_MOST_BASELINES: Final = 60
_OF_MANY: Final = "tags"
"""The one field of an event's own that has several values at once."""


def check_rule(rule: Rule) -> None:
    """Sees that a rule can fire, and need not always.

    Raises:
        ConfigError: It never fires, or always does, with what would be right.
    """
    without = [one for one in rule.when.conditions if one.measure.kind in WITHOUT_THRESHOLD]
    if rule.min_events and without:
        raise ConfigError(f"min_events makes no sense with {without[0].measure.text}")
    _check_times(rule)
    _check_series(rule)
    _check_events(rule)


def check_baseline(rule: Rule) -> None:
    """Sees that what is usual can be asked for.

    Raises:
        ConfigError: It cannot, with what would be right.
    """
    if Kind.SPIKE not in rule.when.kinds:
        return
    if rule.baseline_us >= DAY_US:
        if rule.baseline_us % DAY_US:
            raise ConfigError("baseline: longer than a day means whole days", mend="write 7d")
        if rule.baseline_us < 3 * DAY_US:
            raise ConfigError(
                "baseline: fewer than 3 days say nothing of what is usual", mend="write 7d"
            )
    elif not 3 <= rule.baseline_us // rule.over_us <= _MOST_BASELINES:
        raise ConfigError(
            f"baseline: has to be 3 to {_MOST_BASELINES} times as long as the window",
            mend="write for example over: 5m with baseline: 1h, or baseline: 7d",
        )


def _check_times(rule: Rule) -> None:
    """Some conditions cease to hold by themselves, however long one waits for."""
    waits = duration_text(rule.for_us)
    is_new = all(
        any(one.condition.measure.kind is Kind.NEW_ERROR and not one.is_negated for one in way)
        for way in rule.when.ways
    )
    if is_new and rule.for_us > rule.over_us:
        raise ConfigError(
            f"for: {waits} never passes: an error is new for {duration_text(rule.over_us)}",
            mend="leave `for` out, or make `over` longer",
        )
    (first, *_), *_ = rule.when.ways
    is_silence = rule.when.is_single and not first.is_negated
    is_silence = is_silence and first.condition.measure.kind is Kind.ABSENT
    if is_silence and rule.by and rule.for_us > rule.remember_us:
        raise ConfigError(
            f"for: {waits} never passes: a silent series is forgotten after"
            f" {duration_text(rule.remember_us)}",
            mend="make `remember` longer than `for`",
        )


def _check_series(rule: Rule) -> None:
    for condition in rule.when.conditions:
        measure = condition.measure.inner or condition.measure
        name = measure.field
        is_single = name in EVENT_FIELDS and name != _OF_MANY  # an application's own may be lists
        if measure.kind is Kind.DISTINCT and name in rule.by and is_single:
            raise ConfigError(
                f"{condition.text} says nothing: by makes a series of each {name}, so each has one",
                where="by", mend=f"take {name} out of `by`, or count another field",
            )  # fmt: skip


def _check_events(rule: Rule) -> None:
    never = _contradiction(rule.where)
    if never is not None:
        raise ConfigError(f"no event fits it: {never}", where="where", mend="join with OR")
    wanted = set(joined_parts(rule.where))
    for condition in rule.when.conditions:
        measure = condition.measure.inner or condition.measure
        if measure.kind is Kind.ERROR_RATE and ERRORS in wanted:
            raise ConfigError(
                f"{condition.text} says nothing: `where` lets errors through alone, so it is 100%",
                mend="take tags:error out of `where`, or count them: errors > 10",
            )
        is_of_errors = measure.kind in {Kind.ERROR_RATE, Kind.ERRORS, Kind.NEW_ERROR}
        if is_of_errors and Not(ERRORS) in wanted:
            raise ConfigError(
                f"{condition.text} says nothing: `where` lets no errors through",
                mend="take NOT tags:error out of `where`",
            )
        if measure.parts is not None:
            never = _contradiction(both(rule.where, measure.parts[0]))
            if never is not None:
                raise ConfigError(
                    f"{measure.text} is always 0: no event fits `where` and its first query: {never}"
                )


def _contradiction(query: Query) -> str | None:
    """Two parts of a query that no event fits at once, in its own words."""
    parts = list(joined_parts(query))
    for number, part in enumerate(parts):
        for other in parts[:number]:
            if part == Not(other) or other == Not(part) or _are_two_values(part, other):
                return f"{format_query(other)} and {format_query(part)}"
    return None


def _are_two_values(one: Query, other: Query) -> bool:
    """Whether one field, of which an event has one value, is to have two."""
    if not isinstance(one, Term) or not isinstance(other, Term) or one.field != other.field:
        return False
    is_single = EVENT_FIELDS.get(one.field or "") is FieldType.KEYWORD and one.field != _OF_MANY
    return is_single and one.value != other.value


def joined_parts(query: Query) -> Iterator[Query]:
    """What an event has to fit all of."""
    if isinstance(query, And):
        for part in query.parts:
            yield from joined_parts(part)
    else:
        yield query
