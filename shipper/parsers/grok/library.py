"""Which named patterns are there?

The files in mappings/grok hold one definition a line, for both sets at once: a name, a space, a pattern.

- ``%{IP:client_ip|[source][ip]}``: left of the bar the field of the legacy set, right of it that of ecs-v1.
  Each side has its own type: ``%{INT:port|[source][port]:int}``. A side that is empty captures nothing in
  its set. Without a bar, both sets have the same field. So too ``(?<left|right>…)``.
- ``legacy:NAME pattern``, ``ecs-v1:NAME pattern``: a definition of one set only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Literal

from logboom.errors import ConfigError

PatternSet = Literal["legacy", "ecs-v1"]

_SIDES = re.compile(
    r"%\{(?P<name>\w+):(?P<one>[^|{}]*+)\|(?P<other>[^|{}]*+)\}"
    r"|\(\?<(?P<left>[^|<>=!]*+)\|(?P<right>[^|<>]*+)>"
)


class PatternLibrary:
    """Named pattern definitions.

    Args:
        definitions: Name → pattern.
    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._definitions = dict(definitions)

    @classmethod
    def of(cls, name: PatternSet) -> PatternLibrary:
        """One of the two sets that come with logboom.

        Args:
            name: `legacy`: Logstash's pattern names as they were before ECS; `ecs-v1`: the same names with
                captures that are ECS fields.
        """
        folder = resources.files("mappings") / "grok"
        definitions: dict[str, str] = {}
        for part in ("common", "programs"):
            for file in (folder / part).iterdir():
                if file.is_file():
                    definitions.update(_of_set(name, _read(file.read_text(encoding="utf-8"))))
        return cls(definitions)

    @property
    def names(self) -> Sequence[str]:
        """All names, sorted."""
        return sorted(self._definitions)

    def extended(
        self, definitions: Mapping[str, str], folders: Sequence[Path] = ()
    ) -> PatternLibrary:
        """This library and more: those of folders' files, then inline ones; later ones win.

        Raises:
            ConfigError: When a folder or a file cannot be read.
        """
        merged = dict(self._definitions)
        for folder in folders:
            try:
                files = sorted(path for path in folder.iterdir() if path.is_file())
                for path in files:
                    merged.update(_read(path.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"patterns cannot be read: {error}", where=str(folder)) from error
        merged.update(definitions)
        return PatternLibrary(merged)

    def definition(self, name: str) -> str:
        """The pattern of a name.

        Raises:
            ConfigError: When there is none, with the nearest name that there is.
        """
        try:
            return self._definitions[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._definitions, n=1)
            mend = f"did you mean {near[0]}?" if near else "define it in pattern_definitions"
            raise ConfigError(f"there is no grok pattern {name}", mend=mend) from None


def _read(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, pattern = line.strip().partition(" ")
        if pattern and not name.startswith("#"):
            yield name, pattern.strip()


def _of_set(
    wanted: PatternSet, definitions: Iterator[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    for label, pattern in definitions:
        only, _, name = label.rpartition(":")
        if only in ("", wanted):
            yield name, _SIDES.sub(lambda match: _side(wanted, match), pattern)


def _side(wanted: PatternSet, match: re.Match[str]) -> str:
    is_reference = match["name"] is not None
    left, right = ("one", "other") if is_reference else ("left", "right")
    field = match[left if wanted == "legacy" else right]
    if is_reference:
        return f"%{{{match['name']}:{field}}}" if field else f"%{{{match['name']}}}"
    return f"(?<{field}>" if field else "(?:"
