"""From a grok pattern to one regular expression, and what its groups are called."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from logboom.errors import ConfigError
from shipper.parsers.grok.library import PatternLibrary
from shipper.parsers.port import field_name

_REFERENCE = re.compile(
    r"%\{(?P<name>\w+)"
    r"(?::(?P<field>[\w@.\-\[\]/#$?]+)(?::(?P<type>\w+))?)?"
    r"(?:=(?P<definition>[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+))?\}"
)
_MARK = "\0"
_MAX_LENGTH = 200_000
_METADATA = "@metadata"  # in Logstash, fields that live no longer than the pipeline's run

Conversion = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a captured text goes, and as what."""

    field: str
    convert: Conversion | None


@dataclass(frozen=True, slots=True)
class Expanded:
    """A pattern without references.

    Attributes:
        text: A regular expression in Oniguruma's syntax.
        wanted: By the names of its groups that stand for references.
    """

    text: str
    wanted: dict[str, Wanted]

    def capture(self, group: str | None) -> Wanted | None:
        """What a group of the expression is; None for one that is no field of an event."""
        if group is None:
            return None
        found = self.wanted.get(group) or Wanted(field_name(group), None)
        return None if found.field.startswith(_METADATA) else found


def expand(pattern: str, library: PatternLibrary) -> Expanded:
    """Puts the definitions in the place of all references.

    Args:
        pattern: In Logstash's syntax.
        library: What the names mean.

    Raises:
        ConfigError: When a name is unknown, refers to itself, or is written wrongly.
    """
    expander = _Expander(pattern, library)
    return Expanded(expander.expand(pattern, ()), expander.wanted)


class _Expander:
    def __init__(self, pattern: str, library: PatternLibrary) -> None:
        self._pattern = pattern
        self._library = library
        self._length = 0
        self.wanted: dict[str, Wanted] = {}

    def expand(self, pattern: str, path: tuple[str, ...]) -> str:
        self._length += len(pattern)
        if self._length > _MAX_LENGTH:
            raise ConfigError(f"{self._pattern!r} is longer than {_MAX_LENGTH} characters")
        if pattern.count("%{") > len(_REFERENCE.findall(pattern)):
            raise ConfigError(
                f"{self._pattern!r} is not a grok pattern: not every %{{ begins a reference",
                where=path[-1] if path else None,
                mend="write %{NAME}, %{NAME:field} or %{NAME:field:int} (or float)",
            )
        return _REFERENCE.sub(lambda match: self._referenced(match, path), pattern)

    def _referenced(self, match: re.Match[str], path: tuple[str, ...]) -> str:
        name = match["name"]
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            raise ConfigError(
                f"{self._pattern!r}: the pattern {name} refers to itself",
                where=circle,
                mend=f"define {name} without {path[-1] if path[-1] != name else 'itself'}",
            )
        definition = match["definition"]
        if definition is None:
            definition = self._definition(name, path)
        inner = self.expand(definition, (*path, name))
        if match["field"] is None:
            return f"(?:{inner})"
        mark = f"{_MARK}{len(self.wanted)}"
        self.wanted[mark] = Wanted(field_name(match["field"]), self._conversion(match["type"]))
        return f"(?<{mark}>{inner})"

    def _definition(self, name: str, path: tuple[str, ...]) -> str:
        try:
            return self._library.definition(name)
        except ConfigError as error:
            where = f"in the pattern {path[-1]}" if path else None
            raise ConfigError(error.what, where=where, mend=error.mend) from None

    def _conversion(self, kind: str | None) -> Conversion | None:
        if kind is None or kind == "string":
            return None
        if kind not in _CONVERSIONS:
            near = difflib.get_close_matches(kind, _CONVERSIONS, n=1)
            raise ConfigError(
                f"{self._pattern!r}: there is no type {kind}",
                mend=f"did you mean {near[0]}?" if near else f"one of {', '.join(_CONVERSIONS)}",
            )
        return _CONVERSIONS[kind]


def readable(expression: str) -> str:
    """An expanded expression as a user may see it."""
    return re.sub(f"\\(\\?<{_MARK}\\d+>", "(", expression)


def _whole(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        number = _fraction(text)
        return int(number) if isinstance(number, float) and abs(number) < 2**63 else text


def _fraction(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _truth(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


_CONVERSIONS: dict[str, Conversion] = {
    "int": _whole, "integer": _whole, "long": _whole, "float": _fraction, "double": _fraction,
    "boolean": _truth, "bool": _truth,
}  # fmt: skip
