"""Does a JSON document name a field twice in one object? Only one of both could be kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*+:)?|[{}]')


def repeated_name(line: bytes, document: Mapping[str, Any]) -> str | None:
    """The first name that comes a second time in its object.

    Args:
        line: Valid JSON.
        document: The same, parsed.
    """
    return None if _is_as_written(line, document) else _search(line)


def _is_as_written(line: bytes, document: Mapping[str, Any]) -> bool:
    """The quick way: written again it is the same, so that nothing of it was left out."""
    try:
        return orjson.dumps(document) == line.strip()
    except TypeError:  # nested more deeply than can be written
        return False


def _search(line: bytes) -> str | None:
    objects: list[set[str]] = []
    for token in _TOKEN.finditer(line):
        name, colon = token.groups()
        if name is None and token[0] == b"{":
            objects.append(set())
        elif name is None:
            objects.pop()
        elif colon:
            read: str = orjson.loads(b'"%b"' % name)
            if read in objects[-1]:
                return read
            objects[-1].add(read)
    return None
