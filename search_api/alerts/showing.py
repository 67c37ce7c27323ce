"""How are alerts and rules shown to those who ask?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from logboom.event import value_at
from logboom.query.times import iso_text
from search_api.alerts.alert import Alert, AlertState
from search_api.alerts.alerting import Alerting
from search_api.alerts.data import Values
from search_api.alerts.keeping import Book
from search_api.alerts.known import all_rules, known_alerts, pending
from search_api.alerts.observing import Observation
from search_api.alerts.rules import Rule, RuleGroup, duration_text
from search_api.alerts.standing import Standing
from search_api.alerts.telling import measured_of
from search_api.alerts.verdict import Verdict, verdict_of

Sees = Callable[[str], bool]
"""Whether the caller sees events of a service."""

_ORDER = {AlertState.FIRING: 0, AlertState.PENDING: 1, AlertState.RESOLVED: 2}


async def alerts(
    alerting: Alerting, sees: Sees, reads: Sees, state: str | None
) -> list[dict[str, Any]]:
    """Alerts as JSON: those that fire, those that are pending, those that resolved lately.

    Args:
        alerting: Decides.
        sees: What the caller may see.
        reads: Of which services the caller may read events: lines are shown of these alone.
        state: Only those of this one.

    Raises:
        StateError: They cannot be read.
    """
    book, known = Book(alerting.engine.memory), await all_rules(alerting.library)
    await book.read()
    found = await known_alerts(alerting.engine.memory, book, known)
    found += [one for rule in known.values() for one in pending(rule, book)]
    found = [one for one in found if _may_see(one, sees)]
    wanted = [one for one in found if state is None or one.state.value == state]
    wanted.sort(key=lambda one: (_ORDER[one.state], -(one.ends_at or one.starts_at).timestamp()))
    return [_shown(one, lambda name: sees(name) and reads(name)) for one in wanted]


def _may_see(alert: Alert, sees: Sees) -> bool:
    """An alert of no single service is not for those who see a few of them only."""
    return sees(alert.labels.get("service.name", ""))


def _shown(alert: Alert, reads: Sees) -> dict[str, Any]:
    """An alert shows no lines of services whose events the caller may not read."""
    services = [str(value_at(dict(one), "service.name") or "") for one in alert.samples]
    samples = [one for one, name in zip(alert.samples, services, strict=True) if reads(name)]
    return {**alert.to_json(), "samples": samples}


async def rules(alerting: Alerting) -> dict[str, Any]:
    """All rules as JSON, with how it goes with them.

    Raises:
        StateError: They cannot be read.
    """
    found = await alerting.library.read()
    book = Book(alerting.engine.memory)
    await book.read()
    standing = alerting.engine.standing
    return {
        "groups": [_group(group, book, standing) for group in found.groups.values()],
        "problems": dict(found.problems),
    }


def _group(group: RuleGroup, book: Book, standing: Standing) -> dict[str, Any]:
    known = standing.groups.get(group.name)
    last_us = None if known is None else known.last_us
    return {
        "name": group.name,
        "every": duration_text(group.every_us),
        "origin": group.origin,
        "last": None if last_us is None else iso_text(last_us),
        "rules": [_rule(rule, book, standing) for rule in group.rules],
    }


def _rule(rule: Rule, book: Book, standing: Standing) -> dict[str, Any]:
    kept = book.kept.get(rule.id)
    states = [] if kept is None else [one.state for one in kept.state.series.values()]
    firing, pending = states.count(AlertState.FIRING), states.count(AlertState.PENDING)
    state = "firing" if firing else "pending" if pending else "inactive"
    if rule.id in standing.held:
        state = "held"
    if rule.id in standing.failures:
        state = "failed"
    return {
        "alert": rule.name,
        "when": rule.when.text,
        "over": duration_text(rule.over_us),
        "by": list(rule.by),
        "where": rule.where_text,
        "labels": dict(rule.labels),
        "state": state,
        "pending": pending,
        "firing": firing,
        "matched": kept is not None and kept.state.matched,
        "untold": 0 if kept is None else kept.state.untold,
        "detail": standing.failures.get(rule.id, ""),
    }


def series(rule: Rule, values: Values, seen: Observation) -> Mapping[str, Any]:
    """What is measured of a series, as JSON."""
    holds = verdict_of(rule, seen, firing=False) is Verdict.HOLDS
    return {
        "series": dict(zip(rule.series_by, values, strict=True)),
        "value": seen.value,
        "measured": measured_of(rule, tuple(one.value for one in seen.all)),
        "events": seen.events,
        "baseline": seen.baseline,
        "holds": holds,
    }
