"""Who asks? Found out from a key, a token or a session, once for each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from logboom.clock import Clock
from logboom.keys import KnownKeys, offered
from search_api.access.grants import ANYBODY, Access, access_of_key
from search_api.access.sessions import Sessions

if TYPE_CHECKING:
    from search_api.access.tokens import Tokens

COOKIE = "logboom_session"


class WrongCredentials(Exception):
    """A request brings a key, token or session that is worth nothing."""


class Authentication:
    """Finds out who asks.

    Args:
        keys: The API keys.
        sessions: Those of pages.
        tokens: Takes tokens of a provider; None: there is none.
        clock: For what expires.
        needs_keys: False: everybody may do everything, and nothing is looked at.
    """

    def __init__(
        self, keys: KnownKeys, sessions: Sessions, tokens: Tokens | None, clock: Clock, *,
        needs_keys: bool,
    ) -> None:  # fmt: skip
        self._keys = keys
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self.needs_keys = needs_keys

    async def access(
        self, headers: Mapping[str, str], *, is_sparing: bool = False
    ) -> Access | None:
        """Who sends a request; None: it brings nothing that would tell.

        Args:
            headers: By lower-case names.
            is_sparing: The state is asked no more often, however many ask.

        Raises:
            WrongCredentials: What it brings is worth nothing.
            StateError: That cannot be known now.
            ProviderUnavailable: That cannot be known now.
        """
        if not self.needs_keys:
            return ANYBODY
        brought = [text for text in offered(headers) if text]
        for text in brought:
            found = await self.of(text)
            if found is not None:
                return found
        if brought or "authorization" in headers:
            raise WrongCredentials
        secret = session_of(headers)
        if secret is None:
            return None
        found = await self._sessions.access(secret, is_sparing=is_sparing)
        if found is None:
            raise WrongCredentials
        return found

    async def of(self, text: str) -> Access | None:
        """Who has a key or a token; None: it is worth nothing.

        Raises:
            StateError: That cannot be known now.
            ProviderUnavailable: That cannot be known now.
        """
        if self._tokens is not None and self._tokens.has_form(text):
            return await self._tokens.access(text)
        key = await self._keys.find(text)
        if key is None:
            return None
        await self._keys.note_use(key)
        return access_of_key(key)

    async def is_still_good(self, access: Access) -> bool:
        """Whether somebody may go on with what has begun.

        Raises:
            StateError: That cannot be known now.
        """
        if access.expires_ns is not None and self._clock.now_ns() >= access.expires_ns:
            return False
        if access.session is not None and not await self._sessions.is_there(access.session):
            return False
        return access.digest is None or await self._keys.find_digest(access.digest) is not None


def session_of(headers: Mapping[str, str]) -> str | None:
    """The secret of the session that a request's cookies name."""
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and value:
            return value
    return None
