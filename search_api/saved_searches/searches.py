"""Which searches has somebody saved, and how are they changed without losing a change?"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from logboom.clock import Clock
from logboom.errors import QueryError
from logboom.query.times import iso_text
from logboom.state import Record, State
from search_api.searching.asking import understand

KIND = "searches"
MOST_SEARCHES = 10_000

_Text = Annotated[str, Field(max_length=200)]


class Search(BaseModel):
    """A search as it is saved: the question, and how its answer is shown."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=2_000)] = ""
    q: Annotated[str, Field(max_length=20_000)] = ""
    begin: Annotated[str | None, Field(alias="from", max_length=200)] = None
    end: Annotated[str | None, Field(alias="to", max_length=200)] = None
    tz: _Text = "UTC"
    sort: Literal["asc", "desc"] = "desc"
    columns: Annotated[list[_Text], Field(max_length=100)] = []


class SavedSearch(Search):
    """A search that was saved; `version` is to be given back with a change."""

    id: str
    version: str
    changed: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Saved searches by their names, and where the next page begins."""

    searches: Sequence[SavedSearch]
    after: str | None


class Searches:
    """The saved searches of all users.

    Args:
        state: Keeps them.
        clock: For times such as ``now-1h``, which are looked at before they are saved.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def list(self, *, after: str = "", limit: int = 1_000) -> Listed:
        """Saved searches in the order of their ids.

        Raises:
            StateUnavailable: Ask again later.
        """
        records = await self._state.list(KIND, after=after, limit=limit)
        more = records[-1].key if len(records) == limit else None
        return Listed([_saved(record) for record in records], more)

    async def get(self, name: str) -> SavedSearch | None:
        """One of them, or None.

        Raises:
            StateUnavailable: Ask again later.
        """
        record = await self._state.get(KIND, name)
        return None if record is None else _saved(record)

    async def add(self, search: Search) -> SavedSearch:
        """Saves a new one.

        Raises:
            QueryError: Its query or times are not understood, or there are too many.
            StateUnavailable: It may or may not be saved.
        """
        await self._check(search)
        if len(await self._state.list(KIND, limit=MOST_SEARCHES)) >= MOST_SEARCHES:
            raise QueryError(
                f"there are {MOST_SEARCHES} saved searches", suggestion="delete some of them first"
            )
        record = await self._state.put(KIND, secrets.token_hex(8), _value(search), expected=None)
        return _saved(record)

    async def change(self, name: str, search: Search, version: str) -> SavedSearch | None:
        """Replaces one; None when it is not there.

        Args:
            name: Its id.
            search: All of it.
            version: The one that was read.

        Raises:
            QueryError: Its query or times are not understood.
            StateConflict: Somebody else has changed it meanwhile.
            StateUnavailable: It may or may not be saved.
        """
        await self._check(search)
        if await self._state.get(KIND, name) is None:
            return None
        return _saved(await self._state.put(KIND, name, _value(search), expected=version))

    async def delete(self, name: str, version: str) -> bool:
        """Forgets one; False when it is not there.

        Raises:
            StateConflict: Somebody else has changed it meanwhile.
            StateUnavailable: It may or may not be deleted.
        """
        if await self._state.get(KIND, name) is None:
            return False
        return await self._state.delete(KIND, name, expected=version)

    async def _check(self, search: Search) -> None:
        await understand(self._clock.now_ns(), search.q, search.begin, search.end, search.tz)


def _value(search: Search) -> dict[str, Any]:
    return search.model_dump(by_alias=True, include=set(Search.model_fields))


def _saved(record: Record) -> SavedSearch:
    return SavedSearch.model_validate(
        {
            **record.value,
            "id": record.key,
            "version": record.version,
            "changed": iso_text(record.written_ns // 1000),
        }
    )
