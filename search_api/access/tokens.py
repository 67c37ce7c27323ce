"""Who brings a token of the OpenID Connect provider, and what may they do?

Source: RFC 7519, RFC 9068
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import jwt

from logboom.clock import Clock
from logboom.config import OidcSection
from search_api.access.grants import Access, grants_of_roles

_LEEWAY_S = 30
_LONGEST_NAME = 200
_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Those with a public key: a token is never signed with what everybody can read."""


class PublicKeys(Protocol):
    """Has the keys that tokens are signed with."""

    async def key(self, name: str | None) -> jwt.PyJWK | None:
        """One of them; see `Provider.key`."""
        ...


class Tokens:
    """Takes tokens.

    Args:
        section: Whose tokens, and what they allow.
        keys: What they are signed with.
        clock: Tells whether they have expired.
    """

    def __init__(self, section: OidcSection, keys: PublicKeys, clock: Clock) -> None:
        self._section = section
        self._keys = keys
        self._clock = clock

    @staticmethod
    def has_form(text: str) -> bool:
        """Whether a text looks like a token."""
        return text.startswith("eyJ") and text.count(".") == 2

    async def access(self, token: str) -> Access | None:
        """Who it is; None when the token is worth nothing.

        Raises:
            ProviderUnavailable: It cannot be checked now.
        """
        try:
            header = jwt.get_unverified_header(token)
            name, algorithm = header.get("kid"), header.get("alg")
            if not isinstance(name, str | None) or algorithm not in _ALGORITHMS:
                return None
            key = await self._keys.key(name)
            if key is None:
                return None
            claims = jwt.decode(
                token, key, algorithms=[str(algorithm)], audience=self._section.audience,
                issuer=self._section.issuer, options=_OPTIONS,
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return self._of(claims)

    def _of(self, claims: Mapping[str, Any]) -> Access | None:
        now_s = self._clock.now_ns() / 1e9
        expires_s, begins_s = claims["exp"], claims.get("nbf", 0)
        if not isinstance(expires_s, int | float) or not isinstance(begins_s, int | float):
            return None
        if not begins_s - _LEEWAY_S <= now_s < expires_s + _LEEWAY_S:
            return None
        roles = self._section.roles
        granted = [
            roles[one] for one in _words(_at(claims, self._section.roles_claim)) if one in roles
        ]
        who = str(_at(claims, self._section.name_claim) or claims["sub"])[:_LONGEST_NAME]
        return Access(
            f"token {who}", grants_of_roles(granted), f"token {claims['sub']}",
            expires_ns=int((expires_s + _LEEWAY_S) * 1e9),
        )  # fmt: skip


_OPTIONS: Any = {
    "require": ["exp", "iss", "aud", "sub"],
    "verify_exp": False, "verify_nbf": False, "verify_iat": False,  # by our own clock
}  # fmt: skip


def _at(claims: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    """A claim by its name, which may have dots, or by the way to it."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.split()
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
