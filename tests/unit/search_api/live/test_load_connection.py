"""Is a connection of the load tester kept, and what when the server hangs up?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.errors import ServiceUnreachable
from logboom.load.connection import Connection
from logboom.load.running import Load, run_load
from tests.serving import serve

_FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
_LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast"
_HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nfine"
_NOTHING = b""


@dataclass
class Scripted:
    """A server of a few lines.

    Attributes:
        url: Where it is.
        asked: For each connection, the requests that came on it.
    """

    url: str = ""
    asked: list[list[bytes]] = field(default_factory=list)


@asynccontextmanager
async def scripted(*connections: Sequence[bytes]) -> AsyncIterator[Scripted]:
    """Answers on each connection as the script says, and then hangs up, or does so when asked more."""
    found, scripts = Scripted(), iter(connections)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked: list[bytes] = []
        found.asked.append(asked)
        for text in next(scripts):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(text)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found


@asynccontextmanager
async def counting(address: str) -> AsyncIterator[tuple[str, list[object]]]:
    """Passes all on to a server: the URL, and who opened a connection."""
    host, _, port = address.rpartition(":")
    opened: list[object] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer.get_extra_info("peername"))
        theirs, ours = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass(reader, ours), _pass(theirs, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", opened


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


async def test_one_connection_serves_all_questions(tmp_path: Path) -> None:
    async with serve(tmp_path) as api, counting(api.address) as (url, opened):
        connection = Connection(url, {})
        targets = ["/api/v1/search", "/api/v1/search?q=level:", "/api/v1/nowhere", "/metrics"]
        found = [(await connection.ask(target)).status for target in targets * 3]
        connection.close()
    assert found == [200, 400, 404, 200] * 3
    assert len(opened) == 1


async def test_each_user_has_one_connection(tmp_path: Path) -> None:
    async with serve(tmp_path) as api, counting(api.address) as (url, opened):
        await api.write(*range(40), level="error")
        await api.store.refresh()
        report = await run_load(Load(url, users=3, duration_s=0.5), SystemClock())
    assert report.errors == {}
    assert report.total.asked > 3
    assert len(opened) == 1 + 3  # one learns what there is to ask for


async def test_a_server_may_end_a_connection_with_its_answer() -> None:
    async with scripted([_FINE, _LAST], [_FINE]) as server:
        connection = Connection(server.url, {})
        found = [(await connection.ask("/")).body for _ in range(3)]
        connection.close()
    assert found == [b"fine", b"last", b"fine"]
    assert [len(asked) for asked in server.asked] == [2, 1]


async def test_a_question_is_put_again_when_the_server_hung_up_before_it_came() -> None:
    async with scripted([_FINE, _NOTHING], [_FINE]) as server:
        connection = Connection(server.url, {})
        found = [(await connection.ask("/")).body for _ in range(2)]
        connection.close()
    assert found == [b"fine", b"fine"]
    assert [len(asked) for asked in server.asked] == [2, 1]


async def test_a_question_is_put_again_once_only() -> None:
    async with scripted([_FINE, _NOTHING], [_NOTHING], [_FINE]) as server:
        connection = Connection(server.url, {})
        await connection.ask("/")
        with pytest.raises(ServiceUnreachable, match="no answer"):
            await connection.ask("/")
        assert [len(asked) for asked in server.asked] == [2, 1]
        assert (await connection.ask("/")).body == b"fine"
        connection.close()


async def test_neither_what_writes_nor_half_an_answer_is_asked_for_again() -> None:
    async with scripted([_FINE, _NOTHING], [_FINE, _HALF]) as server:
        connection = Connection(server.url, {})
        await connection.ask("/")
        with pytest.raises(ServiceUnreachable, match="no answer"):
            await connection.ask("/_bulk", b"{}\n")
        await connection.ask("/")
        with pytest.raises(ServiceUnreachable, match="no answer"):
            await connection.ask("/")
        connection.close()
    assert [len(asked) for asked in server.asked] == [2, 2]
