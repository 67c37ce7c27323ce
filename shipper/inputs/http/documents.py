"""How is a document of `_bulk` written into the spool?

As the JSON line that an application would have written itself, so that it goes the fast way of such
lines. Nested ECS fields get their dotted names: one level of names is what that way takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from logboom.fields import EVENT_FIELDS
from shipper.events.normalise import NESTED_OBJECTS
from shipper.inputs.envelopes import envelope
from shipper.inputs.http.speaking import field_of

INDEX_FIELD = "elasticsearch.index"
ID_FIELD = "elasticsearch.id"
_KNOWN = frozenset(EVENT_FIELDS) - {"event.id"}
_DEEPEST = 3
_TIME = "@timestamp"
_MESSAGE = "message"


def document_line(line: bytes, document: Mapping[str, Any], about: Mapping[str, str]) -> bytes:
    """A line of JSON.

    Args:
        line: The document as it was sent.
        document: The same, parsed.
        about: Fields that are added, unless the document has them.
    """
    nested = not NESTED_OBJECTS.isdisjoint(document)
    if not nested and not about:
        return line.strip() + b"\n"
    flat = _flattened(document) if nested else dict(document)
    for name, value in about.items():
        flat.setdefault(name, value)
    try:
        return orjson.dumps(flat, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # nested more deeply than can be written: as it was sent
        return line.strip() + b"\n"


def split_document(document: Mapping[str, Any], about: Mapping[str, str]) -> bytes | None:
    """An envelope whose text is the document's message; None when it has none."""
    message = document.get(_MESSAGE)
    if not isinstance(message, str):
        return None
    fields = {
        name if name == _TIME else field_of(name): value
        for name, value in document.items()
        if name != _MESSAGE
    }
    return envelope(message, {**fields, **about})


def _flattened(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields in the same order, the known ones by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        nested = type(value) is dict and value and name in NESTED_OBJECTS
        left = _without_known(flat, name, value, 1) if nested else value
        if name in flat:
            return dict(document)  # it has a field twice, in both forms
        if left or not nested:
            flat[name] = left
    return flat


def _without_known(
    flat: dict[str, Any], prefix: str, holder: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    rest: dict[str, Any] = {}
    for name, value in holder.items():
        full = f"{prefix}.{name}"
        kind = type(value)
        if (kind is str or kind is int) and full in _KNOWN and full not in flat:
            flat[full] = value
        elif kind is dict and depth < _DEEPEST and "." not in name:
            inner = _without_known(flat, full, value, depth + 1)
            if inner or not value:
                rest[name] = inner
        else:
            rest[name] = value
    return rest
