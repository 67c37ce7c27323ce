"""Which keys does an OpenID Connect provider sign its tokens with? Asked seldom, and kept.

Source: https://openid.net/specs/openid-connect-discovery-1_0.html, RFC 7517
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import jwt

from logboom.clock import Clock
from logboom.config import OidcSection
from logboom.config.units import is_loopback
from logboom.errors import ConfigError, ProviderUnavailable

log = logging.getLogger("logboom.api")

FRESH_S = 600.0
"""Keys are read anew after so long."""

RETRY_S = 10.0
"""For a key that is not known, or after a failure, the provider is asked this seldom."""

STALE_S = 6 * 3600.0
"""While it does not answer, its keys of before are used for so long."""

_TIMEOUT_S = 5.0
_MOST_BYTES = 2**20


class Provider:
    """The keys of a provider.

    Args:
        section: Says who it is.
        clock: For the age of its keys.

    Raises:
        ConfigError: The certificates to trust cannot be used.
    """

    def __init__(self, section: OidcSection, clock: Clock) -> None:
        self._issuer = section.issuer
        self._clock = clock
        self._client = httpx.AsyncClient(
            verify=_trust(section), timeout=_TIMEOUT_S, follow_redirects=False
        )
        self._turn = asyncio.Lock()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._keys: Mapping[str | None, jwt.PyJWK] = {}

    async def key(self, name: str | None) -> jwt.PyJWK | None:
        """One of its keys by the `kid` of a token; None when it has no such key.

        Args:
            name: None: the token names none, which is enough where there is a single key.

        Raises:
            ProviderUnavailable: Its keys are not known.
        """
        if not self._has(name):
            async with self._turn:
                await self._refresh(name)
        return self._keys.get(name)

    async def close(self) -> None:
        """Lets go of its connections. Idempotent."""
        await self._client.aclose()

    def _has(self, name: str | None) -> bool:
        """Whether a key is known, and may be used at once: no token waits while others have the provider asked."""
        longest_s = STALE_S if self._turn.locked() else FRESH_S
        return self._is_known(name, longest_s)

    async def _refresh(self, name: str | None) -> None:
        now = self._clock.monotonic()
        was_tried = self._tried_at is not None and now - self._tried_at < RETRY_S
        if not was_tried and not self._is_known(name, FRESH_S):
            self._tried_at = now
            try:
                self._keys, self._read_at = await self._read(), now
            except ProviderUnavailable as error:
                log.warning("the keys of the provider are not read: %s", error.sentence())
        if self._read_at is None or now - self._read_at > STALE_S:
            raise ProviderUnavailable("tokens cannot be checked now", where=self._issuer)

    def _is_known(self, name: str | None, longest_s: float) -> bool:
        """Whether a key is among those that were read not longer ago."""
        is_new = self._read_at is not None and self._clock.monotonic() - self._read_at < longest_s
        return is_new and name in self._keys

    async def _read(self) -> dict[str | None, jwt.PyJWK]:
        about = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise ProviderUnavailable(
                f"says that it is {about.get('issuer')!r}", where=self._issuer,
                mend="write api.oidc.issuer as the provider does",
            )  # fmt: skip
        keys = _keys((await self._get(str(about.get("jwks_uri")))).get("keys", ()))
        if not keys:
            raise ProviderUnavailable("has no keys that can be used", where=self._issuer)
        return keys

    async def _get(self, address: str) -> dict[str, Any]:
        """A JSON object, not larger than it should be."""
        try:
            url = httpx.URL(address)
            if url.scheme != "https" and not is_loopback(f"{url.host}:1"):
                raise ProviderUnavailable("is not asked without TLS", where=address)
            async with self._client.stream("GET", url) as answer:
                answer.raise_for_status()
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise ProviderUnavailable("answers too much", where=address)
            content = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderUnavailable(
                f"does not answer: {str(error) or type(error).__name__}", where=address
            ) from error
        if not isinstance(content, dict):
            raise ProviderUnavailable("answers no JSON object", where=address)
        return content


def _keys(told: Iterable[Any]) -> dict[str | None, jwt.PyJWK]:
    """Those for signatures that can be used, by their names; under None the only one, if there is no other.

    Source: https://openid.net/specs/openid-connect-core-1_0.html#Signing
    """
    keys: dict[str | None, jwt.PyJWK] = {}
    signing = [one for one in told if not isinstance(one, Mapping) or one.get("use") != "enc"]
    for one in signing:
        try:
            key = jwt.PyJWK.from_dict(one)
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
            continue  # of a kind that we do not know; its tokens are refused
        if key.public_key_use not in {None, "sig"}:
            continue
        if key.key_id is not None:
            keys[key.key_id] = key
        if len(signing) == 1:
            keys[None] = key
    return keys


def _trust(section: OidcSection) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=section.ca_file)
    except OSError as error:  # also ssl.SSLError
        raise ConfigError(
            f"{section.ca_file} has no certificates that can be used: {error.strerror or error}",
            where="api.oidc.ca_file",
        ) from error
