"""What does an answer say, in each of the forms that HTTP/1.1 has for it?"""

from __future__ import annotations

import asyncio
import sys

import pytest

from logboom.elastic.transfers import Answer, Broken, Transfers
from tests.services.process import free_port
from tests.unit.elastic.http_servers import OK, Exchange, answering, served

_CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
)
_INTERIM = (
    b"HTTP/1.1 102 Processing\r\nx-a: 1\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 1\r\n\r\nx"
)


async def asked(content: bytes, method: str = "GET") -> Answer:
    """What is made of an answer, twice the same."""
    async with served(answering(content)) as where:
        node = Transfers(where, 60.0)
        first, second = [await node.ask(method, "/", "", b"") for _ in range(2)]
        await node.close()
    assert first == second
    return first


@pytest.mark.parametrize(
    ("content", "status", "body"),
    [
        (OK, 200, b"{}"),
        (_CHUNKED, 200, b"abcdefg"),
        (_INTERIM, 201, b"x"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.0 503 Busy\r\ncontent-length: 1\r\n\r\n.", 503, b"."),
    ],
)
async def test_an_answer_is_read(content: bytes, status: int, body: bytes) -> None:
    answer = await asked(content)
    assert (answer.status, answer.body) == (status, body)


async def test_headers_are_found_by_lower_case_names() -> None:
    content = b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\nContent-Length: 0\r\n\r\n"
    assert (await asked(content)).headers["x-elastic-product"] == "Elasticsearch"


async def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    answer = await asked(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", "HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_an_answer_without_a_length_goes_on_until_the_end() -> None:
    async def one(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.say(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await exchange.say(b"def")

    async with served(one) as where:
        node = Transfers(where, 60.0)
        assert (await node.ask("GET", "/", "", b"")).body == b"abcdef"
        await node.close()


@pytest.mark.parametrize(
    ("content", "says", "has_hung_up"),
    [
        (b"", "Empty reply", True),
        (b"\x15\x03\x03\x00\x02\x02\x50", "speaks no HTTP", False),
        (b"HTTP/1.1 200 OK\r\nx: " + b"x" * 90_000, "no end", False),
        (b"HTTP/1.1 200 OK\r\nx: " + b"x" * 400_000, "of libcurl", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n", "no end", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "6 bytes missing", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "closed", False),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "Empty", False),
    ],
)
async def test_what_is_no_whole_answer_is_none(
    content: bytes, says: str, has_hung_up: bool
) -> None:
    async def one(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.say(content)

    async with served(one) as where:
        node = Transfers(where, 60.0)
        with pytest.raises(Broken, match=says) as caught:
            await node.ask("POST", "/", "text/plain", b"x")
        await node.close()
    assert caught.value.has_hung_up == has_hung_up


async def test_a_large_body_arrives_whole_while_others_are_answered() -> None:
    body = bytes(range(256)) * 100_000
    seen: list[bytes] = []
    arrived = asyncio.Event()

    async def take(exchange: Exchange) -> None:
        while True:
            line, content = await exchange.request()
            if "large" in line:
                seen.append(content)
                arrived.set()
            else:
                await arrived.wait()
            await exchange.say(OK)

    async with served(take) as where:
        node = Transfers(where, 60.0)
        both = (node.ask("POST", "/large", "x", body), node.ask("POST", "/small", "x", b"1"))
        answers = await asyncio.gather(*both)
        await node.close()
    assert [one.status for one in answers] == [200, 200]
    assert seen == [body]


async def test_a_body_that_is_refused_before_it_was_sent_is_not_sent_on() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}"

    async def refuse(exchange: Exchange) -> None:
        await exchange.reader.readuntil(b"\r\n\r\n")
        await exchange.say(refusal)
        await exchange.reader.read()

    async with served(refuse) as where:
        node = Transfers(where, 60.0)
        for _ in range(2):
            answer = await node.ask("POST", "/_bulk", "x", b"x" * 50_000_000)
            assert (answer.status, answer.body) == (413, b"{}")
        await node.close()


async def test_nothing_of_a_request_is_held_when_it_is_answered() -> None:
    async with served(answering()) as where:
        node = Transfers(where, 60.0)
        body = bytes(1000)
        before = sys.getrefcount(body)
        await node.ask("POST", "/", "x", body)
        assert sys.getrefcount(body) == before
        await node.close()


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert (await asked(OK)).body == b"{}"


async def test_redirections_are_answers_like_others() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    answer = await asked(moved, "POST")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")
