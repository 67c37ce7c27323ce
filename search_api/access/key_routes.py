"""The routes of API keys: listed, made, revoked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from logboom.config.units import parse_duration
from logboom.errors import KeyRefused
from logboom.keys import ApiKey, KeyBook, KnownKeys, Scope
from logboom.query.times import iso_text
from search_api.access.grants import ANYBODY, Access
from search_api.http.answers import Problem
from search_api.http.parameters import NO_TRUTH_VALUE
from search_api.http.problems import problem
from search_api.http.responding import answer

_LONGEST_LIFE_S = 100 * 365 * 86_400

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class KeyBody(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    scopes: Annotated[list[Literal["read", "ingest", "alerts", "admin"]], Field(min_length=1)]
    services: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(
            max_length=200,
            description="Only events of these are seen, at least one; left out: of all.",
        ),
    ] = []
    expires_in: Annotated[str | None, Field(max_length=50)] = Field(
        None, description="How long it is worth something, for example 90d; default: for ever."
    )
    requests_per_s: Annotated[float, NO_TRUTH_VALUE, Field(gt=0, le=1e6)] | None = None


class KeyAnswer(BaseModel):
    """A key without its secret."""

    name: str
    scopes: list[str]
    services: list[str]
    created: str
    created_by: str
    expires: str | None
    last_used: str | None = Field(description="To ten minutes.")
    requests_per_s: float | None


class NewKeyAnswer(KeyAnswer):
    """A key with its secret, which is shown this once."""

    key: str


class KeysAnswer(BaseModel):
    """All keys by their names."""

    keys: list[KeyAnswer]


def key_routes(book: KeyBook, known: KnownKeys) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        book: Has the keys.
        known: Is told that they have changed.
    """
    router = APIRouter()

    @router.get("/keys", response_model=KeysAnswer)
    async def keys() -> Response:
        """All keys, also those that have expired."""
        listed = await book.listed()
        return answer({"keys": [shown(one.key, one.used_ns) for one in listed]})

    @router.post(
        "/keys", response_model=NewKeyAnswer, status_code=201, responses={409: {"model": Problem}}
    )
    async def create(request: Request, body: KeyBody) -> Response:
        """Makes a key; its secret is in this answer, and nowhere else."""
        access: Access = getattr(request.state, "access", None) or ANYBODY
        lives_ns = None if body.expires_in is None else _life_ns(body.expires_in)
        services = body.services if "services" in body.model_fields_set else None
        key, secret = await book.create(
            body.name, frozenset(map(Scope, body.scopes)), services, by=access.name,
            lives_ns=lives_ns, requests_per_s=body.requests_per_s,
        )  # fmt: skip
        known.forget()
        return answer({**shown(key, None), "key": secret}, status=201)

    @router.delete("/keys/{name}", status_code=204, responses={404: {"model": Problem}})
    async def revoke(name: Name) -> Response:
        """Takes a key back: it is worth nothing within seconds."""
        if not await book.revoke(name):
            return problem(404, f"there is no key named {name}")
        known.forget()
        return Response(status_code=204)

    return router


def shown(key: ApiKey, used_ns: int | None) -> dict[str, Any]:
    """A key as it is answered, without its secret."""
    return {
        "name": key.name,
        "scopes": sorted(scope.value for scope in key.scopes),
        "services": list(key.services),
        "created": iso_text(key.created_ns // 1000),
        "created_by": key.created_by,
        "expires": None if key.expires_ns is None else iso_text(key.expires_ns // 1000),
        "last_used": None if used_ns is None else iso_text(used_ns // 1000),
        "requests_per_s": key.requests_per_s,
    }


def _life_ns(text: str) -> int:
    """A duration that ends while times can still be written.

    Raises:
        KeyRefused: It is none.
    """
    try:
        seconds = parse_duration(text).total_seconds()
    except (ValueError, OverflowError) as error:
        raise KeyRefused(f"expires_in: {error}") from error
    if seconds > _LONGEST_LIFE_S:
        raise KeyRefused("expires_in: more than 100 years", mend="leave it out")
    return int(seconds * 1e9)
