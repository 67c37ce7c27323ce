"""Realistic events with sequence ids: JSON lines of about 290 bytes, and text with stack traces."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

_WORDS = [
    "cart",
    "order",
    "payment",
    "user",
    "session",
    "cache",
    "timeout",
    "retry",
    "loaded",
    "saved",
    "failed",
    "request",
    "response",
    "queue",
    "worker",
    "shard",
    "token-bucket",
    "upstream",
    "connection",
    "refused",
    "accepted",
]
_LEVELS = ("INFO",) * 16 + ("DEBUG",) * 2 + ("WARN", "ERROR")
_FAULTS = 200
"""Different texts of errors: each comes from a place in the code, and only a number differs."""


def write_events(
    path: Path, count: int, *, begin: datetime, span: timedelta, service: str = "svc"
) -> int:
    """Writes events of 12 services, evenly spread over a span of time; `seq` counts from 0.

    Args:
        service: What the services' names begin with; `-0` to `-11` follow.

    Returns:
        The file's size in bytes.
    """
    dice = random.Random(20261121)
    step = span / count
    with path.open("wb", buffering=1 << 20) as file:
        for number in range(count):
            file.write(make_line(dice, number, begin + number * step, service))
    return path.stat().st_size


def make_line(dice: random.Random, number: int, moment: datetime, service: str = "svc") -> bytes:
    """One event as a line, its line break included; `number` is its `seq`."""
    level = dice.choice(_LEVELS)
    words = dice.choices(_WORDS, k=9)
    if level == "ERROR":
        words = _fault(dice)
    content = {
        "timestamp": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{moment.microsecond // 1000:03d}Z",
        "level": level,
        "logger": f"com.acme.{dice.choice(_WORDS)}",
        "message": " ".join(words),
        "service": f"{service}-{dice.randrange(12)}",
        "trace_id": f"{dice.getrandbits(128):032x}",
        "user_id": f"u{dice.randrange(5000)}",
        "duration_ms": dice.randrange(20_000) / 10,
        "seq": number,
        "region": "eu-1",
    }
    return orjson.dumps(content) + b"\n"


def _fault(dice: random.Random) -> list[str]:
    words = random.Random(dice.randrange(_FAULTS)).choices(_WORDS, k=7)
    return [*words, "after", str(dice.randrange(1000))]


def write_text(path: Path, count: int, *, begin: datetime, span: timedelta) -> int:
    """Writes entries as Logback does, every tenth with a trace of 8 to 20 lines.

    The number of each is the last word of its first line.

    Returns:
        The file's size in bytes.
    """
    dice = random.Random(20261121)
    step = span / count
    with path.open("wb", buffering=1 << 20) as file:
        for number in range(count):
            file.write(make_entry(dice, number, begin + number * step))
    return path.stat().st_size


def make_entry(dice: random.Random, number: int, moment: datetime) -> bytes:
    """One entry as text, of one or several lines."""
    stamp = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"
    words = " ".join(dice.choices(_WORDS, k=9))
    level = "ERROR" if number % 10 == 0 else dice.choice(_LEVELS)
    lines = [f"{stamp} {level} com.acme.{dice.choice(_WORDS)} - {words} {number}"]
    if number % 10 == 0:
        lines.append(f"java.io.IOException: {dice.choice(_WORDS)} cannot be loaded")
        frames = dice.randrange(5, 18)
        lines += [f"\tat com.acme.shop.Cart.step{n}(Cart.java:{n})" for n in range(frames)]
        lines += ["Caused by: java.lang.IllegalStateException: no stock", "\t... 12 more"]
    return "".join(f"{line}\n" for line in lines).encode()
