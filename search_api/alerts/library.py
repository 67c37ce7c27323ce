"""Which rules are in force: those of files, those made over the API, and our own?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_api.alerts.rule_files import RuleFiles
from search_api.alerts.rule_keeping import KeptRules
from search_api.alerts.rules import Rule, RuleGroup


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force.

    Attributes:
        groups: By name.
        problems: What cannot be used, by where it comes from.
    """

    groups: Mapping[str, RuleGroup] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> dict[str, Rule]:
        """All rules by `group/name`."""
        return {rule.id: rule for group in self.groups.values() for rule in group.rules}


class Library:
    """Reads rules from everywhere.

    Args:
        patterns: Of files.
        kept: Those of the API.
    """

    def __init__(self, patterns: Sequence[str], kept: KeptRules) -> None:
        self._files = RuleFiles(patterns)
        self._turn = asyncio.Lock()
        self.kept = kept

    async def read(self) -> Rules:
        """The rules as they are now. A group of a file hides one of the API with its name.

        Raises:
            StateError: Those of the API cannot be read.
        """
        async with self._turn:
            files = await asyncio.to_thread(self._files.read)
        kept, problems = await self.kept.groups()
        groups = {group.name: group for group in files.groups}
        told = {**files.problems, **problems}
        for group in kept:
            first = groups.setdefault(group.name, group)
            if first is not group:
                told[f"api: {group.name}"] = f"the group {group.name} is in {first.origin} already"
        return Rules(groups, told)
