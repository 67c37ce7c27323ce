"""Answers travel compressed to whoever asks for it: whole, in order, and not held back."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Message

from search_api.http.compressing import Compressing, takes_gzip

_SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
_LINE = b'{"message": "connection refused by upstream", "level": "error"}\n'


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=1.0, *;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0.001", True),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("identity", False),
        ("br, zstd", False),
    ],
)
def test_who_takes_gzip(accepted: str, expected: bool) -> None:
    assert takes_gzip(accepted) is expected


async def sent_of(response: Response) -> tuple[dict[str, str], Sequence[Message]]:
    """The headers of an answer behind `Compressing`, and the messages of its body."""
    messages: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        messages.append(message)

    await response(_SCOPE, receive, Compressing(send))
    assert messages[0]["type"] == "http.response.start"
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return headers, messages[1:]


@pytest.mark.parametrize("length", [1_400, 65_536, 65_537, 3_000_000])
async def test_a_long_answer_is_compressed_and_says_how_long_it_is(length: int) -> None:
    body = (_LINE * (length // len(_LINE) + 1))[:length]
    headers, messages = await sent_of(Response(body, media_type="application/json"))
    (message,) = messages
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert int(headers["content-length"]) == len(message["body"]) < length / 4
    assert gzip.decompress(message["body"]) == body


@pytest.mark.parametrize(
    "response",
    [
        Response(b"x" * 1_399, media_type="application/json"),
        Response(b"", status_code=204),
        Response(b"x" * 9_000, media_type="image/png"),
        Response(b"x" * 9_000, media_type="application/json", headers={"ETag": '"1"'}),
        Response(b"x" * 9_000, media_type="text/csv", headers={"Content-Encoding": "zstd"}),
    ],
)
async def test_what_is_short_or_no_text_or_has_its_form_already_is_sent_as_it_is(
    response: Response,
) -> None:
    headers, messages = await sent_of(response)
    assert [message["body"] for message in messages] == [response.body]
    assert headers.get("content-encoding") != "gzip"
    assert headers.get("content-length", "0") == str(len(response.body))


async def test_each_piece_of_a_stream_is_there_when_it_was_sent() -> None:
    pieces = [_LINE, b"", b"\n", _LINE * 2_000, b"end\n"]

    async def content() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    headers, messages = await sent_of(StreamingResponse(content(), media_type="text/csv"))
    assert headers["content-encoding"] == "gzip"
    assert "content-length" not in headers
    reading = zlib.decompressobj(wbits=31)
    assert [reading.decompress(message["body"]) for message in messages] == [*pieces, b""]
    assert reading.eof


async def test_a_stream_that_breaks_off_has_no_end() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield _LINE
        raise RuntimeError("broken")

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    response = StreamingResponse(content(), media_type="application/x-ndjson")
    with pytest.raises(RuntimeError, match="broken"):
        await response(
            {**_SCOPE, "asgi": {"spec_version": "2.4"}}, asyncio.Future, Compressing(send)
        )
    reading = zlib.decompressobj(wbits=31)
    assert reading.decompress(b"".join(one.get("body", b"") for one in messages)) == _LINE
    assert not reading.eof


async def test_streams_of_news_are_not_touched() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"data: " + _LINE * 100

    headers, messages = await sent_of(StreamingResponse(content(), media_type="text/event-stream"))
    assert "content-encoding" not in headers
    assert messages[0]["body"] == b"data: " + _LINE * 100
