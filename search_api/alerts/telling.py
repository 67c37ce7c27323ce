"""How does a transition become an alert: its labels, its words, its sample events?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from logboom.event import Event
from logboom.query.model import Exists, MatchAll, Not, Query, Term
from logboom.query.printing import format_query
from logboom.rollups.questions import ERRORS
from logboom.store import TimeRange
from search_api.alerts.alert import Alert, AlertState, episode_of, moment_of
from search_api.alerts.data import Values
from search_api.alerts.evaluate import Transition
from search_api.alerts.measures import Kind
from search_api.alerts.needs import both, fingerprint_of
from search_api.alerts.rules import Rule, duration_text
from search_api.alerts.templates import Told, render, tells_what_was_measured

MOST_SAMPLES: Final = 5
_LARGEST_SAMPLE: Final = 2_000
_SAMPLES_BYTES: Final = 120_000
_LONGEST_MESSAGE: Final = 600
_LONGEST_VALUE: Final = 200
_NO_DATA: Final = "no_data"
_KEPT: Final = ("@timestamp", "message", "log", "service", "host", "error", "http", "url", "event",
                "trace", "tags")  # fmt: skip


def alert_of(rule: Rule, transition: Transition, samples: Sequence[Mapping[str, Any]]) -> Alert:
    """The alert that a transition is told as.

    Args:
        rule: Of the transition.
        transition: What happened.
        samples: Events that show it, shortened.
    """
    key, held = transition.key, _held(transition)
    shown = _shown(rule, held)
    series = dict(zip(rule.series_by, key.values, strict=True))
    named = {name: value[:_LONGEST_VALUE] for name, value in series.items() if value}
    labels = {**rule.labels, **named, "alertname": rule.name}
    if key.no_data:
        labels[_NO_DATA] = "true"
    window = window_of(rule, transition)
    measured, condition = measured_of(rule, transition.values), shown.condition
    has_threshold = bool(condition.sign) and not key.no_data
    return Alert(
        labels=labels,
        annotations=_annotations(rule, held, labels, series),
        episode=episode_of(rule.id, key.text, transition.fired_us),
        state=transition.state,
        starts_at=moment_of(transition.fired_us),
        ends_at=moment_of(max(transition.instant, transition.fired_us))
        if transition.state is AlertState.RESOLVED
        else None,
        value=_value(rule, shown, transition),
        condition=_condition(rule, transition),
        query=format_query(events_of(shown, key.values)),
        window=(moment_of(window.start_us or 0), moment_of(window.end_us or 0)),
        samples=tuple(samples),
        error_group=fingerprint_of(rule, key.values) or _common_group(samples),
        rule=rule.id,
        measured=measured,
        threshold=condition.threshold if has_threshold else None,
        unit=condition.unit if has_threshold else "",
        units=units_of(rule) if measured else {},
    )


def measured_of(rule: Rule, values: Sequence[float | None]) -> dict[str, float | None]:
    """What was measured, by how the rule says it; nothing where it makes a single comparison."""
    conditions = rule.when.conditions
    if len(conditions) == 1 or len(values) != len(conditions):
        return {}
    return {one.measure.text: value for one, value in zip(conditions, values, strict=True)}


def units_of(rule: Rule) -> dict[str, str]:
    """The units of what is measured, by how the rule says it."""
    return {one.measure.text: one.unit for one in rule.when.conditions}


def shown_events(rule: Rule, transition: Transition) -> Query:
    """The events that show what a transition is about."""
    return events_of(_shown(rule, transition), transition.key.values)


def _shown(rule: Rule, transition: Transition) -> Rule:
    """The rule with the one of its comparisons that is to be shown: the first that holds."""
    pairs = zip(rule.singles, transition.values, strict=False)
    for single, value in pairs:
        if value is not None and single.condition.holds(value, firing=False):
            return single
    return rule.singles[0]


def _held(transition: Transition) -> Transition:
    """When the condition held last: what has resolved is told in the words of then, as Prometheus does."""
    last = transition.last
    if last is None:
        return transition
    return replace(
        transition, value=last.value, values=last.values, baseline=last.baseline, events=last.events
    )


def _value(rule: Rule, shown: Rule, transition: Transition) -> float | None:
    if not transition.values:
        return transition.value
    return transition.values[rule.when.conditions.index(shown.condition)]


def _condition(rule: Rule, transition: Transition) -> str:
    if transition.key.no_data:
        return f"no data over {duration_text(rule.over_us)}"
    return rule.told


def _annotations(
    rule: Rule, transition: Transition, labels: Mapping[str, str], series: Mapping[str, str]
) -> dict[str, str]:
    shown = _shown(rule, transition)
    condition = shown.condition
    value = _value(rule, shown, transition)
    measured = measured_of(rule, transition.values) or {condition.measure.text: value}
    told = Told(
        value=value, measured=measured, threshold=condition.threshold, unit=condition.unit,
        condition=_condition(rule, transition), labels=labels, series=series,
        baseline=transition.baseline, events=transition.events,
        window=duration_text(rule.over_us), units=units_of(rule),
    )  # fmt: skip
    texts = _of_no_data(rule) if transition.key.no_data else rule.annotations
    found = {name: render(text, told) for name, text in texts.items()}
    if transition.key.no_data:
        found.setdefault("summary", _no_data(rule, labels, series))
    if transition.baseline:
        found.setdefault("baseline", transition.baseline)
    if transition.reason:
        found["resolved"] = transition.reason
    if transition.untold:
        found["untold"] = _untold(transition.untold)
    return found


def _of_no_data(rule: Rule) -> dict[str, str]:
    """The templates that can be told when there is nothing to measure, or say themselves what then."""
    return {
        name: text
        for name, text in rule.annotations.items()
        if _NO_DATA in text or not (name == "summary" or tells_what_was_measured(text))
    }


def _no_data(rule: Rule, labels: Mapping[str, str], series: Mapping[str, str]) -> str:
    of_what = ", ".join(f"{name}={labels[name]}" for name in series if name in labels)
    of_what = f" of {of_what}" if of_what else ""
    return f"no data{of_what} over {duration_text(rule.over_us)}: {rule.when.text} cannot be judged"


def _untold(number: int) -> str:
    firings = "1 earlier firing" if number == 1 else f"{number:,} earlier firings"
    is_over = "is over and not told" if number == 1 else "are over and not told one by one"
    return f"late events have shown {firings} of this rule, too: {is_over}, a backtest lists them"


def made_up(rule: Rule) -> tuple[Told, ...]:
    """What templates of a rule may have to tell, made up: on both sides of its threshold."""
    condition, series = rule.condition, dict.fromkeys(rule.series_by, "some")
    labels = {**rule.labels, **series, "alertname": rule.name}
    if rule.no_data == "alert":
        labels[_NO_DATA] = "true"
    return tuple(
        Told(
            value=condition.threshold + more, threshold=condition.threshold, unit=condition.unit,
            condition=rule.told, labels=labels, series=series, baseline="usually 5", events=17,
            window=duration_text(rule.over_us), units=units_of(rule),
            measured={one.measure.text: 5.0 for one in rule.when.conditions},
        )
        for more in (0.75, -0.25)
    )  # fmt: skip


def window_of(rule: Rule, transition: Transition) -> TimeRange:
    """The event times that a transition is about."""
    return TimeRange(transition.instant - rule.over_us, transition.instant)


def events_of(rule: Rule, values: Values) -> Query:
    """The events that a series of a rule is about; those that are wrong, where that can be said."""
    query: Query = rule.where
    for name, value in zip(rule.series_by, values, strict=True):
        query = both(query, Term(name, value) if value else Not(Exists(name)))
    measure = rule.condition.measure.inner or rule.condition.measure
    match measure.kind:
        case Kind.ERRORS | Kind.ERROR_RATE | Kind.NEW_ERROR:
            return both(query, ERRORS)
        case Kind.RATIO if measure.parts is not None:
            return both(query, measure.parts[0])
    if measure.field is not None and isinstance(query, MatchAll):
        return Exists(measure.field)
    return query if measure.field is None else both(query, Exists(measure.field))


def shortened(events: Sequence[Event], room: int = _LARGEST_SAMPLE * MOST_SAMPLES) -> list[Event]:
    """Sample events, none of them large, all together within a number of bytes."""
    found: list[Event] = []
    for event in events[:MOST_SAMPLES]:
        short = event if _size(event) <= _LARGEST_SAMPLE else _short(event)
        room -= _size(short)
        if room < 0:
            break
        found.append(short)
    return found


def room_for(number: int) -> int:
    """Bytes of samples that each of so many alerts may have: they are kept in one record."""
    return _SAMPLES_BYTES // max(number, 1)


def _short(event: Event) -> Event:
    """The fields that tell most, with texts cut."""
    short: Event = {name: _cut(event[name]) for name in _KEPT if name in event}
    if _size(short) <= _LARGEST_SAMPLE:
        return short
    few: Event = {
        name: short[name] for name in ("@timestamp", "message", "service") if name in short
    }
    return few if _size(few) <= _LARGEST_SAMPLE else {"@timestamp": event.get("@timestamp")}


def _cut(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_MESSAGE else f"{value[:_LONGEST_MESSAGE]}…"
    if isinstance(value, dict):
        return {name: _cut(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_cut(part) for part in value[:20]]
    return value


def _size(event: Event) -> int:
    try:
        return len(orjson.dumps(event))
    except TypeError:  # a number beyond 64 bits: too odd to be told
        return _LARGEST_SAMPLE + 1


def _common_group(samples: Sequence[Mapping[str, Any]]) -> str | None:
    """The group of errors that all samples are of, if they are."""
    groups = {
        error.get("fingerprint") if isinstance(error := sample.get("error"), dict) else None
        for sample in samples
    }
    (group,) = groups if len(groups) == 1 else (None,)
    return group if isinstance(group, str) else None
