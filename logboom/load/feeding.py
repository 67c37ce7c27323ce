"""How are events written at a steady rate while a load test asks?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import orjson

from logboom.clock import Clock, utc_text
from logboom.errors import LogboomError
from logboom.load.connection import Connection

_PIECES_PER_S: Final = 20
_WORDS: Final = (
    "payment", "gateway", "order", "cart", "timeout", "connection", "retry", "session", "cache",
    "request", "failed", "accepted", "worker", "queue", "upstream",
)  # fmt: skip
_LEVELS: Final = ("info",) * 17 + ("warn", "error", "debug")

Write = Callable[[list[bytes]], Awaitable[None]]


class Feed:
    """Writes events until it is cancelled.

    Args:
        per_second: Events.
        write: Takes some of them, as JSON without a line break.
        clock: For their times and the rate.
    """

    def __init__(self, per_second: int, write: Write, clock: Clock) -> None:
        self._per_second = per_second
        self._write = write
        self._clock = clock
        self.written = 0

    async def run(self) -> None:
        """Writes a twentieth of a second's worth at a time."""
        dice = random.Random(1)  # noqa: S311 - guards nothing
        begun = self._clock.monotonic()
        while True:
            due = int((self._clock.monotonic() - begun) * self._per_second)
            lines = [self._line(dice, number) for number in range(self.written, due)]
            if lines:
                await self._write(lines)
                self.written = due
            await asyncio.sleep(1 / _PIECES_PER_S)

    def _line(self, dice: random.Random, number: int) -> bytes:
        content = {
            "timestamp": utc_text(self._clock.now_ns() // 1_000_000 * 1_000_000),
            "level": dice.choice(_LEVELS),
            "service": f"load-{dice.randrange(12)}",
            "message": " ".join(dice.choices(_WORDS, k=8)),
            "trace_id": f"{dice.getrandbits(128):032x}",
            "number": number,
        }
        return orjson.dumps(content)


def to_file(path: Path) -> Write:
    """Appends lines to a file that a shipper follows."""

    def append(lines: list[bytes]) -> None:
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    async def write(lines: list[bytes]) -> None:
        await asyncio.to_thread(append, lines)

    return write


def to_input(url: str) -> Write:
    """Sends lines to an HTTP input as Elasticsearch's `_bulk`."""
    connection = Connection(url, {})

    async def write(lines: list[bytes]) -> None:
        body = b"".join(b'{"create":{}}\n%b\n' % line for line in lines)
        answer = await connection.ask("/_bulk", body)
        if answer.status != 200:
            detail = answer.body[:200].decode("utf-8", "replace")
            raise LogboomError(f"the input answered {answer.status}: {detail}", where=url)

    return write
