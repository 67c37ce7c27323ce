"""How does a document become one line, and a document again?

The line is the event; where the event does not name the document's id itself, the line is a list of
the id and the event.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import msgspec
import orjson

from logboom.errors import StoreDamaged
from logboom.event import Event, decode_json, encode_event, is_slow
from logboom.head import head_of
from logboom.store.values import Document


class _Named(msgspec.Struct, gc=False):
    id: str


class _Head(msgspec.Struct, gc=False):
    event: _Named


_HEAD = msgspec.json.Decoder(_Head)


def encode(document: Document) -> bytes:
    """Writes a document as JSON without a line break."""
    head = document.head
    if head is not None and head.event and head.event.id == document.id:
        return document.value
    about = document.event.get("event")
    if isinstance(about, dict) and about.get("id") == document.id:
        return document.value
    try:
        name, is_plain = orjson.dumps(document.id), not is_slow(document.value)
    except TypeError:  # unpaired surrogates
        name, is_plain = json.dumps(document.id).encode(), False
    return b"%b[%b,%b]" % (b"" if is_plain else b" ", name, document.value.strip())


def decode(line: bytes) -> tuple[str, Event]:
    """Reads what `encode` wrote.

    Returns:
        The document's id and its event.

    Raises:
        ValueError: It is no event: something has spoilt it.
    """
    try:
        value = decode_json(line)
        name, event = value if isinstance(value, list) else (value["event"]["id"], value)
    except (LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"it is no event: {error}") from error
    if isinstance(name, str) and isinstance(event, dict):
        return name, event
    raise ValueError("it is no event")


def unreadable(error: ValueError, where: Path) -> StoreDamaged:
    """The failure to raise for a line of a day that is no event."""
    return StoreDamaged(f"an event cannot be read: {error}", where=str(where))


def id_of(line: bytes) -> str:
    """The document's id of a line, of which the rest is looked through only.

    Raises:
        ValueError: It is no event; whoever reads one of which this gives the id can do so.
    """
    if line.startswith(b"{") and _is_text(line):
        try:
            return _HEAD.decode(line).event.id
        except (msgspec.MsgspecError, RecursionError):
            pass  # others read a little more
    return decode(line)[0]


def event_of(line: bytes) -> Event:
    """The event of a line.

    Raises:
        ValueError: It is none.
    """
    return decode(line)[1]


def document_of(line: bytes, day: date) -> Document:
    """The document of a day that `encode` has written.

    Raises:
        ValueError: It is none.
    """
    head = None if is_slow(line) or line[:1] == b"[" or not _is_text(line) else head_of(line)
    if head is not None and head.event and isinstance(head.event.id, str):
        return Document(head.event.id, day, line, head)
    name, event = decode(line)
    return Document(name, day, encode_event(event), None)


def _is_text(line: bytes) -> bool:
    """False for bytes that are no UTF-8: what passes over them finds nothing wrong with them."""
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
