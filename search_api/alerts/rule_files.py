"""Which rules do the files have now, and which of the files cannot be used?"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from logboom.errors import ConfigError
from search_api.alerts.reading import Understood, understand_rules
from search_api.alerts.rules import RuleGroup

MOST_FILES: Final = 1_000
_LARGEST: Final = 5 * 2**20

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class FileRules:
    """The rules of all files.

    Attributes:
        groups: In the order of the files' names.
        problems: What is wrong, by file. The rules are those that such a file had when nothing was wrong;
            where it never was so, those of its rules that can be evaluated.
    """

    groups: tuple[RuleGroup, ...]
    problems: Mapping[str, str]


class RuleFiles:
    """Reads files of rules, and again when they have changed.

    Args:
        patterns: Names of files, or patterns of them.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(patterns)
        self._stamps: dict[str, _Stamp] = {}
        self._groups: dict[str, tuple[RuleGroup, ...]] = {}
        self._whole: set[str] = set()
        self._problems: dict[str, str] = {}

    def read(self) -> FileRules:
        """The rules as the files are now. Blocks for as long as the file system does."""
        paths = self._paths()
        for gone in self._stamps.keys() - set(paths):
            del self._stamps[gone]
            self._groups.pop(gone, None)
            self._whole.discard(gone)
            self._problems.pop(gone, None)
        for path in paths:
            self._look_at(path)
        groups, twice = _each_once(self._groups)
        return FileRules(groups, {**self._problems, **twice})

    def _paths(self) -> list[str]:
        found: dict[str, None] = {}
        for pattern in self._patterns:
            expanded = str(Path(pattern).expanduser())
            has_magic = glob.has_magic(expanded)
            names = sorted(glob.glob(expanded, recursive=True)) if has_magic else [expanded]
            found.update(dict.fromkeys(names))
        return list(found)[:MOST_FILES]

    def _look_at(self, path: str) -> None:
        try:
            status = Path(path).stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._stamps.get(path) == stamp:
                return
            self._take(path, self._read(path, status.st_size))
            self._stamps[path] = stamp
        except OSError as error:
            mistake = f"{path}: cannot be read: {error.strerror or error}"
            self._take(path, Understood((), (mistake,), ()))
            self._stamps[path] = (0, 0, 0)
        except ConfigError as error:
            self._take(path, Understood((), (str(error),), ()))
            self._stamps[path] = stamp

    def _take(self, path: str, read: Understood) -> None:
        self._problems.pop(path, None)
        if read.told:
            self._problems[path] = read.told
        if not read.mistakes:
            self._groups[path] = read.groups
            self._whole.add(path)
            return
        if read.groups and path not in self._whole:  # better some of its rules than none
            self._groups[path] = read.groups
        number = sum(len(group.rules) for group in self._groups.get(path, ()))
        told = f"its other {number} rules are" if number else "none of its rules is"
        if path in self._whole:
            told = f"the {number} rules that it had before are"
        self._problems[path] += f"\n{path}: {told} evaluated"

    def _read(self, path: str, size: int) -> Understood:
        if size > _LARGEST:
            raise ConfigError(f"is larger than {_LARGEST // 2**20} MiB", where=path)
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError("is not UTF-8 text", where=path) from error
        return understand_rules(text, origin=path)


def _each_once(
    files: Mapping[str, tuple[RuleGroup, ...]],
) -> tuple[tuple[RuleGroup, ...], dict[str, str]]:
    groups: dict[str, RuleGroup] = {}
    problems: dict[str, str] = {}
    for path, found in files.items():
        for group in found:
            first = groups.setdefault(group.name, group)
            if first is not group:
                problems[path] = f"{path}: the group {group.name} is in {first.origin} already"
    return tuple(groups.values()), problems
