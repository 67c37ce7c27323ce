"""What does a request need to be allowed?

One table for all routes. What is not in it needs the scope `admin`, and nobody who is limited to services
gets there: a route that was forgotten is closed, and a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logboom.keys import Scope


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks for.

    Attributes:
        scope: Of the caller; None: everybody may, also without a key.
        is_limited: Everything that it tells passes through the services that the caller may see, or
            tells of no events: so those who are limited may have it.
        is_audited: Who asked is written down.
        asks_who: It matters who asks; else what a request brings is not looked at.
        also: Another scope of the caller, for the events that are shown.
    """

    scope: Scope | None
    is_limited: bool = False
    is_audited: bool = True
    asks_who: bool = True
    also: Scope | None = None

    @property
    def tells_body(self) -> bool:
        """Whether the audit log has what is sent along: it says which events are asked for, or which key is made."""
        return Scope.READ in {self.scope, self.also} or self.scope is Scope.ADMIN


OPEN = Need(None, is_limited=True, is_audited=False, asks_who=False)
_READY = Need(None, is_limited=True, is_audited=False)
_SESSION = Need(None, is_limited=True)
_EVENTS = Need(Scope.READ, is_limited=True)
_PIPELINE = Need(Scope.READ)
_HEALTH = Need(Scope.READ, is_limited=True, is_audited=False)
_WATCHED = Need(Scope.READ, is_audited=False)
_ALERTS = Need(Scope.ALERTS)
_OWN_ALERTS = Need(Scope.ALERTS, is_limited=True)
_RULES = Need(Scope.ALERTS, also=Scope.READ)
_TRIALS = Need(Scope.ALERTS, is_limited=True, also=Scope.READ)
CLOSED = Need(Scope.ADMIN)

_API = "/api/v1/"
_READING = frozenset({"GET", "HEAD"})
_BELOW_API: Mapping[str, Need] = {
    "search": _EVENTS, "count": _EVENTS, "histogram": _EVENTS, "facets": _EVENTS,
    "fields": _EVENTS, "events": _EVENTS, "export": _EVENTS, "tail": _EVENTS, "live": _EVENTS,
    "traces": _EVENTS, "patterns": _EVENTS, "errors": _EVENTS, "services": _EVENTS,
    "rates": _EVENTS, "searches": _PIPELINE, "sources": _PIPELINE, "ledger": _PIPELINE,
    "health": _HEALTH, "session": _SESSION,
}  # fmt: skip
"""By the first part of the path: for reading."""

_ASKED_BY_POST = frozenset({"search", "count", "histogram", "facets", "fields", "patterns"})
"""Questions that may be too long for a URL; nothing is changed by them."""

_OF_ALERTS = frozenset(
    {"alerts", "rules", "silences", "receivers", "acknowledgements", "notifications", "deliveries"}
)
_OF_SERVICES = frozenset({"alerts", "silences", "acknowledgements"})
_TRIED = frozenset({("rules", "backtest"), ("rules", "dry-run")})
"""They show what is in events; and so do alerts, of which a rule says what they show."""

_OUTSIDE: Mapping[str, Need] = {
    "/": OPEN, "/healthz": OPEN, "/readyz": _READY, "/openapi.json": OPEN, "/metrics": _WATCHED,
    "/favicon.ico": OPEN, "/favicon.svg": OPEN,
}  # fmt: skip
_PAGE = ("/assets/",)
"""The page's own files, which are the same for everybody."""

_ELASTICSEARCH = "/es"
_ASKED_OF_ELASTICSEARCH = frozenset({"GET", "HEAD", "POST"})


def need_of(method: str, path: str) -> Need:
    """What a request needs.

    Args:
        method: In capitals; a WebSocket is a `GET`.
        path: Decoded, as routes are found by it.
    """
    if path.startswith(_API):
        return _below_api(method, path.removeprefix(_API).split("/"))
    if path == _ELASTICSEARCH or path.startswith(f"{_ELASTICSEARCH}/"):
        return _EVENTS if method in _ASKED_OF_ELASTICSEARCH else CLOSED
    if method not in _READING:
        return CLOSED
    return OPEN if path.startswith(_PAGE) else _OUTSIDE.get(path, CLOSED)


def _below_api(method: str, parts: list[str]) -> Need:
    area = parts[0]
    if area in _OF_ALERTS:
        return _of_alerts(method, parts)
    if area == "session" and parts[1:] in ([], ["form"]):
        return _SESSION
    if method in _READING or (method == "POST" and area in _ASKED_BY_POST and len(parts) == 1):
        return _BELOW_API.get(area, CLOSED)
    if area == "errors":  # merging and splitting groups is seen by all
        return _ALERTS
    if area == "searches":
        return _PIPELINE
    return CLOSED


def _of_alerts(method: str, parts: list[str]) -> Need:
    if method == "POST" and tuple(parts) in _TRIED:
        return _TRIALS
    if method == "PUT" and parts[0] == "rules":
        return _RULES
    return _OWN_ALERTS if parts[0] in _OF_SERVICES else _ALERTS
