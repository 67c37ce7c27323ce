"""Is a request meant for us, and not sent by some other site's page?

A page of any site can make a browser send requests to a loopback address, also under a name of its own
that leads there (DNS rebinding). What it may not do is choose the headers that are looked at here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from logboom.config import ApiSection
from logboom.config.units import is_loopback, split_address

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
_MOST_KNOWN = 100
"""`Host` headers that name us: there are a few as a rule, and each request brings one of them."""


class Origins:
    """Which names we have.

    Args:
        section: Says where we listen, and under which names we are reached.
    """

    def __init__(self, section: ApiSection) -> None:
        host, _ = split_address(section.listen)
        self._names = frozenset(section.hosts)
        self._own = host.lower()
        self._known: set[str] = set()
        self._takes_any = not self._names and (
            section.needs_keys or not is_loopback(section.listen)
        )

    def is_ours(self, host: str) -> bool:
        """Whether a `Host` header names us."""
        if self._takes_any or host in self._known:
            return True
        is_ours = self._is_named(_name_of(host))
        if is_ours and len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return is_ours

    def _is_named(self, name: str) -> bool:
        if name in self._names or name in {self._own, "localhost"}:
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def is_same(self, method: str, headers: Mapping[str, str], *, is_socket: bool = False) -> bool:
        """Whether a request comes from our own page, from no page at all, or can do no harm.

        Args:
            method: In capitals.
            headers: By lower-case names.
            is_socket: It opens a WebSocket, whose answers any page could read.
        """
        if method in _SAFE_METHODS and not is_socket:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        origin = headers.get("origin")
        if origin is None:
            return True  # no browser, or an old one's own page
        try:
            parts = urlsplit(origin)
        except ValueError:  # an address that cannot be one
            return False
        return bool(parts.netloc) and (
            parts.netloc.lower() == headers.get("host", "").lower() or parts.hostname in self._names
        )


def _name_of(host: str) -> str:
    """The name in a `Host` header, without the port and the brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
