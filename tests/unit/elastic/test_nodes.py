"""Over which connections is Elasticsearch asked, and what becomes of those that fail?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from logboom.clock import ManualClock, SystemClock
from logboom.config import ElasticsearchSection
from logboom.elastic.client import Client, NotSent
from logboom.elastic.nodes import Nodes
from logboom.elastic.transfers import Broken, NoConnection, Transfers
from tests.services.process import free_port
from tests.unit.elastic.http_servers import OK, Exchange, Serve, address, answering, served

_PATIENCE_S = 60.0


class Counted:
    """Counts the connections of a server."""

    def __init__(self, serve: Serve) -> None:
        self.connections = 0
        self._serve = serve

    async def __call__(self, exchange: Exchange) -> None:
        self.connections += 1
        await self._serve(exchange)


async def hang_up(exchange: Exchange) -> None:
    await exchange.request()


async def ask(node: Transfers | Nodes, method: str = "GET", body: bytes = b"") -> bytes:
    return (await node.ask(method, "/a", "application/json", body)).body


async def test_a_connection_serves_one_request_after_the_other() -> None:
    serve = Counted(answering())
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        assert [await ask(node) for _ in range(5)] == [b"{}"] * 5
        await node.close()
    assert serve.connections == 1


async def test_so_many_at_once_and_no_more_connections_than_are_allowed() -> None:
    all_there, go = asyncio.Event(), asyncio.Event()

    async def slow(exchange: Exchange) -> None:
        while True:
            await exchange.request()
            if serve.connections == 50:
                all_there.set()
            await go.wait()
            await exchange.say(OK)

    serve = Counted(slow)
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        asking = [asyncio.create_task(ask(node)) for _ in range(120)]
        await all_there.wait()
        go.set()
        assert await asyncio.gather(*asking) == [b"{}"] * 120
        await node.close()
    assert serve.connections == 50


async def test_the_answer_to_a_question_that_was_given_up_is_nobody_elses() -> None:
    asked = asyncio.Event()

    async def late(exchange: Exchange) -> None:
        line, _ = await exchange.request()
        asked.set()
        if "given-up" in line:
            await exchange.reader.read()  # until the other side ends it
        else:
            await exchange.say(OK)

    async with served(late) as where:
        node = Transfers(where, _PATIENCE_S)
        task = asyncio.create_task(node.ask("GET", "/given-up", "", b""))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ask(node) == b"{}"
        await node.close()


async def test_what_is_not_answered_in_time_is_given_up() -> None:
    async def never(exchange: Exchange) -> None:
        await exchange.reader.read()

    async with served(never) as where:
        node = Transfers(where, 0.01)
        with pytest.raises(TimeoutError):
            await ask(node)
        await node.close()


async def _one_and_then_no_more(exchange: Exchange) -> None:
    await exchange.request()
    await exchange.say(OK)
    await exchange.request()  # and hangs up on it


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_was_forgotten_while_idle(method: str) -> None:
    serve = Counted(_one_and_then_no_more)
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        assert [await ask(node, method, b"{}") for _ in range(2)] == [b"{}"] * 2
        await node.close()
    assert serve.connections == 2


async def test_what_may_be_sent_once_only_has_connections_of_its_own() -> None:
    """Over one that was used before it would be sent anew when the server had ended that one."""
    requests = 0

    async def note(exchange: Exchange) -> None:
        nonlocal requests
        await exchange.request()
        requests += 1
        if requests != 3:
            await exchange.say(OK)

    serve = Counted(note)
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        for _ in range(2):
            await node.ask("POST", "/_bulk", "x", b"{}", once=True)
        with pytest.raises(Broken) as caught:
            await node.ask("POST", "/_bulk", "x", b"{}", once=True)
        await node.close()
    assert caught.value.has_hung_up
    assert (serve.connections, requests) == (3, 3)


async def test_a_connection_that_the_server_has_ended_is_not_used_again() -> None:
    async def one(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.say(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")

    serve = Counted(one)
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        for _ in range(3):
            assert await ask(node, "POST", b"{}") == b"{}"
        await node.close()
    assert serve.connections == 3


async def test_it_is_told_when_nothing_was_sent() -> None:
    node = Transfers(address(f"http://127.0.0.1:{free_port()}"), _PATIENCE_S)
    with pytest.raises(NoConnection, match="no connection to http://127"):
        await ask(node)
    await node.close()


async def test_where_nobody_answers_is_said_once() -> None:
    port = free_port()
    client = Client(ElasticsearchSection(urls=[f"http://127.0.0.1:{port}"]), SystemClock())
    with pytest.raises(NotSent) as refused:
        await client.ask("GET", "/_cluster/health")
    said = refused.value.sentence()
    assert said.count(f"{port}") == said.count("127.0.0.1") == 1, said
    assert " ms" not in said  # the same sentence each time
    assert said.endswith("Elasticsearch does not answer: Could not connect to server")
    await client.close()


async def test_connections_that_nobody_needed_for_long_are_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logboom.elastic.transfers._KEPT_S", 1)
    serve = Counted(answering())
    async with served(serve) as where:
        node = Transfers(where, _PATIENCE_S)
        await ask(node)
        await asyncio.sleep(2.1)  # libcurl counts in whole seconds
        await ask(node)
        await node.close()
    assert serve.connections == 2


async def test_closing_ends_what_is_under_way() -> None:
    asked = asyncio.Event()

    async def never(exchange: Exchange) -> None:
        await exchange.request()
        asked.set()
        await exchange.reader.read()

    async with served(never) as where:
        node = Transfers(where, _PATIENCE_S)
        task = asyncio.create_task(ask(node))
        await asked.wait()
        await node.close()
        with pytest.raises(Broken):
            await task
        await node.close()


async def test_a_node_that_fails_rests_for_longer_each_time() -> None:
    bad, clock = Counted(hang_up), ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    async with served(bad) as one, served(answering()) as other:
        nodes = Nodes([one, other], _PATIENCE_S, clock)
        while not bad.connections:
            assert await ask(nodes) == b"{}"
        rests = []
        for asked in range(1, 8):
            failed_s = clock.monotonic()
            while bad.connections == asked:
                clock.advance(1)
                assert [await ask(nodes) for _ in range(4)] == [b"{}"] * 4
            assert bad.connections == asked + 1
            rests.append(clock.monotonic() - failed_s)
        await nodes.close()
    assert rests == [1, 2, 4, 8, 16, 30, 30]


async def test_when_all_rest_one_is_asked_all_the_same() -> None:
    bad = Counted(hang_up)
    async with served(bad) as one, served(bad) as other:
        nodes = Nodes([one, other], _PATIENCE_S, SystemClock())
        for _ in range(4):
            with pytest.raises(Broken):
                await ask(nodes)
        await nodes.close()
    assert bad.connections == 8


async def test_what_may_have_been_done_is_asked_of_one_only() -> None:
    bad = Counted(hang_up)
    async with served(bad) as one, served(bad) as other:
        nodes = Nodes([one, other], _PATIENCE_S, SystemClock())
        with pytest.raises(Broken):
            await nodes.ask("POST", "/_bulk", "application/x-ndjson", b"{}", once=True)
        await nodes.close()
    assert bad.connections == 1


async def test_paths_are_sent_as_urls_have_them() -> None:
    lines: list[str] = []

    async def note(exchange: Exchange) -> None:
        while True:
            lines.append((await exchange.request())[0])
            await exchange.say(OK)

    async with served(note) as where:
        node = Transfers(where, _PATIENCE_S)
        for target in ("/a%20b,c*/_search?q=1", "/한 x", "/a\r\nb: c"):
            await node.ask("GET", target, "", b"")
        await node.close()
    assert lines == [
        "GET /a%20b,c*/_search?q=1 HTTP/1.1",
        "GET /%ED%95%9C%20x HTTP/1.1",
        "GET /a%0D%0Ab:%20c HTTP/1.1",
    ]
