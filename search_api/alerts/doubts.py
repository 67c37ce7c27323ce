"""What may a rule say, and yet hardly mean?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS, FieldType, resolve
from logboom.query.model import And, Exists, MatchAll, Or, Query, Term
from logboom.spellings import stored_as, unit_of_duration
from logboom.store import TimeRange
from search_api.alerts.expressions import LEAST_LENGTH, fields_in
from search_api.alerts.measures import Condition, Kind
from search_api.alerts.rule_checks import joined_parts
from search_api.alerts.rules import DAY_US, Rule
from search_api.alerts.sense import says_nothing
from search_api.alerts.source import Source
from search_api.alerts.states import MOST_SERIES
from search_api.alerts.thresholds import settled

MOST_FIELDS: Final = 12
"""Of one rule that are looked for in events."""

_COMPARED: Final = re.compile(r"(?<![\w.:\"'])([\w.]+)\s*(==?|[<>]=?)(?=\s*[\w'\"])")
_ERRORS: Final = frozenset({"error", "fatal"})
_LIKE: Final = 0.7
_ALMOST: Final = 0.8
"""What is still more alike was refused, or written with `attributes.` on purpose."""

_OF_ONE_REQUEST: Final = frozenset({"trace.id", "span.id", "transaction.id"})
_OF_ONE_EVENT: Final = frozenset({"log.offset", "event.original", "event.duration"})
_OWN_ID: Final = re.compile(
    r"attributes\.(?:.*[._-])?(?:(?:request|correlation|message)[_-]?id|uuid|guid)\Z", re.IGNORECASE
)
"""What applications call such fields of their own."""


def doubts_of(rule: Rule) -> list[str]:
    """What is odd about a rule, a sentence each, as far as the rule itself tells."""
    found = [
        f"{name[len(ATTRIBUTES) + 1 :]}: {hint}{_instead(rule, name)}"
        for name in _own(rule)
        if (hint := _hint(name))
    ]
    found += _not_asked(rule.where_text)
    shares = [one for one in rule.when.conditions if one.measure.kind is Kind.ERROR_RATE]
    if shares and any(map(_is_of_errors, joined_parts(rule.where))):
        found.append(
            f"{shares[0].text}: events of the level error are errors, unless `errors` of the configuration says"
            " otherwise: with this `where` it is 100%"
        )
    if says_nothing(rule.when, over_us=rule.over_us, min_events=rule.min_events):
        found.append(
            f"{rule.when.text} says nothing: min_events: {rule.min_events} is more, so it holds as"
            " soon as there are so many events"
        )
    found += _series_of_their_own(rule)
    found += _below_zero(rule)
    return found


def _series_of_their_own(rule: Rule) -> Iterator[str]:
    """Fields of `by` that make a series of each request, or of each event."""
    for name in rule.by:
        is_of_event = name in _OF_ONE_EVENT
        if is_of_event or name in _OF_ONE_REQUEST or _OWN_ID.search(name):
            what = "events" if is_of_event else "requests"
            yield (
                f"by: hardly two {what} have the same {name}, so each is a series of its own, and a rule follows"
                f" {MOST_SERIES:,} at most: take a field with few values, such as service.name, or count"
                f" them: distinct({name}) > 100"
            )


def _below_zero(rule: Rule) -> Iterator[str]:
    """Comparisons that only negative values decide, of fields that have none, unless a clock went back."""
    for condition in rule.when.conditions:
        name, is_distinct = condition.measure.field, condition.measure.kind is Kind.DISTINCT
        if is_distinct or EVENT_FIELDS.get(name or "") is not FieldType.LONG:
            continue
        holds = settled(condition.sign, condition.threshold, least=0)
        if holds is not None:
            word = "nearly always" if holds else "hardly ever"
            yield f"{condition.text} {word} holds: {name} is not below 0"


def _is_of_errors(part: Query) -> bool:
    if isinstance(part, Or):
        return all(map(_is_of_errors, part.parts))
    return isinstance(part, Term) and part.field == "log.level" and part.value in _ERRORS


def _not_asked(where: str) -> Iterator[str]:
    """Comparisons that a query takes for words, as other languages write them."""
    for match in _COMPARED.finditer(where):
        name, sign = match.groups()
        if resolve(name)[0] in EVENT_FIELDS:
            asked = f"{name}:" if sign in {"=", "=="} else f"{name}:{sign}"
            yield f"where: {match[0].strip()} looks for words: write {asked}VALUE to ask for the field"


async def unseen(source: Source, rule: Rule, now_us: int) -> list[str]:
    """Fields that a rule names and no event of the last day has, a sentence each.

    Args:
        source: Has the events.
        rule: The rule.
        now_us: The present, µs since the epoch.

    Raises:
        QueryError: The store cannot be asked for one of them.
        StoreUnavailable: Ask again later.
    """
    times, found = TimeRange(now_us - max(DAY_US, rule.over_us), now_us), []
    for name in list(_own(rule))[:MOST_FIELDS]:
        if not await source.samples(Exists(name), times, 1):
            near = _near(name[len(ATTRIBUTES) + 1 :], _LIKE)
            meant = "" if near is None else f": did you mean {near}?"
            found.append(f"no event of the last day has {name}{meant}")
    return found


async def not_looked_at(source: Source, rule: Rule, times: TimeRange) -> Sequence[str]:
    """Attributes of a rule that days have no room for, a sentence each; see `Store.lacking`.

    Raises:
        StoreUnavailable: Ask again later.
    """
    asked = And((rule.where, Or((MatchAll(), *_parts(rule)))))  # each part is counted by itself
    return await source.lacking(asked, times, list(_measured(rule)))


def _own(rule: Rule) -> Iterator[str]:
    """Stored names of the applications' own fields that a rule names, each once."""
    asked = [name for query in (rule.where, *_parts(rule)) for name in fields_in(query)]
    names = [*asked, *_measured(rule)]
    yield from dict.fromkeys(name for name in names if name not in EVENT_FIELDS)


def _measured(rule: Rule) -> Iterator[str]:
    """Stored names of the fields by whose values events are counted, and of those that are measured."""
    yield from rule.by
    for condition in rule.when.conditions:
        field = _field_of(condition)
        if field is not None:
            yield field


def _parts(rule: Rule) -> Iterator[Query]:
    """The queries of a rule's conditions."""
    for condition in rule.when.conditions:
        yield from (condition.measure.inner or condition.measure).parts or ()


def _hint(stored: str) -> str | None:
    written = stored[len(ATTRIBUTES) + 1 :]
    own = _read_as(stored)
    if own is not None:
        return f"events have it as {own}, hardly ever as {stored}"
    near, on_purpose = _near(written, _LIKE), _near(written, _ALMOST)
    if near is None or (on_purpose and len(written) >= LEAST_LENGTH):
        return None
    return f"did you mean {near}? It is looked for as {stored}"


def _read_as(stored: str) -> str | None:
    """Where events have what applications call so, as it is read."""
    written = stored[len(ATTRIBUTES) + 1 :]
    own, _ = resolve(written)
    return own if own in EVENT_FIELDS else stored_as(written)


def _instead(rule: Rule, stored: str) -> str:
    """The first comparison of a field of another name, as it is right."""
    own = _read_as(stored)
    first = next((one for one in rule.when.conditions if _field_of(one) == stored), None)
    if own is None or first is None:
        return ""
    written = stored[len(ATTRIBUTES) + 1 :]
    shown = first.text.replace(f"({stored})", f"({own})").replace(f"({written})", f"({own})")
    unit = unit_of_duration(written)
    is_bare = unit is not None and first.unit != "times" and shown[-1:].isdigit()
    return f": write {shown}{f' {unit}' if is_bare else ''}"


def _field_of(condition: Condition) -> str | None:
    return (condition.measure.inner or condition.measure).field


def _near(written: str, cutoff: float) -> str | None:
    known = [*EVENT_FIELDS, *ALIASES]
    return next(iter(get_close_matches(written.lower(), known, n=1, cutoff=cutoff)), None)
