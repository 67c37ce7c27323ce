"""logfmt and its relatives: `key=value key="a value"` all along the line."""

from __future__ import annotations

import re

from shipper.parsers.conversions import unescape
from shipper.parsers.port import Fields
from shipper.parsers.repeats import add_numbered

_PAIR = re.compile(
    r'([A-Za-z_@][\w.@/-]{0,200}+)=(?:"((?:[^"\\]|\\.)*+)"|([^\s"]*+)(?<![,;]))(?:\s++|\Z)',
    re.DOTALL,
)
_LOOSE_PAIR = re.compile(
    r"([A-Za-z_@][\w.@/-]{0,200}+)="
    r"""(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|([^\s"',;|]*+))[\s,;|]*+""",
    re.DOTALL,
)  # fmt: skip
_TIME = re.compile(
    r"\[?(\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9}+)?+[^\s\],;|]{0,10}+)\]?[\s,;|]++"
)
_FEWEST_PAIRS = 2


class LogfmtParser:
    """Parses a line that consists of pairs from its begin to its end."""

    name = "logfmt"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. A single pair is not enough to call a line logfmt."""
        fields: Fields = {}
        counts: dict[str, int] = {}
        place = 0
        while match := _PAIR.match(text, place):
            key, quoted, bare = match.groups()
            add_numbered(fields, key, bare if quoted is None else unescape(quoted), counts)
            place = match.end()
        return fields if place == len(text) and len(fields) >= _FEWEST_PAIRS else None


class KeyValueParser:
    """Parses pairs between commas, semicolons, bars or spaces; a time may stand in front."""

    name = "keyvalue"

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`. As for logfmt, two pairs at least; the message is the whole text."""
        fields: Fields = {}
        counts: dict[str, int] = {}
        time = _TIME.match(text)
        place = 0
        if time is not None:
            fields["@timestamp"] = time[1]
            place = time.end()
        pairs = 0
        while match := _LOOSE_PAIR.match(text, place):
            key, double, single, bare = match.groups()
            quoted = single if double is None else double
            add_numbered(fields, key, bare if quoted is None else unescape(quoted), counts)
            place = match.end()
            pairs += 1
        return fields if place == len(text) and pairs >= _FEWEST_PAIRS else None
