"""How are rules kept that were made over the API, with the history of their changes?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from logboom.clock import Clock, utc_text
from logboom.state import Record, State
from search_api.alerts.reading import groups_of, understand_groups
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


@dataclass(frozen=True, slots=True)
class _Read:
    """A record as it was read: the group, what is wrong with it, or both."""

    version: str
    groups: tuple[RuleGroup, ...]
    problem: str | None


class KeptRules:
    """Groups of rules in the state.

    Args:
        state: Has them.
        clock: For the times of changes.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._read: dict[str, _Read] = {}

    async def groups(self) -> tuple[tuple[RuleGroup, ...], dict[str, str]]:
        """The groups, and what is wrong with those that an older or newer version wrote.

        Raises:
            StateError: They cannot be read.
        """
        listed = await self._state.list(GROUPS, limit=MOST_GROUPS)
        records = [one for one in listed if one.value["content"] is not None]
        before = self._read
        changed = [one for one in records if not _is_as_before(one, before)]
        # many of them take seconds, for which others must not wait
        anew = await asyncio.to_thread(_all_read, changed) if changed else {}
        self._read = {one.key: anew.get(one.key) or before[one.key] for one in records}
        groups: list[RuleGroup] = []
        problems: dict[str, str] = {}
        for key, read in self._read.items():
            groups += read.groups
            if read.problem is not None:
                problems[f"{ORIGIN}: {key}"] = read.problem
        return tuple(groups), problems

    async def content(self, name: str) -> Mapping[str, Any] | None:
        """A group as it was sent; None when there is none.

        Raises:
            StateError: It cannot be read.
        """
        record = await self._state.get(GROUPS, name)
        return None if record is None else record.value["content"]

    async def put(
        self, content: Mapping[str, Any], author: str, *, read: RuleGroup | None = None
    ) -> Change:
        """Makes or changes a group.

        Args:
            content: As it was sent.
            author: Who does it.
            read: What `read_group` made of it, where that is known already.

        Raises:
            ConfigError: It has mistakes.
            StateConflict: Somebody else has changed it at the same moment.
            StateError: It may or may not be changed.
        """
        group = read or (await asyncio.to_thread(read_group, content))[0]
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


def _is_as_before(record: Record, before: Mapping[str, _Read]) -> bool:
    known = before.get(record.key)
    return known is not None and known.version == record.version


def _all_read(records: Sequence[Record]) -> dict[str, _Read]:
    found = {}
    for record in records:
        read = understand_groups({"groups": [record.value["content"]]}, origin=ORIGIN)
        found[record.key] = _Read(record.version, read.groups, read.told or None)
    return found


def _change_of(record: Record) -> Change:
    value = record.value
    return Change(value["version"], value["at"], value["author"], value["content"])


def _history_key(name: str, version: int) -> str:
    return f"{name}/{version:09}"
