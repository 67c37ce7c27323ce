"""How is HTTP served inside of a service that has its own way to begin and to end?"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Generator

import uvicorn

from logboom.config.units import split_address
from logboom.errors import AlreadyRunning


class Server(uvicorn.Server):
    """Leaves signals to the service: they stop all of its parts, not the server alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Captures none."""
        yield


def listen(address: str, *, mend: str) -> socket.socket:
    """Takes an address.

    Args:
        address: HOST:PORT.
        mend: What the user can do when it is taken.

    Raises:
        AlreadyRunning: When it cannot be had.
    """
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        taken = (
            "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        raise AlreadyRunning(f"the address {taken}", where=address, mend=mend) from error
    return listener
