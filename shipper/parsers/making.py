"""Which parser does an input ask for?"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from logboom.config import FileInput, StdinInput
from logboom.errors import ConfigError
from shipper.parsers.catalogue import Format, load_catalogue
from shipper.parsers.columns import DELIMITERS, CsvParser, W3cParser
from shipper.parsers.detect import AutoParser, Candidate, Gates
from shipper.parsers.dialects import DIALECTS, DialectParser
from shipper.parsers.dissect import DissectParser
from shipper.parsers.grok import Grok, GrokParser, PatternLibrary, PatternSet
from shipper.parsers.journal import JournalExportParser
from shipper.parsers.json import JsonParser
from shipper.parsers.logfmt import KeyValueParser, LogfmtParser
from shipper.parsers.plain import PlainParser
from shipper.parsers.port import Parser
from shipper.parsers.postgresql import PostgresqlCsvParser
from shipper.parsers.security import CefParser, LeefParser
from shipper.parsers.several import FirstOf
from shipper.parsers.texts import TextParser
from shipper.parsers.time_patterns import TimedParser

WITHOUT_DATA: Final = ("auto", "grok", "dissect")
"""Formats that no file describes: they have no samples of their own."""

_WRITTEN: Mapping[str, Callable[[], Parser]] = MappingProxyType(
    {
        "json": JsonParser,
        "logfmt": LogfmtParser,
        "keyvalue": KeyValueParser,
        "plain": PlainParser,
        "w3c": W3cParser,
        "postgresql_csv": PostgresqlCsvParser,
        "journal_export": JournalExportParser,
        "cef": CefParser,
        "leef": LeefParser,
        **{name: partial(DialectParser, name, read) for name, read in DIALECTS.items()},
        **{n: partial(CsvParser, n, d, wants_proof=True) for n, d in DELIMITERS.items()},
    }
)
"""Parser, as the formats' files name it → how one is made."""


def format_names() -> tuple[str, ...]:
    """Every format that an input can ask for."""
    return (*WITHOUT_DATA, *load_catalogue().formats)


def make_parser(section: FileInput | StdinInput) -> Parser:
    """Makes the parser for one source.

    Raises:
        ConfigError: When the format is unknown, or its patterns or those of times cannot be used.
    """
    parser = _make_parser(section)
    if section.timestamp_format:
        return TimedParser(parser, section.timestamp_format)
    return parser


def _make_parser(section: FileInput | StdinInput) -> Parser:
    name = section.format
    if name == "auto":
        return AutoParser(_gates())
    if name == "dissect":
        return DissectParser(section.patterns)
    if name == "grok":
        return GrokParser(make_grok(section))
    formats = load_catalogue().formats
    if name not in formats:
        known = format_names()
        near = difflib.get_close_matches(name, known, n=1)
        mend = f"did you mean {near[0]}?" if near else f"one of: {', '.join(known)}"
        raise ConfigError(f"there is no format {name!r}", where="format", mend=mend)
    if name in DELIMITERS:
        return CsvParser(name, section.delimiter or DELIMITERS[name], section.columns)
    parsers = [format_parser(formats[other]) for other in (name, *formats[name].also)]
    return parsers[0] if len(parsers) == 1 else FirstOf(name, parsers)


def make_grok(section: FileInput | StdinInput) -> Grok:
    """Compiles an input's grok patterns.

    Raises:
        ConfigError: When one cannot be used.
    """
    return _compiled_grok(
        tuple(section.patterns),
        tuple(section.pattern_definitions.items()),
        tuple(section.pattern_folders),
        section.pattern_set,
        section.pattern_budget_ms / 1000,
    )


@lru_cache(maxsize=64)
def _compiled_grok(
    patterns: tuple[str, ...],
    definitions: tuple[tuple[str, str], ...],
    folders: tuple[Path, ...],
    pattern_set: PatternSet,
    budget_s: float,
) -> Grok:
    """The sources of an input share its patterns: to compile them takes some milliseconds."""
    library = PatternLibrary.of(pattern_set).extended(dict(definitions), folders)
    return Grok(patterns, library, budget_s=budget_s)


def format_parser(described: Format) -> Parser:
    """A parser for one format of the catalogue, as detection uses it."""
    return _text_parser(described.name) if described.pattern else _WRITTEN[described.parser]()


@lru_cache(maxsize=1024)
def _text_parser(name: str) -> TextParser:
    catalogue = load_catalogue()
    return TextParser(catalogue.formats[name], catalogue.names)


@lru_cache(maxsize=1)
def _gates() -> Gates:
    return Gates(
        [
            Candidate(
                one.name, one.rank, one.first, tuple(one.contains), partial(format_parser, one)
            )
            for one in load_catalogue().formats.values()
            if one.is_detected
        ]
    )
