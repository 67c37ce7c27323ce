"""Which node is asked, over which connection, and which one is left alone for a while?"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

from logboom.store.elastic.addresses import Address
from logboom.store.elastic.connection import Answer, Broken, Connection

_CONNECTIONS_PER_NODE = 50
_KEPT_S = 15.0
"""A connection that nobody needs is ended after so long, before others on the way forget it."""

_CLOSING_S = 1.0
_LONGEST_REST_S = 30.0
_MOST_DOUBLINGS = 5
_READING = frozenset({"GET", "HEAD"})
_RESERVED = "%/:?#[]@!$&'()*+,;=~"


class NoConnection(Exception):
    """There was none on which anything could be sent."""


class Node:
    """One of them, and the connections to it.

    Args:
        address: Where it is.
        patience_s: A request, with all that it waits for, is given up after so long.
    """

    def __init__(self, address: Address, patience_s: float) -> None:
        self._address = address
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(_CONNECTIONS_PER_NODE)
        self._all: set[Connection] = set()
        self._idle: deque[Connection] = deque()
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, method: str, target: str, kind: str, body: bytes) -> Answer:
        """One request and its answer.

        Args:
            method: In capitals.
            target: Path and query.
            kind: The body's, if there is one.
            body: Empty: none.

        Raises:
            TimeoutError: There is no whole answer in time.
            NoConnection: Nothing was sent.
            Broken: It was sent, and there is no whole answer.
            ssl.SSLError: The other side is not trusted, or does not trust us.
        """
        head = self._head(method, target, kind, body)
        async with asyncio.timeout(self._patience_s), self._free:
            connection = self._waiting()
            is_new = connection is None
            if connection is None:
                connection = await self._open()
            try:
                answer = await connection.ask(head, body, is_head=method == "HEAD")
            except Broken as error:  # it may have been forgotten while nobody needed it
                if is_new or error.has_begun or method not in _READING:
                    raise
                connection = await self._open()
                answer = await connection.ask(head, body, is_head=method == "HEAD")
            self._keep(connection)
            return answer

    async def close(self) -> None:
        """Ends all connections. Idempotent."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in self._all:
            connection.close()
        if self._all:
            _, left = await asyncio.wait([one.lost for one in self._all], timeout=_CLOSING_S)
            if left:
                for connection in list(self._all):
                    connection.abort()
                await asyncio.wait(left)

    def _head(self, method: str, target: str, kind: str, body: bytes) -> bytes:
        if not target.isascii() or not target.isprintable() or " " in target:
            target = quote(target, safe=_RESERVED)
        length = f"content-type: {kind}\r\n" if body else ""
        if body or method not in _READING:
            length += f"content-length: {len(body)}\r\n"
        address = self._address
        return (
            f"{method} {address.prefix}{target} HTTP/1.1\r\n{address.headers}{length}\r\n".encode()
        )

    def _waiting(self) -> Connection | None:
        """The one that was needed last."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _open(self) -> Connection:
        address = self._address
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection, address.host, address.port, ssl=address.context
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            raise NoConnection(f"no connection to {address.shown}: {error}") from error
        self._all.add(connection)
        connection.lost.add_done_callback(lambda _lost: self._all.discard(connection))
        return connection

    def _keep(self, connection: Connection) -> None:
        if connection.is_open:
            self._idle.append(connection)
            if self._sweeping is None:
                self._sweep()

    def _sweep(self) -> None:
        """Ends the connections that nobody has needed for long, now and later."""
        loop = asyncio.get_running_loop()
        long_ago_s = loop.time() - _KEPT_S
        while self._idle and self._idle[0].free_since_s <= long_ago_s:
            self._idle.popleft().close()
        self._sweeping = loop.call_later(_KEPT_S, self._sweep) if self._idle else None


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
            once: Only one is asked, whatever becomes of it.

        Raises:
            TimeoutError: There is no answer in time; nobody else is asked.
            NoConnection: The last one could not be sent anything.
            Broken: The last one has not answered.
            ssl.SSLError: The last one is not trusted, or does not trust us.
        """
        for _ in () if once else self._nodes[1:]:
            with suppress(NoConnection, Broken, ssl.SSLError):
                return await self._ask_one(method, target, kind, body)
        return await self._ask_one(method, target, kind, body)

    async def close(self) -> None:
        """Ends all connections. Idempotent."""
        for node in self._nodes:
            await node.close()

    async def _ask_one(self, method: str, target: str, kind: str, body: bytes) -> Answer:
        node = self._next()
        try:
            answer = await node.ask(method, target, kind, body)
        except (TimeoutError, NoConnection, Broken, ssl.SSLError):
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
