"""Which node is asked, and which one is left alone for a while?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

from logboom.store.elastic.addresses import Address
from logboom.store.elastic.transfers import (
    CONNECTIONS_PER_NODE,
    Answer,
    Broken,
    NoConnection,
    NotTrusted,
    Transfers,
)

_LONGEST_REST_S = 30.0
_MOST_DOUBLINGS = 5
_RESERVED = "%/:?#[]@!$&'()*+,;=~"


class Node:
    """One of them.

    Args:
        address: Where it is.
        patience_s: A request, with all that it waits for, is given up after so long.
    """

    def __init__(self, address: Address, patience_s: float) -> None:
        self._transfers = Transfers(address)
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(CONNECTIONS_PER_NODE)

    async def ask(
        self, method: str, target: str, kind: str, body: bytes, *, once: bool = False
    ) -> Answer:
        """One request and its answer.

        Args:
            method: In capitals.
            target: Path and query.
            kind: The body's, if there is one.
            body: Empty: none.
            once: It is sent at most once.

        Raises:
            TimeoutError: There is no whole answer in time.
            NoConnection: Nothing was sent.
            NotTrusted: The same.
            Broken: It was sent, and there is no whole answer.
        """
        if not target.isascii() or not target.isprintable() or " " in target:
            target = quote(target, safe=_RESERVED)
        async with asyncio.timeout(self._patience_s), self._free:
            return await self._transfers.ask(method, target, kind, body, once=once)

    async def close(self) -> None:
        """Ends all connections; what is under way is cancelled. Idempotent."""
        await self._transfers.close()


class Nodes:
    """Those that a configuration names, asked in turn.

    A node that fails rests for a second, for twice as long each time, unless all of them do.

    Args:
        addresses: Where they are.
        patience_s: A request to one of them is given up after so long.
    """

    def __init__(self, addresses: Sequence[Address], patience_s: float) -> None:
        self._nodes = [Node(address, patience_s) for address in addresses]
        random.shuffle(self._nodes)  # processes that start together do not ask the same one
        self._failures = dict.fromkeys(self._nodes, 0)
        self._rests_until_s = dict.fromkeys(self._nodes, 0.0)
        self._turn = 0

    async def ask(
        self, method: str, target: str, kind: str = "", body: bytes = b"", *, once: bool = False
    ) -> Answer:
        """Asks one of them; when it fails, another one, each once. See `Node.ask`.

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

    def _next(self) -> Node:
        """The next one of those that do not rest; if all do, the one that has rested most."""
        if len(self._nodes) == 1:
            return self._nodes[0]
        now_s = asyncio.get_running_loop().time()
        awake = [node for node in self._nodes if self._rests_until_s[node] <= now_s]
        if not awake:
            return min(self._nodes, key=self._rests_until_s.__getitem__)
        self._turn += 1
        return awake[self._turn % len(awake)]

    def _note_failure(self, node: Node) -> None:
        failures = self._failures[node]
        self._failures[node] = failures + 1
        rest_s = min(2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_REST_S)
        self._rests_until_s[node] = asyncio.get_running_loop().time() + rest_s
