"""How does a server that cannot cut texts into our words get to know them?

What a word is, `logboom.query.analysis` says. Elasticsearch as it is delivered has a tokenizer that
cuts texts just so (`mappings/elasticsearch/texts-analysed.json`), but nothing that folds them: texts
that have to be folded take their words along, spelled out with spaces between, in an object of ours
that is taken out again when the document is read. The server adds them to the texts' own. Where it
has no such tokenizer, all texts take their words along (`texts-spelled.json`). Queries ask for the
same names in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from msgspec import UNSET, UnsetType

from logboom.event import Event
from logboom.head import ErrorPart
from logboom.query.analysis import folded, words
from logboom.store.values import Document

OWN = "logboom"
"""The object that holds what is ours in a document, and the names under which texts are searched."""

AROUND_WORDS = (b',"%s":{"words":{"message":"' % OWN.encode(), b'"}}')
"""What stands before and behind the words of an event that has no other text than its message."""

_WORDS = f"{OWN}.words"
_SPACES = bytes(
    ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 0x20 for code in range(256)
)
"""What becomes of each ASCII character: a word's in lower case, or a space."""


def searched_name(field: str) -> str:
    """Under which name are the words of a text field searched?"""
    return f"{_WORDS}.{field}"


def spelled(document: Document) -> bytes:
    """The words of the texts of a document's event.

    Returns:
        What is put before the last brace of the event's JSON; empty when it has no texts.
    """
    head = document.head
    if head is not None and head.message is not UNSET and not _has_texts(head.error):
        return b',"%s":{"words":{"message":%s}}' % (
            OWN.encode(),
            orjson.dumps(spaced(head.message)),
        )
    texts = _texts_of(document.event, _spelled)
    return b',"%s":{"words":%s}' % (OWN.encode(), orjson.dumps(texts)) if texts else b""


def respelled(document: Document) -> bytes:
    """The words of those texts of a document's event that a server cuts otherwise.

    Returns:
        As `spelled`; mostly empty.
    """
    value = document.value
    if value.isascii() and b"\\u" not in value:
        return b""
    texts = _texts_of(document.event, _respelled)
    return b',"%s":{"folded":%s}' % (OWN.encode(), orjson.dumps(texts)) if texts else b""


_Spell = Callable[[object], str | list[str] | None]


def _texts_of(event: Event, spell: _Spell) -> dict[str, Any]:
    """What is made of each text of an event."""
    if event.__class__ is not dict:
        return {}
    texts = _spelled_in(event, ("message",), spell)
    error = event.get("error")
    if error.__class__ is dict:
        inner = _spelled_in(error, ("message", "stack_trace"), spell)
        if inner:
            texts["error"] = inner
    return texts


def _spelled_in(node: dict[str, Any], names: tuple[str, ...], spell: _Spell) -> dict[str, Any]:
    made = {name: spell(node.get(name)) for name in names}
    return {name: text for name, text in made.items() if text is not None}


def _spelled(value: object) -> str | list[str] | None:
    if isinstance(value, str):
        return spaced(value)
    return None if value is None else [spaced(text) for text in _texts(value)]


def _respelled(value: object) -> list[str] | None:
    return [spaced(text) for text in _texts(value) if folded(text) != text] or None


def _has_texts(error: ErrorPart | UnsetType) -> bool:
    if error is UNSET:
        return False
    return error.message is not UNSET or error.stack_trace is not UNSET


def without_spelling(source: Event) -> Event:
    """The event as it was written; takes our own object out of a document that was read."""
    source.pop(OWN, None)
    return source


def _texts(value: object) -> list[str]:
    """Every scalar of a value of an unexpected shape, as text."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [] if value is None or isinstance(value, dict) else [orjson.dumps(value).decode()]


def spaced(text: str) -> str:
    """The words of a text, with spaces between them."""
    if text.isascii():
        return text.encode().translate(_SPACES).decode()
    return " ".join(words(text))
