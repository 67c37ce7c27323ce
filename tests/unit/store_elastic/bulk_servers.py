"""Elasticsearch as far as a writer knows it: its indices are there, and tests say what it answers."""

from __future__ import annotations

from typing import Any, Protocol, cast

from logboom.clock import SystemClock
from logboom.elastic.client import Client
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from logboom.store.elastic.install import Installer
from logboom.store.elastic.names import IndexNames


class Server(Protocol):
    """Answers bulk requests."""

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        """Its status and its answer."""
        ...


class _Client:
    """Of a server."""

    address = "nowhere"

    def __init__(self, server: Server) -> None:
        self._server = server

    async def bulk(self, body: bytes, *, once: bool) -> tuple[int, bytes]:
        assert once, "a body that another node gets, too, has answers that nobody sees"
        return await self._server.bulk(body)

    async def is_there(self, _name: str) -> bool:
        return True


class IdleInstaller:
    """Has nothing to do."""

    async def prepare_index(self, _name: str) -> None:
        pass

    async def add_attributes(self, _name: str, _paths: Any) -> None:
        pass


def writer_to(
    server: Server, settings: WriterSettings, installer: IdleInstaller | None = None
) -> BulkWriter:
    """A writer to a server, whose indices are there already unless an installer does anything."""
    return BulkWriter(
        cast("Client", _Client(server)), IndexNames("logs-%Y.%m.%d"), settings, SystemClock(),
        cast("Installer", installer or IdleInstaller()),
    )  # fmt: skip
