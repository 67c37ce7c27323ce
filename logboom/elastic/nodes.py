"""Which node is asked, and which one is left alone for a while?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress

from logboom.clock import Clock
from logboom.elastic.addresses import Address
from logboom.elastic.transfers import Answer, Broken, NoConnection, NotTrusted, Transfers

_LONGEST_REST_S = 30.0
_MOST_DOUBLINGS = 5


class Nodes:
    """Those that a configuration names, asked in turn.

    A node that fails rests for a second, for twice as long each time, unless all of them do.

    Args:
        addresses: Where they are.
        patience_s: A request to one of them is given up after so long.
        clock: For how long they have rested.
    """

    def __init__(self, addresses: Sequence[Address], patience_s: float, clock: Clock) -> None:
        self._clock = clock
        self._nodes = [Transfers(address, patience_s) for address in addresses]
        random.shuffle(self._nodes)  # processes that start together do not ask the same one
        self._failures = dict.fromkeys(self._nodes, 0)
        self._rests_until_s = dict.fromkeys(self._nodes, 0.0)
        self._turn = 0

    async def ask(
        self, method: str, target: str, kind: str = "", body: bytes = b"", *, once: bool = False
    ) -> Answer:
        """Asks one of them; when it fails, another one, each once. See `Transfers.ask`.

        Args:
            method: In capitals.
            target: Path and query.
            kind: The body's, if there is one.
            body: Empty: none.
            once: Only one is asked, and only once, whatever becomes of it.

        Raises:
            TimeoutError: There is no answer in time; nobody else is asked.
            NoConnection: The last one could not be sent anything.
            Broken: The last one has not answered.
            NotTrusted: The last one is not trusted, or does not trust us.
        """
        for _ in () if once else self._nodes[1:]:
            with suppress(NoConnection, NotTrusted, Broken):
                return await self._ask_one(method, target, kind, body)
        return await self._ask_one(method, target, kind, body, once=once)

    async def close(self) -> None:
        """Ends all connections. Idempotent."""
        for node in self._nodes:
            await node.close()

    async def _ask_one(
        self, method: str, target: str, kind: str, body: bytes, *, once: bool = False
    ) -> Answer:
        node = self._next()
        try:
            answer = await node.ask(method, target, kind, body, once=once)
        except (TimeoutError, NoConnection, NotTrusted, Broken):
            self._note_failure(node)
            raise
        if self._failures[node]:
            self._failures[node], self._rests_until_s[node] = 0, 0.0
        return answer

    def _next(self) -> Transfers:
        """The next one of those that do not rest; if all do, the one that has rested most."""
        if len(self._nodes) == 1:
            return self._nodes[0]
        now_s = self._clock.monotonic()
        awake = [node for node in self._nodes if self._rests_until_s[node] <= now_s]
        if not awake:
            return min(self._nodes, key=self._rests_until_s.__getitem__)
        self._turn += 1
        return awake[self._turn % len(awake)]

    def _note_failure(self, node: Transfers) -> None:
        failures = self._failures[node]
        self._failures[node] = failures + 1
        rest_s = min(2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_REST_S)
        self._rests_until_s[node] = self._clock.monotonic() + rest_s
