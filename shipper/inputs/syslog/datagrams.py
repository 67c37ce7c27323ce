"""Messages over UDP: one datagram is one message (RFC 5426)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

from logboom.errors import SpoolFull
from shipper.inputs.spool import Spool
from shipper.inputs.syslog.framing import cut_to_size
from shipper.inputs.syslog.receiving import Peer, Receiver

_LONGEST_BYTES = 1 << 16
_AT_ONCE = 512
_SO_RCVBUFFORCE = 33  # beyond what net.core.rmem_max allows; needs CAP_NET_ADMIN


class Datagrams:
    """Takes the datagrams that arrive at a bound socket, as fast as they can be kept.

    While the spool is full they are left to the kernel, which drops what its buffer cannot hold.

    Args:
        listener: Bound.
        receiver: Makes records.
        spool: Keeps them.
    """

    def __init__(
        self, listener: socket.socket, receiver: Receiver, spool: Spool, *, max_bytes: int
    ) -> None:
        self._listener = listener
        self._receiver = receiver
        self._spool = spool
        self._max_bytes = max_bytes
        self._buffer = bytearray(_LONGEST_BYTES)
        self._held: list[bytes] = []
        self._full = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Receives until `stop` is set."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        loop.add_reader(self._listener, self._receive)
        try:
            async with asyncio.TaskGroup() as tasks:
                holding = tasks.create_task(self._hold_back())
                await stop.wait()
                holding.cancel()
        finally:
            loop.remove_reader(self._listener)

    def _receive(self) -> None:
        """Takes a bounded number, so that others have their turn, and appends them together."""
        records: list[bytes] = []
        view = memoryview(self._buffer)
        with contextlib.suppress(BlockingIOError, InterruptedError):
            for _ in range(_AT_ONCE):
                size, sender = self._listener.recvfrom_into(view)
                pieces = cut_to_size(bytes(view[:size]), self._max_bytes)
                records += self._receiver.records(pieces, Peer(sender[0]))
        if records:
            self._keep(records)

    def _keep(self, records: list[bytes]) -> None:
        try:
            self._spool.append(records)
        except SpoolFull:
            self._held = records
            asyncio.get_running_loop().remove_reader(self._listener)
            self._full.set()

    async def _hold_back(self) -> None:
        while True:
            await self._full.wait()
            await self._spool.append_patiently(self._held)
            self._full.clear()
            self._held = []
            asyncio.get_running_loop().add_reader(self._listener, self._receive)


def enlarge_buffer(listener: socket.socket, wanted_bytes: int) -> int:
    """Asks the kernel for a receive buffer.

    Returns:
        The size that it gave, in bytes.
    """
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted_bytes)
    except OSError:  # we may not: the usual bound holds
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted_bytes)
    return listener.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def count_dropped(listener: socket.socket) -> int:
    """Datagrams that the kernel dropped because the socket's buffer was full; 0 if it does not say.

    Source: proc(5), /proc/net/udp; its last column.
    """
    name = "udp6" if listener.family == socket.AF_INET6 else "udp"
    inode = str(os.fstat(listener.fileno()).st_ino)
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/net", name).read_text(encoding="ascii").splitlines():
            columns = line.split()
            if len(columns) > 12 and columns[9] == inode:
                return int(columns[-1])
    return 0
