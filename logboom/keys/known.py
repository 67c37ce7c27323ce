"""Is this a key? Asked with every request, so the keys are held in memory for some seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from logboom.clock import Clock
from logboom.errors import StateError
from logboom.keys.book import USES, KeyBook
from logboom.keys.key import ApiKey
from logboom.keys.tokens import digest_of
from logboom.state import State

log = logging.getLogger("logboom.keys")

FRESH_S = 2.0
"""A key that was revoked by another process is still taken for so long."""

PATIENCE_S = 30.0
"""While the state does not answer, what was known goes on being true for so long."""

_USE_WRITTEN_EVERY_NS = 600 * 10**9


class KnownKeys:
    """The keys as they were a moment ago.

    Args:
        state: Has them.
        clock: For their age.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._book = KeyBook(state, clock)
        self._clock = clock
        self._turn = asyncio.Lock()
        self._read_at: float | None = None
        self._tried_at = float("-inf")
        self._failure: StateError | None = None
        self._by_digest: Mapping[str, ApiKey] = {}
        self._used_ns: dict[str, int] = {}

    async def find(self, token: str) -> ApiKey | None:
        """The key whose secret this is, unless it has expired.

        Raises:
            StateError: The keys cannot be known.
        """
        return await self.find_digest(digest_of(token))

    async def find_digest(self, digest: str) -> ApiKey | None:
        """The key of this digest, unless it has expired.

        Raises:
            StateError: The keys cannot be known.
        """
        await self._refresh()
        key = self._by_digest.get(digest)
        return key if key is not None and key.is_valid(self._clock.now_ns()) else None

    def forget(self) -> None:
        """Reads the keys anew when they are asked for next, as after a change of our own."""
        self._tried_at = float("-inf")
        self._failure = None

    async def note_use(self, key: ApiKey) -> None:
        """Remembers that a key was used, to ten minutes; what fails is told in the log."""
        now_ns = self._clock.now_ns()
        if now_ns - self._used_ns.get(key.digest, 0) < _USE_WRITTEN_EVERY_NS:
            return
        self._used_ns[key.digest] = now_ns
        try:
            await self._state.put(USES, key.name, {"digest": key.digest, "used_ns": now_ns})
        except StateError as error:
            log.warning("the use of the key %s is not noted: %s", key.name, error.sentence())

    async def _refresh(self) -> None:
        async with self._turn:
            now = self._clock.monotonic()
            is_fresh = now - self._tried_at < FRESH_S
            if is_fresh and self._failure is not None:  # else all would wait for it, one by one
                raise self._failure.with_traceback(None)
            if is_fresh and self._read_at is not None:
                return
            self._tried_at, self._failure = now, None
            try:
                keys = await self._book.keys()
            except StateError as error:
                self._tried_at = self._clock.monotonic()
                if self._read_at is None or now - self._read_at > PATIENCE_S:
                    self._read_at, self._failure = None, error
                    raise
                log.warning("the keys of before are used: %s", error.sentence())
                return
            self._read_at = now
            self._by_digest = {key.digest: key for key in keys}
            self._used_ns = {d: at for d, at in self._used_ns.items() if d in self._by_digest}
