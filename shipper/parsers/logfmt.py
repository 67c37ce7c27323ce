"""logfmt: `key=value key="a value"` all along the line."""

from __future__ import annotations

import re

from shipper.parsers.port import Fields

_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*+)"|([^\s"]*))(?:\s+|$)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class LogfmtParser:
    """Parses a line that consists of pairs from its begin to its end."""

    name = "logfmt"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A single pair is not enough to call a line logfmt."""
        fields: Fields = {}
        place = 0
        for match in _PAIR.finditer(text):
            if match.start() != place:
                return None
            key, quoted, bare = match.groups()
            fields[key] = bare if quoted is None else _unescape(quoted)
            place = match.end()
        return fields if place == len(text) and len(fields) >= 2 else None


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)
