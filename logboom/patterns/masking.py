"""What stays of a message when whatever differs from one to the next is left out?

Numbers, times, addresses, paths, identifiers and quoted texts become the name of what they are in angle
brackets. Each pattern takes linear time: repetitions are bounded, or cannot go on in two ways.
"""

from __future__ import annotations

import re

LOOKED_AT = 2000
"""Characters of a message; what comes behind is left out."""

_PLAIN = r"(?<!\w)[A-Za-z]{1,40}(?:,? [A-Za-z]{1,40}){0,60}(?![\w@:.+/\\-]|(?<! ) {1,2}\d{1,2}(?:,? \d{4})?,? \d\d:)"
"""Words that need no second look: most of a message, passed over at once."""

_KINDS = (
    ("plain", _PLAIN),
    ("quoted", r"(?<![\w\\])(?:\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'(?!\w)|`[^`\n]{0,400}[`'])"),
    ("url", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>\])}]{1,500}"),
    ("mail", r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("id", r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"),
    (
        "time",
        (
        r"\b\d{4}[-/.]\d\d[-/.]\d\d(?:[T _]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?: ?(?:Z\b|UTC\b|[+-]\d\d:?\d\d\b))?"
        r"|\b\d\d?[-/ ](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}[-/ ]\d{2,4}(?:[ :T]\d\d:\d\d:\d\d)?"
        r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} {1,2}\d{1,2}(?:,? \d{4})?,? \d\d:\d\d:\d\d"
        r"|\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b"
        ),
    ),
    ("ip", r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b"),
    (
        "ip6",
        (
            r"(?<![\w:])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
            r"|(?=[0-9a-fA-F:]{0,40}\d)(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?"
            r"::(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6})?)(?![\w:])"
        ),
    ),
    ("path", r"(?:(?<=[\s\"'(=:,\[])|^)(?:[A-Za-z]:\\|\\\\|\.{0,2}/)(?:[\w.@%+~-]{1,255}[/\\]){0,40}[\w.@%+~-]{1,255}/?"),
    ("hex", r"\b0[xX][0-9a-fA-F]{1,64}\b|@[0-9a-f]{5,16}\b|\b(?=[a-fA-F]{0,40}\d)(?=\d{0,40}[a-fA-F])[0-9a-fA-F]{7,128}\b"),
    ("token", r"\b(?=[A-Za-z_-]{0,60}\d)(?=\d{0,60}[A-Za-z])(?=[\w-]{20})[\w-]{20,200}\b"),
    ("number", r"(?<![A-Za-z_])[+-]?\d{1,40}(?:[.,]\d{1,40}){0,8}(?:[eE][+-]?\d{1,3})?%?(?![A-Za-z_](?![a-zµ]{0,3}\b))|(?<=[A-Za-z_#-])\d{1,40}"),
)  # fmt: skip
_MASKS = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _KINDS))
_SPACES = re.compile(r"\s+")


def masked(text: str) -> str:
    """A message without what differs from one to the next: `took 5 ms` is `took <number> ms`.

    Only its first 2,000 characters are looked at; what comes behind is left out.
    """
    return _SPACES.sub(" ", _MASKS.sub(_name, text[:LOOKED_AT])).strip()


def _name(found: re.Match[str]) -> str:
    if found.lastgroup == "plain":
        return found[0]
    return "<ip>" if found.lastgroup == "ip6" else f"<{found.lastgroup}>"
