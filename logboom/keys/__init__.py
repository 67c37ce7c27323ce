"""API keys: made, kept and recognised, for all services and for the command line.

What a key is for is decided by those who are asked: `search_api.access`, and the HTTP input.
"""

from logboom.keys.book import KeyBook, Listed
from logboom.keys.key import ApiKey, Scope, check_key
from logboom.keys.known import KnownKeys
from logboom.keys.offered import offered
from logboom.keys.tokens import PREFIX, digest_of, new_token

__all__ = [
    "PREFIX",
    "ApiKey",
    "KeyBook",
    "KnownKeys",
    "Listed",
    "Scope",
    "check_key",
    "digest_of",
    "new_token",
    "offered",
]
