"""Where do the services that a caller may see become a part of every question?

Here, and nowhere else: routes are given a store (`limited_store.py`) that looks up who asks in a context variable
that the guard sets. Outside of a request nobody asks, and nothing is answered: what works in the
background is given the store itself.
"""

from __future__ import annotations

from contextvars import ContextVar

from logboom.event import Event
from logboom.query.memory import compile_query
from logboom.query.model import And, MatchAll, Or, Query, Term, Wildcard
from search_api.access.grants import Services

SERVICES: ContextVar[Services] = ContextVar("services")
"""Of which services the caller of the request under way sees events."""

READABLE: ContextVar[Services] = ContextVar("readable")
"""Of which services the caller may read events, whatever the request under way is about."""

_SERVICE = "service.name"


def limited(query: Query) -> Query:
    """A question with the limits of whoever asks it. Idempotent."""
    services = SERVICES.get()
    if services is None:
        return query
    only = _only(services)
    if isinstance(query, And) and query.parts[-1] == only:
        return query
    return only if isinstance(query, MatchAll) else And((query, only))


def sees(service: str) -> bool:
    """Whether the caller sees what is about a service; for the empty name: about none."""
    return _are_of(SERVICES.get(), service)


def reads(service: str) -> bool:
    """Whether the caller may read events of a service; for the empty name: those without one."""
    return _are_of(READABLE.get(), service)


def _are_of(services: Services, service: str) -> bool:
    if not services:
        return services is None
    event: Event = {"service": {"name": service}} if service else {}
    return compile_query(_only(services))(event)


def _only(services: frozenset[str]) -> Query:
    parts = tuple(map(_one, sorted(services)))
    return parts[0] if len(parts) == 1 else Or(parts)


def _one(service: str) -> Query:
    if "*" not in service:
        return Term(_SERVICE, service)
    escaped = service.replace("\\", "\\\\").replace("?", "\\?")
    return Wildcard(_SERVICE, escaped)
