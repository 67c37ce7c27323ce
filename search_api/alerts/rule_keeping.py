"""How are rules kept that were made over the API, with the history of their changes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from logboom.clock import Clock, utc_text
from logboom.errors import ConfigError
from logboom.state import Record, State
from search_api.alerts.reading import groups_of
from search_api.alerts.rules import RuleGroup

GROUPS: Final = "alert-rules"
HISTORY: Final = "alert-rules-history"
ORIGIN: Final = "api"
MOST_GROUPS: Final = 1_000
MOST_CHANGES: Final = 200
"""Changes of a group that are remembered."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a group was made to be.

    Attributes:
        version: 1 for the first.
        at: When, ISO 8601.
        author: Who did it, as far as is known; empty otherwise.
        content: The group as it was sent; None when it was deleted.
    """

    version: int
    at: str
    author: str
    content: Mapping[str, Any] | None


class KeptRules:
    """Groups of rules in the state.

    Args:
        state: Has them.
        clock: For the times of changes.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def groups(self) -> tuple[tuple[RuleGroup, ...], dict[str, str]]:
        """The groups, and what is wrong with those that an older or newer version wrote.

        Raises:
            StateError: They cannot be read.
        """
        groups: list[RuleGroup] = []
        problems: dict[str, str] = {}
        for record in await self._state.list(GROUPS, limit=MOST_GROUPS):
            if record.value["content"] is None:
                continue
            try:
                groups += read_group(record.value["content"])
            except ConfigError as error:
                problems[f"{ORIGIN}: {record.key}"] = str(error)
        return tuple(groups), problems

    async def content(self, name: str) -> Mapping[str, Any] | None:
        """A group as it was sent; None when there is none.

        Raises:
            StateError: It cannot be read.
        """
        record = await self._state.get(GROUPS, name)
        return None if record is None else record.value["content"]

    async def put(self, content: Mapping[str, Any], author: str) -> Change:
        """Makes or changes a group.

        Raises:
            ConfigError: It has mistakes.
            StateConflict: Somebody else has changed it at the same moment.
            StateError: It may or may not be changed.
        """
        (group,) = read_group(content)
        return await self._change(group.name, dict(content), author)

    async def delete(self, name: str, author: str) -> bool:
        """Deletes a group; its history stays. False when there is none.

        Raises:
            StateConflict: Somebody else has changed it at the same moment.
            StateError: It may or may not be deleted.
        """
        if await self.content(name) is None:
            return False
        await self._change(name, None, author)
        return True

    async def _change(self, name: str, content: dict[str, Any] | None, author: str) -> Change:
        before = await self._state.get(GROUPS, name)
        version = 1 if before is None else before.value["version"] + 1
        change = Change(version, utc_text(self._clock.now_ns()), author, content)
        value = {"version": version, "at": change.at, "author": author, "content": content}
        expected = None if before is None else before.version
        if (
            before is not None
        ):  # what is about to be replaced; the newest change is in the group itself
            await self._state.put(HISTORY, _history_key(name, version - 1), before.value)
        await self._state.put(GROUPS, name, value, expected=expected)
        if version > MOST_CHANGES:
            await self._state.delete(HISTORY, _history_key(name, version - MOST_CHANGES))
        return change

    async def history(self, name: str) -> Sequence[Change]:
        """The changes of a group, the newest first.

        Raises:
            StateError: They cannot be read.
        """
        current = await self._state.get(GROUPS, name)
        if current is None:
            return []
        records = await self._state.list(HISTORY, prefix=f"{name}/", limit=MOST_CHANGES + 10)
        changes = [_change_of(record) for record in records]
        newest = _change_of(current)
        return [
            newest,
            *(change for change in reversed(changes) if change.version < newest.version),
        ]


def read_group(content: Mapping[str, Any]) -> tuple[RuleGroup, ...]:
    """One group as it was sent.

    Raises:
        ConfigError: It has mistakes.
    """
    return groups_of({"groups": [content]}, origin=ORIGIN)


def _change_of(record: Record) -> Change:
    value = record.value
    return Change(value["version"], value["at"], value["author"], value["content"])


def _history_key(name: str, version: int) -> str:
    return f"{name}/{version:09}"
