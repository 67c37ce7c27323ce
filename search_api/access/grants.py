"""What may somebody do, and of which services do they see events?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from logboom.config import RoleSection
from logboom.keys import ApiKey, Scope

Services = frozenset[str] | None
"""Names of services, `*` for any part of one; None: all, and events without a service."""

Grants = Mapping[Scope, Services]
"""What may be done, each with the services that it is for."""

EVERYTHING: Grants = dict.fromkeys(Scope)


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody who asks.

    Attributes:
        name: For the audit log and for people: `key NAME`, `token NAME`, `anybody`.
        grants: What they may do.
        purse: What their requests are counted under for the rate limit.
        requests_per_s: Their own rate limit; None: the configuration's.
        digest: Of the key that was brought, or that their session was made of; None: there is none.
        expires_ns: From when on they may do nothing, ns since the epoch; None: never.
        session: The digest of the session that was brought; None: there is none.
    """

    name: str
    grants: Grants
    purse: str
    requests_per_s: float | None = None
    digest: str | None = None
    expires_ns: int | None = None
    session: str | None = None


ANYBODY = Access("anybody", EVERYTHING, "")
"""Where no keys are needed."""


def grants_of_key(key: ApiKey) -> Grants:
    """What a key allows."""
    if Scope.ADMIN in key.scopes:
        return EVERYTHING
    services = frozenset(key.services) or None
    return dict.fromkeys(key.scopes, services)


def access_of_key(key: ApiKey) -> Access:
    """Somebody with a key."""
    return Access(
        f"key {key.name}", grants_of_key(key), f"key {key.digest}", key.requests_per_s, key.digest,
        key.expires_ns,
    )  # fmt: skip


def grants_of_roles(roles: Iterable[RoleSection]) -> Grants:
    """What several roles allow together: each scope for the services of all roles that have it."""
    grants: dict[Scope, Services] = {}
    for role in roles:
        if "admin" in role.scopes:
            return EVERYTHING
        services = None if role.services is None else frozenset(role.services)
        for scope in map(Scope, role.scopes):
            known = grants.get(scope, frozenset())
            grants[scope] = None if services is None or known is None else known | services
    return grants


def purse_of(connection: HTTPConnection) -> str:
    """What the requests of whoever asks are counted under; empty: nobody counts them."""
    access: Access | None = getattr(connection.state, "access", None)
    return "" if access is None else access.purse


def is_stranger(connection: HTTPConnection) -> bool:
    """Whether nobody knows who asks, where that matters: an API without a gate has no strangers."""
    return getattr(connection.state, "access", ANYBODY) is None
