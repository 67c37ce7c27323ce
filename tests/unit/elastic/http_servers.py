"""Servers of HTTP that answer, or fail to, as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from logboom.config import ElasticsearchSection
from logboom.elastic.addresses import Address, addresses_of

Serve = Callable[["Exchange"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Exchange:
    """One connection, as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> tuple[str, bytes]:
        """The next request: its first line, and its body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.lower().startswith("content-length")
        ]
        body = await self.reader.readexactly(lengths[0]) if lengths else b""
        return head.partition("\r\n")[0], body

    async def say(self, content: bytes) -> None:
        """Sends something."""
        self.writer.write(content)
        await self.writer.drain()


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[Address]:
    """A server; its address. A connection ends when `serve` does."""
    under_way: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await serve(Exchange(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            under_way.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def address(url: str) -> Address:
    """Of a server without secrets."""
    return addresses_of(ElasticsearchSection(urls=[url]))[0]


def answering(content: bytes = OK) -> Serve:
    """Says the same to each request."""

    async def serve(exchange: Exchange) -> None:
        while True:
            await exchange.request()
            await exchange.say(content)

    return serve
