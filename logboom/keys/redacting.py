"""What in a text could be a secret that must not get into a log?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logboom.keys.tokens import PREFIX

_STARS = "***"
_SECRET = re.compile(
    rf"{PREFIX}[\w-]{{20,}}"  # ours
    r"|(?<![\w-])(?=[\w-]*?eyJ[\w-]{5})[\w-]++\.[\w-]{5,}+\.[\w-]*"  # JSON web tokens, in linear time
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:ghp|gho|ghs|github_pat|glpat|xoxb|xoxp|sk)[-_][\w-]{20,}",
    re.ASCII,
)
_NAMED = re.compile(
    r"(?:pass(?:word|wd)?|secret|token|api[-_.]?key|authorization|bearer|cookie)[\"']?\s*[:=]\s*"
    r"(\"[^\"]*\"?|'[^']*'?|\([^)]*\)?|[\[{][^\]}]*[\]}]?|/[^/]*(?:/[^\s&;,)]*|\Z)|[^\s&;,)]+)",
    re.IGNORECASE,
)
_SENT_ALONG = re.compile(r"\b(?:bearer|basic)\s+([\w+/=.-]{12}[^\s&;,)]*)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_WORD = re.compile(r"\w+")
_Span = tuple[int, int]


def redacted(text: str) -> str:
    """A text with stars in the place of what looks like a secret: a key, a token, a password.

    They are found also where some of their signs have a backslash in front, as in queries.
    """
    pieces: list[str] = []
    at = 0
    for start, end in _secrets(text):
        pieces += (text[at:start], _STARS)
        at = end
    return "".join((*pieces, text[at:]))


def hidden_words(text: str) -> str:
    """The words that `redacted` hides, in small letters, with blanks between them."""
    return " ".join(word for start, end in _secrets(text) for word in words_of(text[start:end]))


def words_of(text: str) -> list[str]:
    """The words of a query, in small letters."""
    return _WORD.findall(_ESCAPE.sub(_meant, text).casefold())


def _secrets(text: str) -> list[_Span]:
    """Where secrets stand, in order; none of them overlap."""
    found = [*_seen_in(text)]
    if "\\" in text:
        for is_joined in (False, True):
            plain, starts = _unescaped(text, is_joined=is_joined)
            found += [(starts[start], starts[end]) for start, end in _seen_in(plain)]
    spans: list[_Span] = []
    for span in sorted(found):
        if spans and span[0] < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(span[1], spans[-1][1]))
        else:
            spans.append(span)
    return spans


def _seen_in(text: str) -> Iterator[_Span]:
    yield from (found.span() for found in _SECRET.finditer(text))
    for pattern in (_NAMED, _SENT_ALONG):
        yield from (found.span(1) for found in pattern.finditer(text))


def _unescaped(text: str, *, is_joined: bool) -> tuple[str, list[int]]:
    """A text without its backslashes, and where each sign of it, and its end, stands in `text`.

    Args:
        text: With backslashes.
        is_joined: Blanks and quotes behind a backslash part nothing: they become letters.
    """
    signs: list[str] = []
    starts: list[int] = []
    at = 0
    while at < len(text):
        escape = _ESCAPE.match(text, at)
        sign = text[at] if escape is None else _meant(escape)
        is_inside = is_joined and escape is not None and (sign.isspace() or sign in "\"'")
        signs.append("_" if is_inside else sign)
        starts.append(at)
        at = at + 1 if escape is None else escape.end()
    return "".join(signs), [*starts, len(text)]


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else escape[2]
