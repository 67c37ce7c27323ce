"""Syslog as an input: where it listens, what it has received, and what is wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from logboom.certificates import Certificates
from logboom.clock import Clock
from logboom.config import SyslogInput
from logboom.config.units import split_address
from logboom.errors import AlreadyRunning, ConfigError
from shipper.framing.spooled import spooled
from shipper.inputs.port import InputStatus
from shipper.inputs.spool import Spool
from shipper.inputs.syslog.connections import Connections
from shipper.inputs.syslog.datagrams import Datagrams, count_dropped, enlarge_buffer
from shipper.inputs.syslog.receiving import Receiver

log = logging.getLogger("logboom.shipper")

_RECORD_OVERHEAD = 1024


class SyslogListener:
    """Listens on one address.

    Args:
        section: The input as configured.
        folder: Of its spool.
        clock: For the receive times.
        max_event_bytes: Longer records would be cut.
    """

    def __init__(
        self, section: SyslogInput, folder: Path, clock: Clock, *, max_event_bytes: int
    ) -> None:
        self._section = section
        self._where = f"syslog {section.syslog}"
        files = spooled(section, service=section.service or "syslog")
        self._spool = Spool(folder, files, clock, max_bytes=section.max_spool_bytes)
        self.spools: Sequence[Spool] = (self._spool,)
        self._receiver = Receiver(
            section, clock, max_record_bytes=max_event_bytes - _RECORD_OVERHEAD
        )
        self._datagrams: socket.socket | None = None
        self._connections: Connections | None = None
        self._dropped = 0

    async def run(self, stop: asyncio.Event) -> None:
        """See `NetworkInput.run`."""
        section = self._section
        tls = None if section.tls is None else Certificates(section.tls, where=self._where)
        address = await self._resolve()
        with contextlib.ExitStack() as sockets:
            parts = [
                make(sockets.enter_context(self._bind(address, kind)), tls)
                for transport, kind, make in (
                    ("udp", socket.SOCK_DGRAM, self._make_datagrams),
                    ("tcp", socket.SOCK_STREAM, self._make_connections),
                )
                if transport in section.transports
            ]
            log.info("listening for %s, %s", self._where, " and ".join(sorted(section.transports)))
            async with asyncio.TaskGroup() as tasks:
                for part in parts:
                    tasks.create_task(part.run(stop))

    def _make_datagrams(self, listener: socket.socket, _tls: Certificates | None) -> Datagrams:
        self._tell_buffer(enlarge_buffer(listener, self._section.receive_buffer))
        self._datagrams = listener
        return Datagrams(
            listener, self._receiver, self._spool, max_bytes=self._section.max_message_bytes
        )

    def _make_connections(self, listener: socket.socket, tls: Certificates | None) -> Connections:
        self._connections = Connections(listener, self._section, self._receiver, self._spool, tls)
        return self._connections

    def status(self) -> InputStatus:
        """See `NetworkInput.status`."""
        self._count_dropped()
        connections = self._connections
        counters = {
            "syslog_messages": self._receiver.messages,
            "syslog_malformed": self._receiver.malformed,
            "syslog_dropped": self._dropped,
            "syslog_refused": connections.refused + connections.failed_handshakes
            if connections is not None
            else 0,
        }
        return InputStatus(counters, tuple(self._troubles()))

    def _troubles(self) -> Iterator[str]:
        if self._dropped:
            yield (
                f"{self._where}: the kernel has dropped datagrams for want of room (raise"
                " net.core.rmem_max and `receive_buffer`, or send over TCP)"
            )
        if self._connections is not None and self._connections.refused:
            yield f"{self._where}: connections were refused (raise `connections`)"

    def _count_dropped(self) -> None:
        listener = self._datagrams
        if listener is not None and listener.fileno() >= 0:
            dropped = count_dropped(listener)
            if dropped > self._dropped:
                log.warning("%s: %d datagrams dropped", self._where, dropped - self._dropped)
            self._dropped = dropped

    def _tell_buffer(self, got_bytes: int) -> None:
        wanted = self._section.receive_buffer
        if got_bytes < wanted:
            log.info(
                "%s: the kernel gives a receive buffer of %d bytes, not %d (net.core.rmem_max)",
                self._where, got_bytes, wanted,
            )  # fmt: skip

    async def _resolve(self) -> tuple[socket.AddressFamily, tuple[str, int]]:
        host, port = split_address(self._section.syslog)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
        except OSError as error:
            raise ConfigError(
                f"there is no address {host}: {error.strerror}", where=self._where
            ) from error
        family, _, _, _, address = found[0]
        return family, (str(address[0]), port)

    def _bind(
        self, address: tuple[socket.AddressFamily, tuple[str, int]], kind: socket.SocketKind
    ) -> socket.socket:
        family, place = address
        listener = socket.socket(family, kind)
        if kind is socket.SOCK_STREAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
        except OSError as error:
            listener.close()
            name = "TCP" if kind is socket.SOCK_STREAM else "UDP"
            if error.errno == errno.EADDRINUSE:
                raise AlreadyRunning(
                    f"the {name} port is in use", where=self._where,
                    mend="stop what listens there, or choose another port",
                ) from error  # fmt: skip
            raise ConfigError(
                f"cannot listen over {name}: {error.strerror}", where=self._where
            ) from error
        return listener
