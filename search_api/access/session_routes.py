"""The routes of the page's sessions: begun with a key or a token, looked at, ended."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from search_api.access.authenticating import COOKIE, Authentication, session_of
from search_api.access.door_page import key_page, own_address
from search_api.access.grants import ANYBODY, Access
from search_api.access.refusals import Refusal, unknown_caller
from search_api.access.sessions import Sessions
from search_api.http.plain_pages import HEADERS, fields_of
from search_api.http.problems import problem
from search_api.http.responding import answer

_LONGEST_KEY = 8_000
_TOO_OFTEN = 429


class SessionBody(BaseModel):
    """What a session is made of."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(min_length=1, max_length=_LONGEST_KEY)] = Field(
        description="An API key, or a token of the OpenID Connect provider."
    )


class SessionAnswer(BaseModel):
    """Who asks, and what they may do."""

    name: str
    needs_keys: bool = Field(description="False: everybody may do everything here.")
    scopes: list[str]
    services: list[str] | None = Field(description="Whose events are seen; null: of all.")


def session_routes(authentication: Authentication, sessions: Sessions) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        authentication: Knows whose a key is.
        sessions: Has the sessions.
    """
    router = APIRouter()
    _add_form(router, authentication, sessions)

    @router.get("/session", response_model=SessionAnswer)
    async def current(request: Request) -> Response:
        """Who asks, and what they may do."""
        access = _access_of(request, authentication)
        if access is None:
            return _refused(unknown_caller("nobody is logged in: begin a session with a key"))
        return answer(_shown(access, authentication))

    @router.post("/session", response_model=SessionAnswer)
    async def begin(request: Request, body: SessionBody) -> Response:
        """Begins a session: the answer sets a cookie that scripts cannot read."""
        if not authentication.needs_keys:
            return answer(_shown(ANYBODY, authentication))
        found = await _found(request, authentication, body.key)
        if isinstance(found, Refusal):
            return _refused(found)
        return await _begun(request, answer(_shown(found, authentication)), sessions, found)

    @router.delete("/session", status_code=204)
    async def end(request: Request) -> Response:
        """Ends the session of the request's cookie, if it has one."""
        secret = session_of(dict(request.headers))
        if secret is not None:
            if (
                request.state.access is None
            ):  # what strangers name costs the state no more than wrong keys
                wrong: Refusal = request.state.wrong_key()
                if wrong.status == _TOO_OFTEN:
                    return _refused(wrong)
            await sessions.end(secret)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    return router


def _add_form(router: APIRouter, authentication: Authentication, sessions: Sessions) -> None:
    """What the page asks that links of messages lead to."""

    @router.post("/session/form", response_class=HTMLResponse, include_in_schema=False)
    async def begin_and_open(request: Request) -> Response:
        given = await fields_of(request)
        address = own_address(given.get("next", [""])[0])
        leads_on = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        if not authentication.needs_keys:
            return leads_on
        key = given.get("key", [""])[0][:_LONGEST_KEY].strip()
        found = await _found(request, authentication, key)
        if isinstance(found, Refusal):
            page = key_page(address, found.detail)
            return HTMLResponse(page, found.status, {**HEADERS, **found.headers})
        return await _begun(request, leads_on, sessions, found)


async def _found(request: Request, authentication: Authentication, key: str) -> Access | Refusal:
    """Who has a key or a token, or why they may not begin a session; either is counted."""
    access = await authentication.of(key)
    state = request.state
    if access is None:
        wrong: Refusal = state.wrong_key()
        return wrong
    too_often: Refusal | None = state.rate_refusal(access)
    return too_often or access


async def _begun(
    request: Request, response: Response, sessions: Sessions, access: Access
) -> Response:
    secret, life_s = await sessions.begin(access)
    request.state.begun_by = access.name
    response.set_cookie(
        COOKIE, secret, max_age=life_s, path="/", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def _refused(refusal: Refusal) -> Response:
    response = problem(refusal.status, refusal.detail)
    response.headers.update(refusal.headers)
    return response


def _access_of(request: Request, authentication: Authentication) -> Access | None:
    access: Access | None = getattr(request.state, "access", None)
    return access if access is not None or authentication.needs_keys else ANYBODY


def _shown(access: Access, authentication: Authentication) -> dict[str, Any]:
    limits = list(access.grants.values())
    services: set[str] | None = set()
    for one in limits:
        services = None if services is None or one is None else services | one
    return {
        "name": access.name,
        "needs_keys": authentication.needs_keys,
        "scopes": sorted(scope.value for scope in access.grants),
        "services": None if services is None else sorted(services),
    }
