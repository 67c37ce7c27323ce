"""Does a request bring a key that is known?"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence


class Keys:
    """The keys that may write; only their digests are held.

    Args:
        keys: As configured; when there are none, everybody may write.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [_digest(key) for key in keys]

    def admit(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may write.

        Args:
            headers: By lower-case names. A key is taken from `Authorization: ApiKey KEY`, where KEY
                may also be Elasticsearch's base64 of ``id:key``, `Bearer KEY`, `Basic` with the key
                as the password, or `X-API-Key: KEY`.
        """
        if not self._digests:
            return True
        offered = [_digest(key) for key in _offered(headers)]
        # every pair is compared, so that the time tells nothing
        matches = [hmac.compare_digest(known, one) for one in offered for known in self._digests]
        return any(matches)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _offered(headers: Mapping[str, str]) -> Iterator[str]:
    if "x-api-key" in headers:
        yield headers["x-api-key"]
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    credentials = credentials.strip()
    kind = scheme.lower()
    if kind in {"apikey", "bearer"}:
        yield credentials
    if kind in {"apikey", "basic"}:
        yield from _pair(credentials)


def _pair(credentials: str) -> Iterator[str]:
    """``id:key`` as a whole, and the key alone."""
    try:
        pair = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return  # not of this form: what is offered as it stands is compared all the same
    yield pair
    yield pair.partition(":")[2]
