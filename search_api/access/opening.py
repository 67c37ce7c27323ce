"""How are the parts that guard the API put together?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from logboom.clock import Clock
from logboom.config import Config
from logboom.keys import KeyBook, KnownKeys
from logboom.state import State
from search_api.access.auditing import AuditLog
from search_api.access.authenticating import Authentication
from search_api.access.guard import Guard
from search_api.access.key_routes import key_routes
from search_api.access.session_routes import session_routes
from search_api.access.sessions import Sessions

if TYPE_CHECKING:
    from search_api.access.provider import Provider


@dataclass(frozen=True, slots=True)
class Doorkeeping:
    """What guards an API.

    Attributes:
        authentication: Finds out who asks.
        keys: The keys as they are known.
        book: The keys as they are made and revoked.
        sessions: Those of pages.
        provider: Of tokens; None: there is none.
        audit: Where it is told who asked what; None: nowhere.
    """

    authentication: Authentication
    keys: KnownKeys
    book: KeyBook
    sessions: Sessions
    provider: Provider | None
    audit: AuditLog | None

    async def close(self) -> None:
        """Lets go of connections and files. Idempotent."""
        if self.provider is not None:
            await self.provider.close()
        if self.audit is not None:
            self.audit.close()


def open_doorkeeping(config: Config, state: State, clock: Clock) -> Doorkeeping:
    """Makes what guards an API; nothing is asked yet.

    Raises:
        ConfigError: Certificates cannot be used.
    """
    keys, section = KnownKeys(state, clock), config.api
    provider, tokens = None, None
    if section.oidc is not None:
        from search_api.access.provider import Provider  # noqa: PLC0415 - most APIs have none
        from search_api.access.tokens import Tokens  # noqa: PLC0415 - as above

        provider = Provider(section.oidc, clock)
        tokens = Tokens(section.oidc, provider, clock)
    sessions = Sessions(state, keys, clock)
    path = section.audit_path(config.data)
    return Doorkeeping(
        Authentication(keys, sessions, tokens, clock, needs_keys=section.needs_keys),
        keys,
        KeyBook(state, clock),
        sessions,
        provider,
        None if path is None else AuditLog(path, clock, most_per_s=section.limits.failures_per_s),
    )


def door_routes(doors: Doorkeeping) -> Iterator[APIRouter]:
    """The routers of keys and sessions, below ``/api/v1``."""
    yield key_routes(doors.book, doors.keys)
    yield session_routes(doors.authentication, doors.sessions)


def guarded(app: FastAPI, config: Config, doors: Doorkeeping, clock: Clock) -> Guard:
    """An application that everybody has to come to through a gate."""
    return Guard(app, config.api, doors.authentication, doors.audit, clock)
