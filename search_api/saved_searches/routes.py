"""The routes of saved searches: list, save, change, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from search_api.http.answers import Problem
from search_api.http.parameters import PROBLEMS
from search_api.http.problems import problem
from search_api.http.responding import answer
from search_api.saved_searches.searches import SavedSearch, Search, Searches

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_CONFLICT: dict[int | str, dict[str, Any]] = {
    **_UNKNOWN,
    409: {"model": Problem, "description": "Somebody else has changed it: read it again."},
}

Id = Annotated[str, Path(pattern="^[0-9a-f]{1,64}$")]
Version = Annotated[str, Field(min_length=1, max_length=200)]


class ChangedSearch(Search):
    """A search as it is to be from now on."""

    version: Version = Field(description="The one that was read.")


class SearchesAnswer(BaseModel):
    """Saved searches; `after` is where the next page begins, null on the last one."""

    searches: list[SavedSearch]
    after: str | None


def keeping_routes(searches: Searches) -> APIRouter:
    """The routes below ``/api/v1``."""
    router = APIRouter(responses=PROBLEMS)

    @router.get("/searches", response_model=SearchesAnswer)
    async def listed(
        after: Annotated[str, Query(pattern="^[0-9a-f]{0,64}$")] = "",
        limit: Annotated[int, Query(ge=1, le=1_000)] = 1_000,
    ) -> Response:
        """The saved searches."""
        found = await searches.list(after=after, limit=limit)
        return answer({"searches": [_shown(one) for one in found.searches], "after": found.after})

    @router.post("/searches", response_model=SavedSearch, status_code=201)
    async def save(body: Search) -> Response:
        """Saves a search."""
        return answer(_shown(await searches.add(body)), status=201)

    @router.get("/searches/{search_id}", response_model=SavedSearch, responses=_UNKNOWN)
    async def one(search_id: Id) -> Response:
        """One saved search."""
        found = await searches.get(search_id)
        return _unknown(search_id) if found is None else answer(_shown(found))

    @router.put("/searches/{search_id}", response_model=SavedSearch, responses=_CONFLICT)
    async def change(search_id: Id, body: ChangedSearch) -> Response:
        """Replaces a saved search, unless somebody else was faster."""
        found = await searches.change(search_id, body, body.version)
        return _unknown(search_id) if found is None else answer(_shown(found))

    @router.delete("/searches/{search_id}", status_code=204, responses=_CONFLICT)
    async def delete(
        search_id: Id, version: Annotated[str, Query(min_length=1, max_length=200)]
    ) -> Response:
        """Deletes a saved search, unless somebody else has changed it."""
        if not await searches.delete(search_id, version):
            return _unknown(search_id)
        return Response(status_code=204)

    return router


def _shown(search: SavedSearch) -> dict[str, Any]:
    return search.model_dump(by_alias=True)


def _unknown(name: str) -> Response:
    return problem(404, f"there is no saved search {name}")
