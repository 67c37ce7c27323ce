"""How does a page ask without having the key? With a cookie that scripts cannot read.

A session is made from a key or a token, and is worth no more: it ends with them. Of its secret, as of a
key's, only the digest is kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from logboom.clock import Clock
from logboom.errors import StateUnavailable, TooBusy
from logboom.keys import KnownKeys, Scope, digest_of, new_token
from logboom.keys.known import FRESH_S
from logboom.state import Record, State
from search_api.access.grants import Access, Grants, access_of_key

KIND = "sessions"
MOST_SESSIONS = 5_000
MOST_OF_ONE = 20
"""Sessions of one key or token; the oldest makes room."""

LIFE_S = 12 * 3600

_MOST_REMEMBERED = 2_000


class Sessions:
    """The sessions of all processes.

    Args:
        state: Has them.
        keys: Those that sessions are made of.
        clock: Tells when they end.
    """

    def __init__(self, state: State, keys: KnownKeys, clock: Clock) -> None:
        self._state = state
        self._keys = keys
        self._clock = clock
        self._found: OrderedDict[str, tuple[float, Record | None]] = OrderedDict()
        self._turn = asyncio.Lock()
        self._listed_at = float("-inf")
        self._listed: Mapping[str, Record] | None = None

    async def begin(self, access: Access) -> tuple[str, int]:
        """Makes a session.

        Args:
            access: Whose.

        Returns:
            Its secret, and the seconds that it lives.

        Raises:
            TooBusy: There are too many.
            StateUnavailable: Try again.
        """
        now_ns = self._clock.now_ns()
        if await self._make_room(access, await self._forget_old(now_ns)) >= MOST_SESSIONS:
            raise TooBusy(f"there are {MOST_SESSIONS} sessions", mend="end some, or wait")
        expires_ns = now_ns + LIFE_S * 10**9
        if access.expires_ns is not None:
            expires_ns = min(expires_ns, access.expires_ns)
        secret = new_token()
        value = {"begun_ns": now_ns, "expires_ns": expires_ns, **_kept(access)}
        await self._state.put(KIND, digest_of(secret), value, expected=None)
        self._listed_at = float("-inf")
        return secret, max(0, (expires_ns - now_ns) // 10**9)

    async def access(self, secret: str, *, is_sparing: bool = False) -> Access | None:
        """Whose session it is; None: nobody's any more.

        Args:
            secret: Of the session.
            is_sparing: It is looked for among all as they were a moment ago: what that costs the state does not grow
                with the number of secrets that are tried.

        Raises:
            StateUnavailable: Ask again later.
        """
        session = digest_of(secret)
        record = await (self._among_all(session) if is_sparing else self._record(session))
        if record is None or self._clock.now_ns() >= record.value["expires_ns"]:
            return None
        digest = record.value.get("digest")
        if digest is None:
            return replace(_of_value(record.value), session=session)
        key = await self._keys.find_digest(digest)
        if key is None:
            return None
        expires_ns = record.value["expires_ns"]
        return replace(access_of_key(key), session=session, expires_ns=expires_ns)

    async def is_there(self, digest: str) -> bool:
        """Whether a session has not been ended, by its digest.

        Raises:
            StateUnavailable: Ask again later.
        """
        return await self._record(digest) is not None

    async def end(self, secret: str) -> None:
        """Forgets a session. Idempotent.

        Raises:
            StateUnavailable: It may or may not be forgotten; try again.
        """
        digest = digest_of(secret)
        await self._end(digest)

    async def _end(self, digest: str) -> None:
        await self._state.delete(KIND, digest)
        self._found.pop(digest, None)
        self._listed_at = float("-inf")

    async def _among_all(self, session: str) -> Record | None:
        async with self._turn:
            now = self._clock.monotonic()
            if now - self._listed_at >= FRESH_S:
                self._listed_at, self._listed = now, None
                records = await self._state.list(KIND, limit=MOST_SESSIONS)
                self._listed = {record.key: record for record in records}
            if self._listed is None:
                raise StateUnavailable("the sessions are not known now", where=self._state.address)
            return self._listed.get(session)

    async def _record(self, digest: str) -> Record | None:
        now = self._clock.monotonic()
        at, record = self._found.get(digest, (float("-inf"), None))
        if now - at >= FRESH_S:
            record = await self._state.get(KIND, digest)
            self._found[digest] = now, record
            self._found.move_to_end(digest)
            if len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)
        return record

    async def _forget_old(self, now_ns: int) -> Sequence[Record]:
        """Forgets those that have ended; returns those that are left."""
        records = await self._state.list(KIND, limit=MOST_SESSIONS)
        for record in records:
            if record.value["expires_ns"] <= now_ns:
                await self._state.delete(KIND, record.key)
        return [record for record in records if record.value["expires_ns"] > now_ns]

    async def _make_room(self, access: Access, records: Sequence[Record]) -> int:
        """Ends the oldest sessions of somebody who has too many; returns how many there are of all."""
        own = [record for record in records if _is_of(record.value, access)]
        own.sort(key=lambda record: record.value.get("begun_ns", 0))
        gone = own[: max(0, len(own) - MOST_OF_ONE + 1)]
        for record in gone:
            await self._end(record.key)
        return len(records) - len(gone)


def _is_of(value: Mapping[str, Any], access: Access) -> bool:
    if access.digest is not None:
        return bool(value.get("digest") == access.digest)
    return "digest" not in value and bool(value["purse"] == access.purse)


def _kept(access: Access) -> dict[str, Any]:
    if access.digest is not None:
        return {"digest": access.digest}
    grants = {
        scope.value: None if services is None else sorted(services)
        for scope, services in access.grants.items()
    }
    return {"name": access.name, "purse": access.purse, "grants": grants}


def _of_value(value: Mapping[str, Any]) -> Access:
    grants: Grants = {
        Scope(scope): None if services is None else frozenset(services)
        for scope, services in value["grants"].items()
    }
    return Access(value["name"], grants, value["purse"], expires_ns=value["expires_ns"])
