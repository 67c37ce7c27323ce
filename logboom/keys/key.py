"""What is an API key, and what does it allow?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from logboom.errors import KeyRefused

MOST_SERVICES = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_SERVICE = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")


class Scope(Enum):
    """What may be done: find events, send them, work with alerts, or everything."""

    READ = "read"
    INGEST = "ingest"
    ALERTS = "alerts"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret.

    Attributes:
        name: Unique; what people call it.
        digest: See `digest_of`.
        scopes: What it is for; `admin` stands for all.
        services: Only events of these are seen, `*` for any part of a name; empty: of all.
        created_ns: When it was made, ns since the epoch.
        created_by: Who made it.
        expires_ns: From when on it is worth nothing; None: never.
        requests_per_s: Its own rate limit; None: the configuration's.
    """

    name: str
    digest: str
    scopes: frozenset[Scope]
    services: tuple[str, ...]
    created_ns: int
    created_by: str
    expires_ns: int | None = None
    requests_per_s: float | None = None

    def is_valid(self, now_ns: int) -> bool:
        """Whether it has not expired."""
        return self.expires_ns is None or now_ns < self.expires_ns

    def value(self) -> dict[str, Any]:
        """As the state keeps it."""
        return {
            "digest": self.digest,
            "scopes": sorted(scope.value for scope in self.scopes),
            "services": list(self.services),
            "created_ns": self.created_ns,
            "created_by": self.created_by,
            "expires_ns": self.expires_ns,
            "requests_per_s": self.requests_per_s,
        }

    @classmethod
    def of(cls, name: str, value: Mapping[str, Any]) -> ApiKey:
        """Reads what `value` wrote."""
        return cls(
            name, str(value["digest"]), frozenset(Scope(one) for one in value["scopes"]),
            tuple(value["services"]), int(value["created_ns"]), str(value["created_by"]),
            value["expires_ns"], value["requests_per_s"],
        )  # fmt: skip


def check_key(
    name: str, scopes: frozenset[Scope], services: Sequence[str] | None, *, lives_ns: int | None
) -> None:
    """Sees that a key can be made so.

    Args:
        services: Only events of these are to be seen; None: of all.
        lives_ns: How long it is to be worth something; None: for ever.

    Raises:
        KeyRefused: It cannot.
    """
    if not _NAME.match(name):
        raise KeyRefused(
            f"{name[:80]!r} is no name of a key",
            mend="use 1 to 64 letters, digits, `.`, `_` and `-`",
        )
    if not scopes:
        raise KeyRefused("a key needs a scope", where=name, mend="read, ingest, alerts or admin")
    if services is not None and not services:
        raise KeyRefused(
            "an empty list of services allows nothing", where=name,
            mend="name services, or leave `services` out: then the key sees all",
        )  # fmt: skip
    if services and Scope.ADMIN in scopes:
        raise KeyRefused(
            "a key that may do everything cannot be limited to services", where=name,
            mend="leave out the services, or the scope admin",
        )  # fmt: skip
    services = services or ()
    if len(services) > MOST_SERVICES:
        raise KeyRefused(f"{len(services)} services are more than {MOST_SERVICES}", where=name)
    for service in services:
        if not _SERVICE.match(service):
            raise KeyRefused(f"{service[:80]!r} is no name of a service", where=name)
    if lives_ns is not None and lives_ns <= 0:
        raise KeyRefused("a key cannot expire before it is made", where=name)
