"""Which keys are there? Made, listed and revoked in the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.errors import KeyRefused, KeyTaken, StateConflict
from logboom.keys.key import ApiKey, Scope, check_key
from logboom.keys.tokens import digest_of, new_token
from logboom.state import State

KEYS = "api-keys"
USES = "api-key-uses"
MOST_KEYS = 2_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A key, and when it was last used: to some minutes; None: never."""

    key: ApiKey
    used_ns: int | None


class KeyBook:
    """The keys of one deployment.

    Args:
        state: Has them.
        clock: Tells when they are made.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(
        self, name: str, scopes: frozenset[Scope], services: Sequence[str] | None = None, *, by: str,
        lives_ns: int | None = None, requests_per_s: float | None = None,
    ) -> tuple[ApiKey, str]:  # fmt: skip
        """Makes a key.

        Args:
            name: Of the key; no other may have it.
            scopes: What it is for.
            services: Only their events are seen, at least one; None: all.
            by: Who makes it.
            lives_ns: How long it is worth something; None: for ever.
            requests_per_s: Its own rate limit.

        Returns:
            The key and its secret, which is kept nowhere.

        Raises:
            KeyRefused: It cannot be made so, or there are too many; `KeyTaken`: there is one of this
                name.
            StateUnavailable: It may or may not be made: revoke it, and try again.
        """
        check_key(name, scopes, services, lives_ns=lives_ns)
        if len(await self.keys()) >= MOST_KEYS:
            raise KeyRefused(f"there are {MOST_KEYS} keys already", mend="revoke some of them")
        token, now_ns = new_token(), self._clock.now_ns()
        expires_ns = None if lives_ns is None else now_ns + lives_ns
        key = ApiKey(
            name, digest_of(token), scopes, tuple(dict.fromkeys(services or ())), now_ns, by, expires_ns,
            requests_per_s,
        )  # fmt: skip
        try:
            await self._state.put(KEYS, name, key.value(), expected=None)
        except StateConflict as error:
            raise KeyTaken(
                f"there is a key named {name} already", mend="revoke it, or choose another name"
            ) from error
        return key, token

    async def keys(self) -> Sequence[ApiKey]:
        """All keys by name, also those that have expired.

        Raises:
            StateUnavailable: Ask again later.
        """
        records = await self._state.list(KEYS, limit=MOST_KEYS + 100)
        return [ApiKey.of(record.key, record.value) for record in records]

    async def listed(self) -> Sequence[Listed]:
        """All keys by name, with their last uses.

        Raises:
            StateUnavailable: Ask again later.
        """
        records = await self._state.list(USES, limit=10_000)
        uses = {(record.key, record.value["digest"]): record.value["used_ns"] for record in records}
        return [Listed(key, uses.get((key.name, key.digest))) for key in await self.keys()]

    async def revoke(self, name: str) -> bool:
        """Takes a key back; it is worth nothing within seconds. False when there is none.

        Raises:
            StateUnavailable: It may or may not be taken back; try again.
        """
        was_there = await self._state.delete(KEYS, name)
        await self._state.delete(USES, name)
        return was_there
