"""Which text does a physical line wrap, of which stream, and what does the wrapper say about it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from shipper.parsers.port import Fields


class Record(NamedTuple):
    """What one physical line holds.

    Attributes:
        stream: Lines of one stream are joined as in a file; None: never joined with anything.
        text: Of the inner line, without its line break.
        whole: False when the inner line goes on in the stream's next record.
        fields: What the wrapper says about the text.
    """

    stream: str | None
    text: bytes
    whole: bool
    fields: Fields


Unwrap = Callable[[bytes], Record | None]
"""A physical line, without its line break → what it holds; None when it is not of that form."""

_NOTHING: Final[Fields] = {}


def unwrap_envelope(line: bytes) -> Record | None:
    """Our own envelope: ``{"text": "…", "stream": "…" | null, "fields": {…}}``."""
    content = _object(line)
    if content is None or not content.keys() <= {"text", "stream", "fields"}:
        return None
    text, stream = content.get("text"), content.get("stream")
    fields = content.get("fields") or _NOTHING
    if not isinstance(text, str) or not isinstance(stream, str | None):
        return None
    if not isinstance(fields, dict):
        return None
    return Record(stream, text.encode(), True, fields)


def _object(line: bytes) -> dict[str, Any] | None:
    if line[:1] != b"{":
        return None
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None
