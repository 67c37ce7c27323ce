"""The routes of error groups: listed, shown, merged and split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from logboom.clock import Clock
from logboom.query.times import iso_text
from search_api.error_groups.grouping import MOST_MERGED, ErrorGroup, ErrorGroups
from search_api.http.answers import Problem
from search_api.http.problems import problem
from search_api.http.responding import answer
from search_api.http.routing import PlainRoute
from search_api.searching.answering import Answering
from search_api.searching.asking import shown, understand

MOST_LISTED = 1_000
_DEFAULT_FROM = "now-24h"
_INCOMPLETE = "there are too many groups in these times: rare ones are missing, narrow the question"
_GOES_ON = "the merge goes on, and may take effect yet: look at the group, or merge again, which does no harm"
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}

Name = Annotated[str, Field(min_length=1, max_length=200)]


class ErrorAnswer(BaseModel):
    """One group; `count`, `last_seen` and `services` are of the range of times asked for."""

    fingerprint: str
    title: str
    type: str
    count: int
    first_seen: str | None = Field(description="The first ever, also when its event is gone.")
    last_seen: str | None
    services: dict[str, int]
    merged: list[str] = Field(description="Fingerprints that were merged into this group.")


class ErrorsAnswer(BaseModel):
    """The groups; `total` counts those that are not listed, too."""

    errors: list[ErrorAnswer]
    total: int
    complete: bool
    warnings: list[str]


class ErrorDetails(ErrorAnswer):
    """One group with its newest event, and with what was kept of its first."""

    sample: dict[str, Any] | None
    first: dict[str, str] | None


class MergeBody(BaseModel):
    """Groups to be taken for one."""

    model_config = ConfigDict(extra="forbid")

    fingerprints: list[Name] = Field(min_length=1, max_length=MOST_MERGED)
    into: Name | None = Field(None, description="Which of them names it; default: the first.")


class SplitBody(BaseModel):
    """Which fingerprints become groups of their own again."""

    model_config = ConfigDict(extra="forbid")

    fingerprints: list[Name] = Field([], max_length=MOST_MERGED, description="Default: all.")


class SplitAnswer(BaseModel):
    """Which fingerprints became groups of their own again."""

    split: list[str]


def error_routes(groups: ErrorGroups, clock: Clock, answering: Answering) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        groups: Knows them.
        clock: For times such as ``now-1h``.
        answering: Bounds how many are counted at once, and for how long.
    """
    router = APIRouter(
        responses={400: {"model": Problem}, 503: {"model": Problem, "description": "Try again."}},
        route_class=PlainRoute,
    )

    @router.get("/errors", response_model=ErrorsAnswer)
    async def errors(
        q: str = "", begin: Annotated[str | None, Query(alias="from")] = _DEFAULT_FROM,
        end: Annotated[str | None, Query(alias="to")] = None,
        sort: Literal["count", "last_seen", "first_seen"] = "count",
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50, tz: str = "UTC",
    ) -> Response:  # fmt: skip
        """The groups of errors among the matches; without `from` those of the last 24 hours."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)
        listed = await answering.in_turn(
            lambda: groups.list(asked.query, asked.times, sort=sort, limit=limit)
        )
        warnings = [*asked.notes, *([] if listed.complete else [_INCOMPLETE])]
        return answer(
            {
                "errors": [_shown(group) for group in listed.groups],
                "total": listed.total,
                "complete": listed.complete,
                "warnings": warnings,
            }
        )

    @router.get("/errors/{fingerprint}", response_model=ErrorDetails, responses=_UNKNOWN)
    async def error(
        fingerprint: str, q: str = "", begin: Annotated[str | None, Query(alias="from")] = None,
        end: Annotated[str | None, Query(alias="to")] = None, tz: str = "UTC",
    ) -> Response:  # fmt: skip
        """One group, by any of its fingerprints; without `from` over all that is stored."""
        asked = await understand(clock.now_ns(), q, begin, end, tz)
        group, sample = await answering.in_turn(
            lambda: groups.sampled(fingerprint, asked.query, asked.times)
        )
        if group is None:
            return _unknown([fingerprint])
        first = None if group.record is None else group.record.value()
        return answer(
            {
                **_shown(group),
                "sample": None if sample is None else shown(sample, []),
                "first": first,
            }
        )

    @router.post("/errors/merge", response_model=ErrorAnswer, responses=_UNKNOWN)
    async def merge(body: MergeBody) -> Response:
        """Takes groups for one from now on, their stored events included; after a 503 perhaps, too."""
        into = body.fingerprints[0] if body.into is None else body.into
        group = await answering.in_turn(lambda: groups.merge(body.fingerprints, into), _GOES_ON)
        return _unknown(body.fingerprints) if group is None else answer(_shown(group))

    @router.post("/errors/{fingerprint}/split", response_model=SplitAnswer)
    async def split(fingerprint: str, body: SplitBody | None = None) -> Response:
        """Undoes merges into a group."""
        chosen = [] if body is None else body.fingerprints
        return answer({"split": await groups.split(fingerprint, chosen)})

    return router


def _shown(group: ErrorGroup) -> dict[str, Any]:
    record, (name, *merged) = group.record, group.told
    return {
        "fingerprint": name,
        "title": "" if record is None else record.title,
        "type": "" if record is None else record.kind,
        "count": group.count,
        "first_seen": None if group.first_us is None else iso_text(group.first_us),
        "last_seen": None if group.last_us is None else iso_text(group.last_us),
        "services": dict(group.services.most_common()),
        "merged": merged,
    }


def _unknown(fingerprints: Sequence[str]) -> Response:
    return problem(
        404, f"there are no errors with the fingerprint {' or '.join(fingerprints)}"[:500]
    )
