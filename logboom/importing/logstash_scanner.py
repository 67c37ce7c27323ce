"""Which words is a Logstash configuration made of?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from logboom.errors import ConfigError

_TOKEN = re.compile(
    r"""(?P<space>\s++|\#[^\n]*+)
      | (?P<string>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')
      | (?P<selector>(?:\[[^\[\],\s"']++\])++)
      | (?P<number>-?\d++(?:\.\d++)?+(?![\w.]))
      | (?P<sign>=>|==|!=|<=|>=|=~|!~|[{}\[\](),<>!])
      | (?P<word>[A-Za-z_][\w.\-:@]*+)
    """,
    re.VERBOSE | re.DOTALL,
)
_PATTERN = re.compile(r"/(?:[^/\\\n]|\\.)*+/")


class Token(NamedTuple):
    """One word.

    Attributes:
        kind: `string`, `selector`, `pattern`, `number`, `sign`, `word` or `end`.
        text: Of a string and of a pattern, what is between the quotes.
        line: From 1.
    """

    kind: str
    text: str
    line: int


def tokens_of(text: str, *, origin: str) -> Iterator[Token]:
    """Cuts a configuration into words; the last one is of kind `end`.

    Raises:
        ConfigError: There is a sign that no configuration has, with its line.
    """
    place, line, before = 0, 1, ""
    while place < len(text):
        match = _PATTERN.match(text, place) if before in {"=~", "!~"} else None
        kind = "pattern" if match is not None else ""
        if match is None:
            match = _TOKEN.match(text, place)
            kind = match.lastgroup or "" if match is not None else ""
        if match is None:
            raise ConfigError(
                f"{text[place]!r} is not understood", where=f"{origin}:{line}",
                mend="is this a Logstash configuration?",
            )  # fmt: skip
        found = match[0]
        if kind != "space":
            inner = found[1:-1] if kind in {"string", "pattern"} else found
            yield Token(kind, _unescaped(inner, found[0]) if kind == "string" else inner, line)
            before = found
        line += found.count("\n")
        place = match.end()
    yield Token("end", "", line)


def _unescaped(text: str, quote: str) -> str:
    """Only quotes need a backslash; all others are kept: patterns are full of them."""
    return text.replace(f"\\{quote}", quote)
