"""Which formats are there? They are data: `mappings/formats/*.toml`, each with samples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, Final, TypeVar

import msgspec

from logboom.errors import ConfigError

NAMES_FILE: Final = "names.toml"
FEWEST_SAMPLES: Final = 2
EVERY_LINE: Final = "^"
"""The `entry` of formats whose entries have one line each."""
_Content = TypeVar("_Content")
_PIECE = re.compile(r"%\{([A-Z]+)\}")


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of a format, and what has to be found in it.

    Attributes:
        text: The entry.
        fields: What the parser has to give, exactly.
        before: Lines of the file that came before it, such as a header.
    """

    text: str
    fields: dict[str, Any]
    before: list[str] = []


class Format(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One format, as its file describes it.

    Attributes:
        what: What it is, in a few words for the documentation.
        samples: At least two.
        pattern: Parts of a regular expression, matched at the begin of an entry. Its groups are
            named as `names.toml` says. `%{NAME}` is a piece of that file.
        parser: The parser written for it, where no pattern serves.
        rank: Detection tries lower ones first.
        first: Characters that every entry begins with one of; empty when it can be any.
        contains: Texts that are in every entry.
        kinds: Group → how its text becomes a value.
        levels: The format's own names of levels.
        entry: Regular expression that the first line of an entry matches, where it is not one line.
        cells: What stands between the cells of an entry that is a row; one in quotes may have line breaks.
        also: Formats that a file of this one may have, too, when it is asked for by name.
        is_detected: False when it is used only by name.
    """

    name: str
    what: str
    samples: list[Sample]
    pattern: list[str] = []
    parser: str = ""
    rank: int = 50
    first: str = ""
    contains: list[str] = []
    kinds: dict[str, str] = {}
    levels: dict[str, str] = {}
    entry: str = ""
    cells: str = ""
    also: list[str] = []
    is_detected: bool = True


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the patterns of all formats share.

    Attributes:
        fields: Group → field.
        kinds: Group → how its text becomes a value, unless the format says otherwise.
        pieces: Parts of patterns that have a name.
    """

    fields: dict[str, str]
    kinds: dict[str, str]
    pieces: dict[str, str]

    def expand(self, pattern: Sequence[str]) -> str:
        """The regular expression of a pattern.

        Raises:
            ConfigError: When it names a piece that there is not.
        """

        def piece(match: re.Match[str]) -> str:
            try:
                return _PIECE.sub(piece, self.pieces[match[1]])
            except KeyError:
                raise ConfigError(f"there is no piece {match[0]}", where=NAMES_FILE) from None

        return _PIECE.sub(piece, "".join(pattern))


class Catalogue(msgspec.Struct, frozen=True):
    """All formats, those that are detected first in front."""

    formats: Mapping[str, Format]
    names: Names


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: list[Format]


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Reads the formats that come with logboom; once per process.

    Raises:
        ConfigError: When a file is not as it has to be, or a format has too few samples.
    """
    folder = resources.files("mappings") / "formats"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=str)
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    return read_catalogue(texts)


def read_catalogue(texts: Mapping[str, str]) -> Catalogue:
    """Makes a catalogue of the contents of its files.

    Args:
        texts: File name → content; `names.toml` must be one of them.

    Raises:
        ConfigError: As `load_catalogue`.
    """
    names = _decode(texts[NAMES_FILE], Names, NAMES_FILE)
    formats: list[Format] = []
    for name, text in texts.items():
        if name != NAMES_FILE:
            formats += _decode(text, _File, name).format
    for one in formats:
        if len(one.samples) < FEWEST_SAMPLES:
            raise ConfigError(
                f"the format {one.name} has {len(one.samples)} samples",
                where=one.name, mend=f"give it {FEWEST_SAMPLES} or more",
            )  # fmt: skip
        if bool(one.pattern) == bool(one.parser):
            raise ConfigError(f"the format {one.name} needs either a pattern or a parser")
    return Catalogue({one.name: one for one in sorted(formats, key=lambda one: one.rank)}, names)


def _decode(text: str, kind: type[_Content], where: str) -> _Content:
    try:
        return msgspec.toml.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"cannot be read: {error}", where=where) from error
