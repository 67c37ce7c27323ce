"""Which keys does a request bring?"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

_MOST_CHARACTERS = 8_192


def offered(headers: Mapping[str, str]) -> Iterator[str]:
    """What may be a key in the headers of a request; never a part of its URL.

    Args:
        headers: By lower-case names. A key is taken from `Authorization: Bearer KEY`, `ApiKey KEY`,
            where KEY may also be Elasticsearch's base64 of ``id:key``, `Basic` with the key as the
            password, or `X-API-Key: KEY`.
    """
    if "x-api-key" in headers:
        yield headers["x-api-key"]
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    credentials = credentials.strip()
    if len(credentials) > _MOST_CHARACTERS:
        return
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
