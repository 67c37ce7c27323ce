"""Which receivers can never be reached, and which conditions can no alert fulfil? Without asking anybody."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from logboom.config.notifying import NotifyingSection, RouteSection
from logboom.config.receiving import ReceiverSection
from logboom.matching import Matcher, equal_to, parse_matcher
from logboom.severities import SEVERITIES
from search_api.notifying.addresses import is_allowed

_ADDRESSES: Final = ("url", "urls", "host", "subscriptions", "endpoint")


def doubts_of(section: NotifyingSection) -> list[str]:
    """What is odd about who is told, a sentence each with its place, as far as the settings tell."""
    found = [
        f"alerts.receivers[{place}]: {doubt}"
        for place, receiver in enumerate(section.receivers)
        for doubt in dict.fromkeys(_of_receiver(receiver))
    ]
    conditions = [] if section.route is None else list(_of_routes(section.route, "alerts.route"))
    for place, one in enumerate(section.inhibit):
        conditions += [(f"alerts.inhibit[{place}].source", parse_matcher(c)) for c in one.source]
        conditions += [(f"alerts.inhibit[{place}].target", parse_matcher(c)) for c in one.target]
    escalation = section.escalation
    conditions += _conditions("alerts.escalation", escalation.match, escalation.matchers)
    return found + [
        f"{where}: no alert can have {matcher}: a severity is one of {', '.join(SEVERITIES)}"
        for where, matcher in conditions
        if _is_of_no_alert(matcher)
    ]


def _of_receiver(receiver: ReceiverSection) -> Iterator[str]:
    if receiver.kind == "apprise":  # its addresses are of forms of their own
        return
    for host in _hosts(getattr(receiver, receiver.kind)):
        address = _literal(host)
        if address is None or is_allowed(address, allow_private=receiver.allow_private):
            continue
        where = f"{receiver.name} can never be told: {host} is no public address"
        if is_allowed(address, allow_private=True):
            yield f"{where}; set allow_private: true for a receiver inside of your network"
        else:
            yield f"{where}, and nothing is ever sent there; name another one"


def _hosts(part: object) -> Iterator[str]:
    """The hosts that a receiver's settings name; nothing else of an address is told: it may be secret."""
    if isinstance(part, BaseModel):
        for name in _ADDRESSES:
            yield from _hosts(getattr(part, name, None))
    elif isinstance(part, list):
        for one in part:
            yield from _hosts(one)
    elif isinstance(part, SecretStr):
        yield urlsplit(part.get_secret_value()).hostname or ""
    elif isinstance(part, str):
        yield part


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as; None for names, of which only a resolver knows it."""
    if host.lower() == "localhost":
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _of_routes(route: RouteSection, where: str) -> Iterator[tuple[str, Matcher]]:
    yield from _conditions(where, route.match, route.matchers)
    for place, below in enumerate(route.routes):
        yield from _of_routes(below, f"{where}.routes[{place}]")


def _conditions(
    where: str, match: dict[str, str], matchers: list[str]
) -> Iterator[tuple[str, Matcher]]:
    yield from ((f"{where}.match", matcher) for matcher in equal_to(match))
    yield from ((f"{where}.matchers", parse_matcher(text)) for text in matchers)


def _is_of_no_alert(matcher: Matcher) -> bool:
    return matcher.label == "severity" and not any(
        matcher.matches({"severity": severity}) for severity in SEVERITIES
    )
