"""Is the message of an event itself of a format? JSON, CEF and LEEF behind a syslog line's head."""

from __future__ import annotations

from typing import Final

from logboom.spellings import SPELLINGS
from shipper.parsers.loose_json import read_object
from shipper.parsers.port import Fields
from shipper.parsers.security import parse_cef, parse_leef

INNER_BEGINS: Final = frozenset("{CL")
"""What such a message begins with: a brace, `CEF:`, `LEEF:`."""

_MOST_INNER = 1_000_000


def parse_inner(fields: Fields, message: str) -> Fields:
    """Takes the fields out of an event's message where it has some.

    Args:
        fields: Of the text around the message.
        message: Begins with one of `INNER_BEGINS`.

    Returns:
        The message's own fields first: where both say something, they win.
    """
    inner: Fields | None = None
    if message[0] == "{":
        inner = load_object(message)
    elif message.startswith("CEF:"):
        inner = parse_cef(message)
    elif message.startswith("LEEF:"):
        inner = parse_leef(message)
    return fields if inner is None else merged(inner, fields)


def load_object(text: str) -> Fields | None:
    """The JSON object that a text is; None when it is none, or far too long for one."""
    if len(text) > _MOST_INNER or text.rstrip()[-1:] != "}":
        return None
    return read_object(text)


def merged(inner: Fields, outer: Fields) -> Fields:
    """The fields of both; where they mean the same, those of `inner`."""
    said = {SPELLINGS.get(name, name) for name in inner}
    return {**inner, **{name: value for name, value in outer.items()
                        if SPELLINGS.get(name, name) not in said}}  # fmt: skip
