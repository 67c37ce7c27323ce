"""How is a document written as one line of JSON, and read back just as it was?

The line is the event; where the event does not name the document's id itself, the line is a list of
the id and the event. A line that begins with a space is read with the standard library: it has
numbers beyond 64 bits, unpaired surrogates, or great depth.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from logboom.event import Event
from logboom.store.port import Document

_SLOW = b" "


def encode(document: Document) -> bytes:
    """Writes a document as JSON without a line break.

    Raises:
        ValueError: The event is not JSON: its types, its depth.
    """
    about = document.event.get("event")
    named = type(about) is dict and about.get("id") == document.id
    value: Any = document.event if named else [document.id, document.event]
    try:
        return orjson.dumps(value)
    except TypeError:
        return _encode_slowly(value)


def decode(line: bytes) -> tuple[str, Event]:
    """Reads what `encode` wrote.

    Returns:
        The document's id and its event.
    """
    value = json.loads(line) if line.startswith(_SLOW) else orjson.loads(line)
    if isinstance(value, list):
        return value[0], value[1]
    return value["event"]["id"], value


def _encode_slowly(value: object) -> bytes:
    """For what orjson refuses."""
    try:
        return _SLOW + json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the event cannot be written as JSON: {error}") from error
