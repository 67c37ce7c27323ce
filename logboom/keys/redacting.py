"""What in a text could be a secret that must not get into a log?"""

from __future__ import annotations

import re

from logboom.keys.tokens import PREFIX

_STARS = "***"
_SECRET = re.compile(
    rf"{PREFIX}[\w-]{{20,}}"  # ours
    r"|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"  # JSON web tokens
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:ghp|gho|ghs|github_pat|glpat|xoxb|xoxp|sk)[-_][\w-]{20,}",
    re.ASCII,
)
_NAMED = re.compile(
    r"((?:pass(?:word|wd)?|secret|token|api[-_.]?key|authorization|bearer|cookie)"
    r"[\"']?\s*[:=]\s*|\b(?:bearer|basic)\s+(?=[\w+/=.-]{12}))(\"[^\"]*\"?|'[^']*'?|[^\s&;,)]+)",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """A text with stars in the place of what looks like a secret: a key, a token, a password."""
    return _NAMED.sub(rf"\g<1>{_STARS}", _SECRET.sub(_STARS, text))
