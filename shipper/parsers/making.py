"""Which parser does an input ask for?"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from logboom.config import FileInput, StdinInput
from logboom.errors import ConfigError
from shipper.parsers.detect import AutoParser
from shipper.parsers.dissect import DissectParser
from shipper.parsers.grok import Grok, GrokParser, PatternLibrary
from shipper.parsers.json import JsonParser
from shipper.parsers.logfmt import LogfmtParser
from shipper.parsers.plain import PlainParser
from shipper.parsers.port import Parser
from shipper.parsers.texts import TEXT_FORMATS, TextParser

FORMATS: tuple[str, ...] = (
    "auto", "json", "logfmt", "grok", "dissect", "plain", *(text_format.name for text_format in TEXT_FORMATS),
)  # fmt: skip


def make_parser(section: FileInput | StdinInput) -> Parser:
    """Makes the parser for one source.

    Raises:
        ConfigError: When the format is unknown or its patterns cannot be used.
    """
    simple: dict[str, Callable[[], Parser]] = {
        "json": JsonParser,
        "logfmt": LogfmtParser,
        "plain": PlainParser,
    }
    name = section.format
    if name == "auto":
        texts = [TextParser(text_format) for text_format in TEXT_FORMATS]
        return AutoParser([JsonParser(), *texts, LogfmtParser()])
    if name in simple:
        return simple[name]()
    if name == "dissect":
        return DissectParser(section.patterns)
    if name == "grok":
        return GrokParser(make_grok(section))
    for text_format in TEXT_FORMATS:
        if text_format.name == name:
            return TextParser(text_format)
    near = difflib.get_close_matches(name, FORMATS, n=1)
    mend = f"did you mean {near[0]}?" if near else f"one of: {', '.join(FORMATS)}"
    raise ConfigError(f"there is no format {name!r}", where="format", mend=mend)


def make_grok(section: FileInput | StdinInput) -> Grok:
    """Compiles an input's grok patterns.

    Raises:
        ConfigError: When one cannot be used.
    """
    library = PatternLibrary.legacy().extended(section.pattern_definitions, section.pattern_folders)
    return Grok(section.patterns, library)
