"""What is a key made of, and what is kept of it?

A key is 256 random bits. Nobody can guess one, so one round of SHA-256 is enough to keep it safe at
rest: slow hashes such as argon2 protect what people choose (docs/adr/0021).
"""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "logboom_"
"""How keys begin, so that they are recognised wherever they turn up."""

_BYTES = 32


def new_token() -> str:
    """A key that nobody has."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> str:
    """What is kept of a key: SHA-256 as hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
