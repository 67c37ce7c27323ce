"""Messages over TCP, and over TLS (RFC 5425)."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import cast

from logboom.certificates import Certificates
from logboom.config import SyslogInput
from logboom.errors import SpoolFull
from shipper.inputs.spool import Spool
from shipper.inputs.syslog.framing import StreamFraming
from shipper.inputs.syslog.receiving import Peer, Receiver

log = logging.getLogger("logboom.shipper")

_BACKLOG = 1024
_HANDSHAKE_S = 15.0
_KEEP_ALIVE_IDLE_S = 60
_ACCEPT_AGAIN_S = 1.0


class Connections:
    """Serves the connections that a bound socket gets.

    A connection from which nothing comes is kept: senders may have nothing to say for days. One
    whose sender is gone is found out by TCP's own probes.

    Args:
        listener: Bound.
        section: The input.
        receiver: Makes records.
        spool: Keeps them; while it is full, nothing is read, and TCP holds the senders back.
        certificates: For TLS; None for plain TCP.
    """

    def __init__(
        self, listener: socket.socket, section: SyslogInput, receiver: Receiver, spool: Spool,
        certificates: Certificates | None,
    ) -> None:  # fmt: skip
        self._listener = listener
        self._section = section
        self._receiver = receiver
        self._spool = spool
        self._certificates = certificates
        self._open: set[_Connection] = set()
        self._begun = 0
        self.refused = 0
        self.failed_handshakes = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set; then whatever was received is kept."""
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        async with asyncio.TaskGroup() as tasks:
            accepting = tasks.create_task(self._accept(tasks))
            await stop.wait()
            accepting.cancel()
            for connection in tuple(self._open):
                connection.close()

    async def _accept(self, tasks: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError as error:  # as when there are no descriptors left
                log.warning("%s: no connection can be taken: %s", self._where, error.strerror)
                await asyncio.sleep(_ACCEPT_AGAIN_S)
                continue
            if self._begun >= self._section.connections:
                self._refuse(connection, address[0])
            else:
                self._begun += 1
                tasks.create_task(self._serve(connection, address[0], tasks))

    async def _serve(
        self, connection: socket.socket, address: str, tasks: asyncio.TaskGroup
    ) -> None:
        """One connection, from its handshake to its end."""
        serving = _Connection(address, self._section, self._receiver, self._spool, tasks)
        context = None if self._certificates is None else self._certificates.context()
        patience_s = None if context is None else _HANDSHAKE_S
        try:
            _probe(connection)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: serving, connection, ssl=context, ssl_handshake_timeout=patience_s
            )
            self._open.add(serving)
            await serving.over.wait()
        except OSError as error:  # also ssl.SSLError and TimeoutError
            self.failed_handshakes += 1
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            log.warning("%s: no TLS with %s: %s", self._where, address, reason)
            connection.close()
        finally:
            self._open.discard(serving)
            self._begun -= 1

    def _refuse(self, connection: socket.socket, address: str) -> None:
        connection.close()
        if not self.refused:
            log.warning(
                "%s: a connection from %s is refused: there are %d already",
                self._where, address, self._begun,
            )  # fmt: skip
        self.refused += 1

    @property
    def _where(self) -> str:
        return f"syslog {self._section.syslog}"


class _Connection(asyncio.Protocol):
    """One connection, after its handshake."""

    def __init__(
        self, address: str, section: SyslogInput, receiver: Receiver, spool: Spool,
        tasks: asyncio.TaskGroup,
    ) -> None:  # fmt: skip
        self.over = asyncio.Event()
        self._peer = Peer(address)
        self._framing = StreamFraming(section.max_message_bytes)
        self._receiver = receiver
        self._spool = spool
        self._tasks = tasks
        self._transport: asyncio.Transport | None = None
        self._is_holding = False
        self._held: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        name = _common_name(transport.get_extra_info("peercert"))
        self._peer = Peer(self._peer.address, name)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        was_broken = self._framing.broken
        pieces = self._framing.feed(data)
        if self._framing.broken and not was_broken:
            log.warning("syslog from %s: a message is not as long as it said", self._peer.address)
        self._keep(self._receiver.records(pieces, self._peer))

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
        if not self.over.is_set():
            self.over.set()
            self._keep(self._receiver.records(self._framing.end(), self._peer))

    def _keep(self, records: list[bytes]) -> None:
        if self._is_holding:
            self._held += records
        elif records:
            try:
                self._spool.append(records)
            except SpoolFull:
                self._is_holding, self._held = True, records
                self._tasks.create_task(self._hold_back())

    async def _hold_back(self) -> None:
        transport = self._transport
        if transport is not None and not self.over.is_set():
            transport.pause_reading()
        while self._held:
            records, self._held = self._held, []
            await self._spool.append_patiently(records)
        self._is_holding = False
        if transport is not None and not self.over.is_set():
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
