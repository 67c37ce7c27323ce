"""The routes of alerts and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from logboom.clock import Clock
from logboom.errors import LogboomError, QueryError
from logboom.query.aside import read_aside
from logboom.store import TimeRange
from search_api.alerts import showing
from search_api.alerts.alert import Alert
from search_api.alerts.alert_answers import (
    AlertsAnswer,
    BacktestAnswer,
    ChangedAnswer,
    DryRunAnswer,
    GroupBody,
    HistoryAnswer,
    RulesAnswer,
    TrialBody,
)
from search_api.alerts.alerting import Alerting
from search_api.alerts.backtest import backtest, measure_now
from search_api.alerts.doubts import doubts_of, not_looked_at, unseen
from search_api.alerts.rule_keeping import Change, read_group
from search_api.alerts.rules import DAY_US, Rule, RuleGroup, duration_text
from search_api.alerts.source import Source
from search_api.http.answers import Problem
from search_api.http.parameters import PROBLEMS
from search_api.http.problems import problem
from search_api.http.responding import answer
from search_api.searching.asking import understand

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_CONFLICT: dict[int | str, dict[str, Any]] = {
    **_UNKNOWN,
    409: {"model": Problem, "description": "A file has it, or somebody else has changed it."},
}
_NOT_BY_NAME = "rules tell of all services, and you are limited to some: send the rule itself"
_LONGEST_US = 31 * DAY_US

Previews = Callable[[Sequence[Alert]], list[dict[str, Any]]]
"""What receivers would be told of alerts, as JSON."""

Name = Annotated[str, Path(pattern="^[^\\x00-\\x1f\\x7f/#]{1,150}$")]


def alert_routes(alerting: Alerting, sees: showing.Sees, reads: showing.Sees) -> APIRouter:
    """The routes of alerts, and of rules as they are kept, below ``/api/v1``.

    Args:
        alerting: Decides.
        sees: Whether the caller sees alerts of a service.
        reads: Whether the caller may read events of a service.
    """
    router = APIRouter(responses=PROBLEMS)

    @router.get("/alerts", response_model=AlertsAnswer)
    async def alerts(
        state: Literal["firing", "pending", "resolved"] | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
    ) -> Response:
        """What is pending, fires, or has resolved within the last seven days."""
        found = await showing.alerts(alerting, sees, reads, state)
        return answer({"alerts": found[:limit], "total": len(found)})

    @router.get("/rules", response_model=RulesAnswer)
    async def rules() -> Response:
        """All rules, and how it goes with each of them."""
        return answer(await showing.rules(alerting))

    @router.get("/rules/{group}", responses=_UNKNOWN)
    async def rule_group(group: Name) -> Response:
        """A group of the API, as it was sent."""
        content = await alerting.kept.content(group)
        return _no_group(group) if content is None else answer(content)

    @router.put("/rules/{group}", response_model=ChangedAnswer, responses=_CONFLICT)
    async def put(group: Name, body: GroupBody, request: Request) -> Response:
        """Makes or changes a group."""
        content = {**body.model_dump(exclude_unset=True), "name": group}
        if body.name not in {None, group}:
            return problem(400, f"the group is called {body.name} inside, and {group} outside")
        refusal = await _hidden(alerting, group)
        if refusal is not None:
            return refusal
        read, doubts = await asyncio.to_thread(_read_with_doubts, content)
        change = await alerting.kept.put(content, _author(request), read=read)
        return answer({**_change(change), "warnings": doubts})

    @router.delete("/rules/{group}", status_code=204, responses=_CONFLICT)
    async def delete(group: Name, request: Request) -> Response:
        """Deletes a group of the API; what it fires resolves."""
        if not await alerting.kept.delete(group, _author(request)):
            return await _hidden(alerting, group) or _no_group(group)
        return Response(status_code=204)

    @router.get("/rules/{group}/history", response_model=HistoryAnswer, responses=_UNKNOWN)
    async def history(group: Name) -> Response:
        """Who made it what, and when; the newest first."""
        changes = await alerting.kept.history(group)
        shown = [_change(change) for change in changes]
        return answer({"changes": shown}) if shown else _no_group(group)

    return router


def trial_routes(
    alerting: Alerting, source: Source, clock: Clock, sees: showing.Sees, previews: Previews
) -> APIRouter:
    """The routes that try rules, below ``/api/v1``.

    Args:
        alerting: Has the rules that are there.
        source: It shows no more than the caller may see.
        clock: For the present.
        sees: Whether the caller sees events of a service.
        previews: Say what receivers would be told.
    """
    router = APIRouter(responses=PROBLEMS)

    @router.post("/rules/backtest", response_model=BacktestAnswer, responses=_UNKNOWN)
    async def tried(body: TrialBody) -> Response:
        """Would a rule have fired, when, and what would it have told?"""
        rule = await _rule(alerting, body, sees)
        if isinstance(rule, Response):
            return rule
        now_us = clock.now_ns() // 1000
        start_us, end_us = await _stretch(body, clock.now_ns())
        result = await backtest(source, rule, start_us, end_us)
        return answer(
            {
                "rule": rule.id,
                "condition": rule.told,
                "warnings": await _warnings(source, rule, now_us, TimeRange(start_us, end_us)),
                "evaluations": result.instants,
                "fired": result.fired,
                "alerts": previews(result.alerts),
            }
        )

    @router.post("/rules/dry-run", response_model=DryRunAnswer, responses=_UNKNOWN)
    async def dry_run(body: TrialBody) -> Response:
        """What does a rule measure now?"""
        rule = await _rule(alerting, body, sees)
        if isinstance(rule, Response):
            return rule
        now_us = clock.now_ns() // 1000
        found = await measure_now(source, rule, now_us)
        series = [showing.series(rule, values, seen) for values, seen in found.items()]
        series.sort(key=lambda one: not one["holds"])
        return answer(
            {
                "rule": rule.id,
                "condition": rule.told,
                "warnings": await _warnings(
                    source, rule, now_us, TimeRange(now_us - rule.over_us, now_us)
                ),
                "series": series[:1_000],
            }
        )

    return router


async def _stretch(body: TrialBody, now_ns: int) -> tuple[int, int]:
    """From when to when a rule is to be tried, µs since the epoch; no further than to the present.

    Raises:
        QueryError: There is nothing between, or too much.
    """
    times = (await understand(now_ns, "", body.begin, body.end, body.tz)).times
    end_us = min(times.end_us or now_ns // 1000, now_ns // 1000)
    start_us = times.start_us or end_us - DAY_US
    if start_us >= end_us:
        raise QueryError(
            f"there is nothing to evaluate: `from` is {body.begin}, and neither `to` ({body.end})"
            " nor the present is later",
            suggestion='write for example "from": "now-7d", "to": "now"',
        )
    if end_us - start_us > _LONGEST_US:
        raise QueryError(
            f"from {body.begin} to {body.end} is more than {duration_text(_LONGEST_US)}",
            suggestion="ask for one part after the other",
        )
    return start_us, end_us


async def _rule(alerting: Alerting, body: TrialBody, sees: showing.Sees) -> Rule | Response:
    if not isinstance(body.rule, str):
        content = {"name": "trial", "every": body.every, "rules": [body.rule]}
        return (await read_aside(lambda: read_group(content)))[0].rules[0]
    if not sees(""):
        return problem(403, _NOT_BY_NAME)
    rule = (await alerting.library.read()).rules.get(body.rule)
    return problem(404, f"there is no rule {body.rule}") if rule is None else rule


def _read_with_doubts(content: Mapping[str, Any]) -> tuple[RuleGroup, list[str]]:
    """A group as it was sent, and what its rules hardly mean. Seconds of work for a large one."""
    (group,) = read_group(content)
    return group, [f"{rule.name}: {doubt}" for rule in group.rules for doubt in doubts_of(rule)]


async def _warnings(source: Source, rule: Rule, now_us: int, times: TimeRange) -> list[str]:
    """What a rule hardly means, and what was not looked at within times.

    What was found goes out though the store cannot be asked of fields.
    """
    try:
        missing = [
            *await unseen(source, rule, now_us),
            *await not_looked_at(source, rule, times),
        ]
    except LogboomError as error:
        missing = [f"it was not looked whether events have the rule's fields: {error}"]
    return [*doubts_of(rule), *missing]


async def _hidden(alerting: Alerting, group: str) -> Response | None:
    found = (await alerting.library.read()).groups.get(group)
    if found is None or found.origin == "api":
        return None
    return problem(409, f"the group {group} is in {found.origin}: change it there")


def _author(request: Request) -> str:
    access = getattr(request.state, "access", None)
    return str(getattr(access, "name", ""))


def _change(change: Change) -> Mapping[str, Any]:
    return {
        "version": change.version,
        "at": change.at,
        "author": change.author,
        "content": change.content,
    }


def _no_group(name: str) -> Response:
    return problem(404, f"the API has no group of rules {name}")
