"""Signs of life: sent between pieces, and only where nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from search_api.http.signs import with_signs


async def test_signs_come_while_nothing_else_does() -> None:
    is_found = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"one"
        await is_found.wait()
        yield b"two"

    seen = []
    async for piece in with_signs(pieces(), b"-", 0.001):
        seen.append(piece)
        if seen.count(b"-") > 3:
            is_found.set()
    words = [piece for piece in seen if piece != b"-"]
    assert words == [b"one", b"two"]
    assert b"-" in seen[seen.index(b"one") : seen.index(b"two")]


async def test_what_fails_is_raised() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise RuntimeError("broken")

    reading = with_signs(pieces(), b"-", 60)
    assert await anext(reading) == b"one"
    with pytest.raises(RuntimeError, match="broken"):
        await anext(reading)


async def test_what_nobody_reads_any_more_is_ended() -> None:
    ended = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            await asyncio.Event().wait()
            yield b""
        except asyncio.CancelledError:
            ended.append("here")
            raise

    reading = with_signs(pieces(), b"-", 0.001)
    assert await anext(reading) == b"-"
    await reading.aclose()  # type: ignore[attr-defined]
    assert ended == ["here"]


async def test_what_nobody_reads_any_more_is_closed_between_pieces() -> None:
    closed = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            yield b"two"
        finally:
            closed.append("here")

    left = pieces()
    reading = with_signs(left, b"-", 60)
    assert await anext(reading) == b"one"
    await reading.aclose()  # type: ignore[attr-defined]
    assert closed == ["here"]
