"""Does a colon end a field's name, or is it part of a text such as ``10:15:32`` or ``std::vector``?"""

from __future__ import annotations

import re
from enum import Enum, auto

from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS
from logboom.query.leaves import TEXTS, Field
from logboom.query.scanner import Word

_SOURCE_FILE = re.compile(r"\.(?:java|kt|scala|py|go|rs|[jt]sx?|[ch](?:pp|xx|c)?|cs|rb|php|swift)$")


class Colon(Enum):
    """What a colon means."""

    FIELD = auto()
    TEXT = auto()
    UNLIKE_A_FIELD = auto()  # text, but the writer should know
    FILE_AND_LINE = auto()  # text, or a field whose last step is called as a source file ends
    DOUBLED = auto()


def colon_after(text: str, word: Word, *, inside: Field) -> Colon:
    """Decides on the colon that follows a word.

    Args:
        text: The whole query.
        word: The word, as typed.
        inside: The field of the group that it stands in, or `TEXTS`.
    """
    behind = text[word.position + len(word.raw) : word.position + len(word.raw) + 3]
    is_known = word.raw in ALIASES or word.raw in EVENT_FIELDS
    if behind == "://" and not is_known:
        return Colon.TEXT
    if behind.startswith("::") and behind != ":::":
        return Colon.DOUBLED if is_known else Colon.TEXT
    if word.raw[0].isdigit():
        return Colon.UNLIKE_A_FIELD if inside is TEXTS else Colon.TEXT
    if is_like_a_file(word.raw) and behind[1:2].isdigit():
        return Colon.FILE_AND_LINE if inside is TEXTS else Colon.TEXT
    is_drive = len(word.raw) == 1 and word.raw.isalpha() and behind.startswith(":\\\\")
    return Colon.TEXT if is_drive else Colon.FIELD


def is_like_a_file(name: str) -> bool:
    """True for what may be a source file, and is not said to be an attribute: ``main.c``."""
    return _SOURCE_FILE.search(name) is not None and not name.startswith(f"{ATTRIBUTES}.")
