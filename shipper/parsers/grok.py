"""Grok: named patterns, with Logstash's names and syntax, on Python's `re`.

A pattern is searched for anywhere in the text, as Logstash does. `.` crosses line breaks: the text
is a whole event, and the rest of a joined stack trace belongs to its last field.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from logboom.errors import ConfigError
from shipper.parsers.port import Fields, field_name, to_ecs

MAX_TEXT = 32_768
_REFERENCE = re.compile(
    r"%\{(\w+)(?::([\w@.\-\[\]]+))?(?::(int|float|long|integer|double|string))?\}"
)
_INLINE_NAME = re.compile(r"\(\?<([A-Za-z_]\w*)>")
_MAX_DEPTH = 50
_CONVERSIONS: dict[str, Callable[[str], object]] = {
    "int": int, "long": int, "integer": int, "float": float, "double": float, "string": str,
}  # fmt: skip


class PatternLibrary:
    """Named pattern definitions.

    Args:
        definitions: Name → pattern.
    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._definitions = dict(definitions)

    @classmethod
    def legacy(cls) -> PatternLibrary:
        """Logstash's pattern names as they were before ECS."""
        folder = resources.files("mappings") / "grok" / "legacy"
        texts = [f.read_text(encoding="utf-8") for f in folder.iterdir() if f.is_file()]
        return cls(dict(entry for text in texts for entry in _read(text)))

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
        name, _, pattern = line.partition(" ")
        if pattern and not name.startswith("#"):
            yield name, pattern.strip()


@dataclass(frozen=True, slots=True)
class _Capture:
    group: str
    field: str
    convert: Callable[[str], object] | None


class _Pattern:
    """One compiled pattern and what its groups are called."""

    def __init__(self, pattern: str, library: PatternLibrary) -> None:
        self.source = pattern
        self._captures: list[_Capture] = []
        expression = self._expand(pattern, library, 0)
        try:
            self._compiled = re.compile(expression, re.DOTALL)
        except re.error as error:
            raise ConfigError(
                f"{pattern!r} is not a grok pattern: {error}",
                mend="the parts between %{…} are regular expressions in Python's syntax",
            ) from error
        self._literal = _required_literal(pattern)
        self.fields = {capture.group: capture.field for capture in self._captures}

    def _expand(self, pattern: str, library: PatternLibrary, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise ConfigError(f"{self.source!r}: its patterns refer to each other in a circle")
        pattern = _INLINE_NAME.sub(lambda match: self._open_group(match[1], None), pattern)
        begins = pattern.count("%{")
        if begins > len(_REFERENCE.findall(pattern)):
            raise ConfigError(
                f"{self.source!r} is not a grok pattern: not every %{{ begins a reference",
                mend="write %{NAME}, %{NAME:field} or %{NAME:field:int} (or float)",
            )
        return _REFERENCE.sub(lambda match: self._referenced(match, library, depth), pattern)

    def _referenced(self, match: re.Match[str], library: PatternLibrary, depth: int) -> str:
        name, field, kind = match.groups()
        inner = self._expand(library.definition(name), library, depth + 1)
        if field is None:
            return f"(?:{inner})"
        return f"{self._open_group(field, kind)}{inner})"

    def _open_group(self, field: str, kind: str | None) -> str:
        group = f"g{len(self._captures)}"
        convert = _CONVERSIONS[kind] if kind else None
        self._captures.append(_Capture(group, field_name(field), convert))
        return f"(?P<{group}>"

    def match(self, text: str) -> Fields | None:
        if self._literal not in text:
            return None
        match = self._compiled.search(text)
        if match is None:
            return None
        found: Fields = {}
        for capture, value in zip(self._captures, match.groups(), strict=False):
            if value is not None and capture.field not in found:
                found[capture.field] = _converted(value, capture.convert)
        return found


def _converted(value: str, convert: Callable[[str], object] | None) -> object:
    if convert is None:
        return value
    try:
        return convert(value)
    except ValueError:
        return value


def _required_literal(pattern: str) -> str:
    """A piece of text that must be in every match: the longest plain run at the top level."""
    if any(sign in pattern for sign in "|?*\\{(["):
        pattern = _REFERENCE.sub("\0", pattern)
    if re.search(r"[|?*+\\{}()\[\]^$.]", pattern):
        return ""
    return max(pattern.split("\0"), key=len)


class Grok:
    """Several patterns, tried in order.

    Args:
        patterns: In Logstash's syntax; at least one.
        library: What `%{NAME}` refers to.

    Raises:
        ConfigError: When a pattern cannot be used.
    """

    def __init__(self, patterns: Sequence[str], library: PatternLibrary) -> None:
        self._patterns = [_Pattern(pattern, library) for pattern in patterns]

    def match(self, text: str) -> Fields | None:
        """What the first fitting pattern captures, or None.

        Values are texts, except where the pattern names a type. Texts longer than `MAX_TEXT`
        characters are matched by their beginning, and the rest goes to the last field.
        """
        head = text[:MAX_TEXT]
        for pattern in self._patterns:
            found = pattern.match(head)
            if found is not None:
                if len(text) > MAX_TEXT and found:
                    last = next(reversed(found))
                    if isinstance(found[last], str) and head.endswith(found[last]):
                        found[last] += text[MAX_TEXT:]
                return found
        return None


class GrokParser:
    """Parses by grok patterns; the usual short names become ECS fields.

    Args:
        grok: The compiled patterns.
        name: The format's name.
    """

    def __init__(self, grok: Grok, name: str = "grok") -> None:
        self._grok = grok
        self.name = name

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        found = self._grok.match(text)
        return None if found is None else to_ecs(found, text)
