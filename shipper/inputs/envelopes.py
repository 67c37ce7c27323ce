"""How is a received event written into a spool? As one line: its text, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

_MOST_NESTED = 100


def envelope(text: str, fields: Mapping[str, Any], stream: str | None = None) -> bytes:
    """Writes one event as a record of a spool.

    Args:
        text: As it was received, without its line break; it may have several lines.
        fields: What the protocol says beside the text: dotted ECS names or the sender's own names.
        stream: Events of one stream are joined like the lines of a file; None: joined with nothing.

    Returns:
        A line with its line break. Text that is no Unicode is written with escapes.
    """
    content = {"text": text, "stream": stream, "fields": fields}
    try:
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps(_plain(content), option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - JSON is of any shape
    """The same value without what JSON has not: lone surrogates, huge numbers, endless depth."""
    if depth > _MOST_NESTED:
        return "nested too deeply"
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(part, depth + 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, depth + 1) for part in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value if value is None or isinstance(value, int | float) else str(value)
