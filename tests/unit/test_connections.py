"""What clients say before their request is known is bounded, in size and in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn

from logboom.connections import BoundedConnection
from logboom.serving import Server, listen

HEAD = b"GET /a HTTP/1.1\r\nHost: here\r\n"


class Impatient(BoundedConnection):
    """Waits for a head no longer than a test does."""

    head_s = 0.3


async def _app(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"] or b"fine"
    size = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [size]})
    await send({"type": "http.response.body", "body": body})


async def _measuring(_scope: Any, receive: Any, send: Any) -> None:
    size, is_open = 0, True
    while is_open:
        part = await receive()
        size, is_open = size + len(part["body"]), part["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d bytes" % size})


async def _streaming(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"one\n", b"", b"two\n"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def served(
    protocol: type[BoundedConnection], app: Callable[..., Any] = _app
) -> AsyncIterator[int]:
    """The port of a server with such connections."""
    listener = listen("127.0.0.1:0", mend="")
    listener.listen()
    settings = uvicorn.Config(app, http=protocol, log_config=None, lifespan="off")
    server = Server(settings)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def answers(port: int, *said: bytes, is_all: bool = False) -> bytes:
    """All that comes until the server ends the connection; `is_all`: it is told that nothing more is said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in said:
            writer.write(part)
            await writer.drain()
        if is_all:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:  # it was ended while we were speaking
        return b"ended"
    finally:
        writer.close()


@pytest.mark.parametrize(
    "said",
    [
        [HEAD, b"X: ", *[b"a" * 2**16] * 3],
        [HEAD, *[b"X: a\r\n" * 2**13] * 4],
        [HEAD + b"X: " + b"a" * 2**17 + b"\r\n\r\n"],
        [b"GET /", *[b"a" * 2**16] * 3],
        [HEAD + b"\r\n", HEAD, b"X: ", *[b"a" * 2**16] * 3],
    ],
)
async def test_a_head_that_is_too_large_is_refused(said: list[bytes]) -> None:
    async with served(BoundedConnection) as port:
        assert b"HTTP/1.1 431 " in await answers(port, *said)


@pytest.mark.parametrize("line", [b"X: a\r\n" * 2**13, b"a" * 2**16])
async def test_headers_behind_a_body_are_bounded(line: bytes) -> None:
    begin = b"POST /a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served(BoundedConnection) as port:
        said = [begin, b"4\r\nmine\r\n", b"0\r\nX: ", *[line] * 8]
        assert (await answers(port, *said))[-5:] in {b"ended", b"\nmine"}


async def test_a_body_in_many_parts_is_of_any_length() -> None:
    begin = (
        HEAD.replace(b"GET", b"POST") + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    async with served(BoundedConnection, _measuring) as port:
        said = [begin, *[b"%x\r\n%b\r\n" % (2**16, b"a" * 2**16)] * 6, b"0\r\nX: a\r\n\r\n"]
        assert b"393216 bytes" in await answers(port, *said)


@pytest.mark.parametrize("said", [b"", b"GET / HT", HEAD, HEAD + b"\r\n" + HEAD])
async def test_a_head_that_does_not_end_is_waited_for_no_longer_than_so(said: bytes) -> None:
    async with served(Impatient) as port:
        assert (await answers(port, said)).count(b"200 OK") == said.count(b"\r\n\r\n")


async def test_a_body_that_takes_its_time_is_waited_for() -> None:
    body = b"b" * 1000
    head = HEAD + b"X: " + b"a" * 100_000 + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with served(Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        await asyncio.sleep(2 * Impatient.head_s)
        writer.write(body)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(body)) == body
        writer.close()


async def test_clients_of_old_get_no_chunks() -> None:
    old = b"GET / HTTP/1.0\r\n\r\n"
    async with served(BoundedConnection, _streaming) as port:
        head, _, body = (await answers(port, old)).partition(b"\r\n\r\n")
        assert (b"chunked" in head, b"connection: close" in head) == (False, True)
        assert body == b"one\ntwo\n"
        today = await answers(port, HEAD + b"Connection: close\r\n\r\n")
        assert b"transfer-encoding: chunked" in today
        assert b"4\r\none\n\r\n" in today
    async with served(BoundedConnection) as port:
        assert (await answers(port, old)).endswith(b"\r\n\r\nfine")


async def _pausing(_scope: Any, _receive: Any, send: Any) -> None:
    await asyncio.sleep(0.1)  # the client has said that it says nothing more
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(3):
        await send({"type": "http.response.body", "body": b"a" * 2**16, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"the end"})


@pytest.mark.parametrize("count", [1, 3])
async def test_who_says_nothing_more_is_answered_what_was_asked(count: int) -> None:
    async with served(BoundedConnection, _pausing) as port:
        said = await answers(port, (HEAD + b"\r\n") * count, is_all=True)
    assert (said.count(b" 200 OK"), said.count(b"the end")) == (count, count)
    assert said.endswith(b"the end\r\n0\r\n\r\n")


@pytest.mark.parametrize("said", [b"", b"GET / HT", HEAD, HEAD + b"Content-Length: 3\r\n\r\nab"])
async def test_who_goes_away_before_all_is_said_is_not_waited_for(said: bytes) -> None:
    async with served(BoundedConnection, _measuring) as port, asyncio.timeout(5):
        assert b" 200 " not in await answers(port, said, is_all=True)


async def test_who_goes_away_in_the_middle_of_an_answer_is_gone() -> None:
    is_gone = asyncio.Event()

    async def endless(_scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone.set()

    async with served(BoundedConnection, endless) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"one")
        writer.write_eof()
        async with asyncio.timeout(5):
            await is_gone.wait()
        writer.close()
