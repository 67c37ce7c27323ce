"""Which way of framing does a configuration ask for?"""

from __future__ import annotations

import codecs
from typing import Literal

from logboom.config import MultilineSection
from logboom.errors import ConfigError
from shipper.framing.auto import AutoRule
from shipper.framing.frames import Framing, Limits
from shipper.framing.joining import JoiningFraming
from shipper.framing.lines import LineFraming
from shipper.framing.pattern import PatternRule

_AUTO_MAX_LINES = 5000


def make_framing(
    multiline: Literal["auto", "none"] | MultilineSection, *, max_event_bytes: int, encoding: str
) -> Framing:
    """Makes the framing for one source.

    Args:
        multiline: As configured.
        max_event_bytes: Where an event is cut.
        encoding: Of the source's text; one that keeps a line feed as the single byte 0x0A.

    Raises:
        ConfigError: When the pattern or the encoding cannot be used.
    """
    _check_encoding(encoding)
    if multiline == "none":
        return LineFraming(Limits(max_event_bytes, 1), encoding)
    if multiline == "auto":
        return JoiningFraming(AutoRule(), Limits(max_event_bytes, _AUTO_MAX_LINES), encoding)
    limits = Limits(max_event_bytes, multiline.max_lines)
    return JoiningFraming(PatternRule(multiline, encoding), limits, encoding)


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        line_feed = "\n".encode(encoding)
    except LookupError as error:
        raise ConfigError(
            f"{encoding!r} is not an encoding", where="encoding", mend="write for example utf-8"
        ) from error
    if line_feed != b"\n":
        raise ConfigError(
            f"{encoding!r} does not write a line break as one byte",
            where="encoding",
            mend="convert the file to UTF-8",
        )
