"""Messages over TCP, and over TLS (RFC 5425)."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import cast

from logboom.config import SyslogInput
from logboom.errors import SpoolFull
from shipper.inputs.syslog.framing import StreamFraming
from shipper.inputs.syslog.receiving import Peer, Receiver
from shipper.spool import Spool

log = logging.getLogger("logboom.shipper")

_BACKLOG = 1024
_HANDSHAKE_S = 15.0
_KEEP_ALIVE_IDLE_S = 60


class Connections:
    """Serves the connections that a bound socket gets.

    A connection from which nothing comes is kept: senders may have nothing to say for days. One
    whose sender is gone is found out by TCP's own probes.

    Args:
        listener: Bound; closed at the end.
        section: The input.
        receiver: Makes records.
        spool: Keeps them; while it is full, nothing is read, and TCP holds the senders back.
        context: For TLS; None for plain TCP.
    """

    def __init__(
        self, listener: socket.socket, section: SyslogInput, receiver: Receiver, spool: Spool,
        context: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        self._listener = listener
        self._section = section
        self._receiver = receiver
        self._spool = spool
        self._context = context
        self._open: set[_Connection] = set()
        self.refused = 0
        self.failed_handshakes = 0

    @property
    def count(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set; then whatever was received is kept."""
        async with asyncio.TaskGroup() as tasks:
            server = await asyncio.get_running_loop().create_server(
                lambda: _Connection(self, tasks), sock=self._listener, backlog=_BACKLOG
            )
            await stop.wait()
            server.close()
            for connection in tuple(self._open):
                connection.close()

    def admit(self, connection: _Connection, peer: str) -> bool:
        """Counts a new connection in; False when there are too many."""
        if len(self._open) >= self._section.connections:
            if not self.refused:
                log.warning(
                    "syslog %s: a connection from %s is refused: there are %d already",
                    self._section.syslog, peer, len(self._open),
                )  # fmt: skip
            self.refused += 1
            return False
        self._open.add(connection)
        return True

    def forget(self, connection: _Connection) -> None:
        """A connection is over."""
        self._open.discard(connection)

    def make_framing(self) -> StreamFraming:
        """For one connection."""
        return StreamFraming(self._section.max_message_bytes)

    @property
    def receiver(self) -> Receiver:
        """Makes records."""
        return self._receiver

    @property
    def spool(self) -> Spool:
        """Keeps them."""
        return self._spool

    @property
    def context(self) -> ssl.SSLContext | None:
        """For TLS."""
        return self._context

    def handshake_failed(self, peer: str, error: Exception) -> None:
        """Says why a client could not connect."""
        self.failed_handshakes += 1
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        log.warning("syslog %s: no TLS with %s: %s", self._section.syslog, peer, reason)


class _Connection(asyncio.Protocol):
    """One connection, from its handshake to its last message."""

    def __init__(self, connections: Connections, tasks: asyncio.TaskGroup) -> None:
        self._connections = connections
        self._tasks = tasks
        self._framing = connections.make_framing()
        self._peer = Peer("")
        self._transport: asyncio.Transport | None = None
        self._is_holding = False
        self._held: list[bytes] = []
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._peer = Peer(address[0] if address else "")
        if not self._connections.admit(self, self._peer.address):
            self._transport.abort()
            return
        _probe(transport.get_extra_info("socket"))
        context = self._connections.context
        if context is not None:
            self._transport.pause_reading()  # what comes now is for the handshake
            self._tasks.create_task(self._shake_hands(self._transport, context))

    async def _shake_hands(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE_S
            )
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            self._connections.handshake_failed(self._peer.address, error)
            transport.abort()
            self._connections.forget(self)
            return
        if secured is None:
            self._connections.forget(self)
            return
        self._transport = secured
        self._peer = Peer(self._peer.address, _common_name(secured.get_extra_info("peercert")))

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        was_broken = self._framing.broken
        pieces = self._framing.feed(data)
        if self._framing.broken and not was_broken:
            log.warning("syslog from %s: a message is not as long as it said", self._peer.address)
        self._keep(self._connections.receiver.records(pieces, self._peer))

    def eof_received(self) -> bool:
        """Called by asyncio: the sender will send nothing more."""
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        """Called by asyncio: the rest of a message is kept, too."""
        self._end()

    def close(self) -> None:
        """Ends it from our side."""
        self._end()
        if self._transport is not None:
            self._transport.close()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            rest = self._framing.end()
            self._keep(self._connections.receiver.records(rest, self._peer))
            self._connections.forget(self)

    def _keep(self, records: list[bytes]) -> None:
        if self._is_holding:
            self._held += records
        elif records:
            try:
                self._connections.spool.append(records)
            except SpoolFull:
                self._is_holding, self._held = True, records
                self._tasks.create_task(self._hold_back())

    async def _hold_back(self) -> None:
        transport = self._transport
        if transport is not None:
            transport.pause_reading()
        while self._held:
            records, self._held = self._held, []
            await self._connections.spool.append_patiently(records)
        self._is_holding = False
        if transport is not None and not self._is_over:
            transport.resume_reading()


def _probe(connection: socket.socket) -> None:
    """Has TCP ask from time to time whether the other side is still there."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_IDLE_S)


def _common_name(certificate: object) -> str | None:
    """The common name of a client's certificate, as `SSLSocket.getpeercert` gives it."""
    if not isinstance(certificate, dict):
        return None
    for part in certificate.get("subject", ()):
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None
