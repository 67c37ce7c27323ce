"""Is a request let in? Decided here, in one order, before anything else happens.

Who asks is found out first, then whether they may, then whether they may again so soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.config import ApiSection
from logboom.errors import LogboomError
from logboom.keys import Scope
from search_api.access.authenticating import Authentication, WrongCredentials
from search_api.access.grants import Access, Services
from search_api.access.needs import Need, need_of
from search_api.access.origins import Origins
from search_api.access.purses import Purses, burst_of, subnet_of
from search_api.access.refusals import Refusal, too_many_wrong_keys, too_often, unknown_caller


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a request before it is let in.

    Attributes:
        method: In capitals.
        path: Decoded.
        query: Of the URL.
        headers: By lower-case names.
        address: Of the client; empty when unknown.
        is_socket: It opens a WebSocket.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    address: str
    is_socket: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who was let in.

    Attributes:
        access: Who; None: nobody known, which this route allows.
        need: What the route asked for.
        services: Of which they see events, if the route needs a scope.
        readable: Of which they may read events, whatever the route needs.
    """

    access: Access | None
    need: Need
    services: Services
    readable: Services


class Gate:
    """Lets requests in.

    Args:
        section: Which names we have, and how much one may ask.
        authentication: Finds out who asks.
        clock: For rate limits.
    """

    def __init__(self, section: ApiSection, authentication: Authentication, clock: Clock) -> None:
        self._section = section
        self._authentication = authentication
        self._origins = Origins(section)
        limits = section.limits
        self._spent = Purses(clock, burst=limits.burst)
        self._wrong_per_s = limits.failures_per_s
        self._wrong = Purses(clock, burst=burst_of(limits.failures_per_s))

    async def admit(self, caller: Caller) -> Admission:
        """Lets a request in.

        Raises:
            Refusal: It is not let in.
        """
        self._check_form(caller)
        need = need_of(caller.method, caller.path)
        access = await self._who(caller, need) if need.asks_who else None
        try:
            return self._admission(access, need)
        except Refusal as refusal:
            refusal.who = "" if access is None else access.name
            raise

    def _admission(self, access: Access | None, need: Need) -> Admission:
        refusal = None if access is None else self.rate_refusal(access)
        if refusal is not None:
            raise refusal
        if need.scope is None:
            return Admission(access, need, None, frozenset())
        if access is None:
            raise unknown_caller(
                "this needs an API key: send it as `Authorization: Bearer KEY`, or make one with"
                " `logboom keys create`"
            )
        services = services_for(need, need.scope, access)
        if need.also is not None:
            services = services_for(need, need.also, access)
        return Admission(access, need, services, _readable(access))

    def _check_form(self, caller: Caller) -> None:
        if not self._origins.is_ours(caller.headers.get("host", "")):
            raise Refusal(
                421, "the Host header names no address of this API: add the name to api.hosts"
            )
        if not self._origins.is_same(caller.method, caller.headers, is_socket=caller.is_socket):
            raise Refusal(403, "pages of other sites may not change anything here")
        most = self._section.limits.max_url_bytes
        if len(caller.query) + len(caller.path) > most:
            raise Refusal(
                414, f"the URL is longer than {most} bytes: send the question as a JSON body"
            )

    async def _who(self, caller: Caller, need: Need) -> Access | None:
        """Who asks; None: nobody known, which this route allows.

        A good key is let in also from an address that wrong ones come from too often: others may sit behind
        it. That would help whoever tries keys, if there were a hope of meeting one (docs/adr/0021).
        """
        is_sparing = self._wrong.wait_s(subnet_of(caller.address), self._wrong_per_s) > 0
        try:
            return await self._authentication.access(caller.headers, is_sparing=is_sparing)
        except WrongCredentials:
            refusal = self.wrong_key(caller.address)
            if need.scope is None:
                return None
            raise refusal from None
        except LogboomError as error:
            if need.scope is None:
                return None
            raise Refusal(503, error.sentence(), {"Retry-After": "2"}) from error

    def wrong_key(self, address: str) -> Refusal:
        """Counts a wrong key, token or session of an address.

        Returns:
            How it is answered: that it is wrong, or that too many were, whatever it is.
        """
        wait_s = self._wrong.take(subnet_of(address), self._wrong_per_s)
        if wait_s:
            return too_many_wrong_keys(wait_s)
        return unknown_caller("the key, token or session is not known, has expired, or was revoked")

    def spend(self, access: Access) -> float:
        """Counts a request of somebody; returns 0, or the seconds until they may ask again."""
        return self._spent.take(access.purse, self._per_s(access)) if access.purse else 0.0

    def _per_s(self, access: Access) -> float:
        return access.requests_per_s or self._section.limits.requests_per_s

    def rate_refusal(self, access: Access) -> Refusal | None:
        """Counts a request of somebody; returns why it is refused, if they asked too often."""
        wait_s = self.spend(access)
        if not wait_s:
            return None
        per_s = self._per_s(access)
        return too_often(wait_s, f"{access.name} asks more than {per_s:g} times a second")


def _readable(access: Access) -> Services:
    if Scope.ADMIN in access.grants:
        return None
    return access.grants.get(Scope.READ, frozenset())


def services_for(need: Need, scope: Scope, access: Access) -> Services:
    """The services whose events somebody sees when they do what needs a scope.

    Raises:
        Refusal: They may not do this.
    """
    if Scope.ADMIN in access.grants:
        return None
    if scope not in access.grants:
        has = ", ".join(sorted(scope.value for scope in access.grants)) or "no scope"
        raise Refusal(403, f"this needs the scope {scope.value}; {access.name} has {has}")
    services = access.grants[scope]
    if services is not None and not need.is_limited:
        raise Refusal(
            403, f"this tells of all services, and {access.name} is limited to {len(services)}"
        )
    return services
