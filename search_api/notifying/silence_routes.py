"""The routes of silences and acknowledgements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError

from logboom.config.units import parse_duration
from logboom.errors import QueryError
from logboom.matching import Matcher, equal_to, parse_matcher
from logboom.query.aside import read_aside
from logboom.query.times import parse_time
from search_api.alerts.alert import moment_of
from search_api.alerts.library import Library
from search_api.http.answers import Problem
from search_api.http.parameters import PROBLEMS
from search_api.http.plain_pages import HEADERS, fields_of
from search_api.http.problems import problem
from search_api.http.responding import answer
from search_api.notifying import forms
from search_api.notifying.answers import (
    AcknowledgementAnswer,
    AcknowledgementBody,
    AcknowledgementsAnswer,
    SilenceAnswer,
    SilenceBody,
    SilenceMadeAnswer,
    SilencesAnswer,
    acknowledgement_shown,
    silence_shown,
)
from search_api.notifying.hints import hints_for
from search_api.notifying.people import People
from search_api.notifying.quiet import Silence
from search_api.notifying.seeing import NEEDED, Seeing

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_US = 1_000_000

_Body = TypeVar("_Body", bound=BaseModel)

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Episode = Annotated[str, Path(pattern=r"^[0-9A-Za-z_.:-]{1,100}$")]


def silence_routes(people: People, seeing: Seeing, library: Library) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        people: What they have said.
        seeing: What of it concerns whoever asks.
        library: Has the rules, whose labels silences name.
    """
    router = APIRouter(responses=PROBLEMS)
    _forms(router, people, seeing)
    _acknowledgements(router, people, seeing)

    @router.get("/silences", response_model=SilencesAnswer)
    async def listed(*, expired: bool = False) -> Response:
        """The silences; `expired=true` shows those of the last days, too."""
        now = people.now()
        found = [
            one
            for one in await people.silences()
            if (expired or one.ends_at > now) and seeing.may_silence(one.matchers)
        ]
        return answer({"silences": [silence_shown(one, now) for one in found]})

    @router.post("/silences", response_model=SilenceMadeAnswer, status_code=201)
    async def add(body: SilenceBody) -> Response:
        """Adds a silence."""
        if not seeing.may_silence(_matchers(body)):
            return problem(403, NEEDED)
        hints = await _hints(body, seeing, library)
        made = await _put(people, body, None)
        return answer({**silence_shown(made, people.now()), "hints": hints}, status=201)

    @router.get("/silences/{silence_id}", response_model=SilenceAnswer, responses=_UNKNOWN)
    async def one(silence_id: Id) -> Response:
        """One silence."""
        found = await _seen(people, seeing, silence_id)
        return _unknown(silence_id) if found is None else answer(silence_shown(found, people.now()))

    @router.put("/silences/{silence_id}", response_model=SilenceMadeAnswer, responses=_UNKNOWN)
    async def change(silence_id: Id, body: SilenceBody) -> Response:
        """Replaces a silence."""
        if await _seen(people, seeing, silence_id) is None:
            return _unknown(silence_id)
        if not seeing.may_silence(_matchers(body)):
            return problem(403, NEEDED)
        hints = await _hints(body, seeing, library)
        made = await _put(people, body, silence_id)
        return answer({**silence_shown(made, people.now()), "hints": hints})

    @router.delete("/silences/{silence_id}", response_model=SilenceAnswer, responses=_UNKNOWN)
    async def end(silence_id: Id) -> Response:
        """Ends a silence now."""
        if await _seen(people, seeing, silence_id) is None:
            return _unknown(silence_id)
        found = await people.end(silence_id)
        return _unknown(silence_id) if found is None else answer(silence_shown(found, people.now()))

    return router


async def _hints(body: SilenceBody, seeing: Seeing, library: Library) -> list[str]:
    """Asked before the silence is kept: a failure then says that it is not."""
    if seeing.is_limited:  # rules tell of all services
        return []
    return hints_for(_matchers(body), (await library.read()).rules.values())


async def _seen(people: People, seeing: Seeing, silence_id: str) -> Silence | None:
    found = await people.silence(silence_id)
    return found if found is None or seeing.may_silence(found.matchers) else None


def _acknowledgements(router: APIRouter, people: People, seeing: Seeing) -> None:
    @router.get("/acknowledgements", response_model=AcknowledgementsAnswer)
    async def acknowledged() -> Response:
        """Who takes care of what."""
        found = await people.acknowledgements()
        if seeing.is_limited:
            seen = await seeing.episodes()
            found = [one for one in found if one.episode in seen]
        return answer({"acknowledgements": [acknowledgement_shown(one) for one in found]})

    @router.post(
        "/acknowledgements", response_model=AcknowledgementAnswer, status_code=201,
        responses=_UNKNOWN,
    )  # fmt: skip
    async def acknowledge(body: AcknowledgementBody) -> Response:
        """Says that somebody takes care of an alert: it is not repeated or escalated any more."""
        missing = await seeing.missing(body.episode)
        if missing is not None:
            return problem(404, missing)
        made = await people.acknowledge(body.episode, author=body.author, comment=body.comment)
        return answer(acknowledgement_shown(made), status=201)

    @router.delete("/acknowledgements/{episode}", status_code=204, responses=_UNKNOWN)
    async def withdraw(episode: Episode) -> Response:
        """Says that nobody takes care of it any more."""
        if not await seeing.sees_episode(episode) or not await people.withdraw(episode):
            return problem(404, f"nobody takes care of {episode}")
        return Response(status_code=204)


def _forms(router: APIRouter, people: People, seeing: Seeing) -> None:
    """The pages that links in messages open: they change nothing until their button is pressed."""

    @router.get("/silences/form", response_class=HTMLResponse, include_in_schema=False)
    async def ask_silence(matcher: Annotated[list[str], Query(max_length=30)]) -> Response:
        return HTMLResponse(forms.silence_page(matcher), headers=HEADERS)

    @router.post("/silences/form", response_class=HTMLResponse, include_in_schema=False)
    async def silence_it(request: Request) -> Response:
        given = await fields_of(request)
        body = _made(
            SilenceBody,
            matchers=given.get("matcher", []), duration=given.get("duration", ["2h"])[0],
            author=given.get("author", [""])[0], comment=given.get("comment", [""])[0],
        )  # fmt: skip
        if not seeing.may_silence(_matchers(body)):
            return problem(403, NEEDED)
        made = await _put(people, body, None)
        until = made.ends_at.strftime("%Y-%m-%d %H:%M UTC")
        return HTMLResponse(forms.done_page(f"Silent until {until}."), headers=HEADERS)

    @router.get("/acknowledgements/form", response_class=HTMLResponse, include_in_schema=False)
    async def ask_acknowledgement(episode: Annotated[str, Query(max_length=100)]) -> Response:
        return HTMLResponse(forms.acknowledgement_page(episode), headers=HEADERS)

    @router.post("/acknowledgements/form", response_class=HTMLResponse, include_in_schema=False)
    async def acknowledge_it(request: Request) -> Response:
        given = await fields_of(request)
        body = _made(
            AcknowledgementBody,
            episode=given.get("episode", [""])[0],
            author=given.get("author", [""])[0], comment=given.get("comment", [""])[0],
        )  # fmt: skip
        missing = await seeing.missing(body.episode)
        if missing is not None:
            return problem(404, missing)
        await people.acknowledge(body.episode, author=body.author, comment=body.comment)
        return HTMLResponse(forms.done_page("Acknowledged. Thank you."), headers=HEADERS)


def _made(kind: type[_Body], **fields: object) -> _Body:
    """What a page has sent, checked as the body of a request is."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(one) for one in first["loc"])
        raise QueryError(f"{where}: {first['msg']}") from error


async def _put(people: People, body: SilenceBody, key: str | None) -> Silence:
    now = people.now()
    starts_at, ends_at = await read_aside(lambda: _ends(body, now))
    return await people.put(
        _matchers(body), starts_at, ends_at, author=body.author, comment=body.comment, key=key
    )


def _ends(body: SilenceBody, now: datetime) -> tuple[datetime, datetime]:
    starts_at = now if body.starts_at is None else _time(body.starts_at, now)
    return starts_at, _end(body, starts_at, now)


def _end(body: SilenceBody, starts_at: datetime, now: datetime) -> datetime:
    if (body.ends_at is None) == (body.duration is None):
        raise QueryError("a silence needs an end: either `ends_at` or `duration`")
    if body.ends_at is not None:
        return _time(body.ends_at, now)
    try:
        return starts_at + parse_duration(body.duration or "")
    except (ValueError, OverflowError) as error:
        raise QueryError(str(error)) from error


def _time(text: str, now: datetime) -> datetime:
    now_ns = int(now.timestamp() * _US) * 1000
    return moment_of(parse_time(text, now_ns=now_ns, zone=UTC))


def _matchers(body: SilenceBody) -> tuple[Matcher, ...]:
    if isinstance(body.matchers, dict):
        return equal_to(body.matchers)
    try:
        return tuple(parse_matcher(text) for text in body.matchers)
    except ValueError as error:
        raise QueryError(str(error)) from error


def _unknown(silence_id: str) -> Response:
    return problem(404, f"there is no silence {silence_id}")
