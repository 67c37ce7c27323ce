"""Realistic events with sequence ids, as JSON lines of about 290 bytes."""

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


def write_events(path: Path, count: int, *, begin: datetime, span: timedelta) -> int:
    """Writes events of 12 services, evenly spread over a span of time.

    Returns:
        The file's size in bytes.
    """
    dice = random.Random(20261121)
    step = span / count
    with path.open("wb", buffering=1 << 20) as file:
        for number in range(count):
            file.write(orjson.dumps(_event(dice, number, begin + number * step)) + b"\n")
    return path.stat().st_size


def _event(dice: random.Random, number: int, moment: datetime) -> dict[str, object]:
    return {
        "timestamp": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{moment.microsecond // 1000:03d}Z",
        "level": dice.choice(_LEVELS),
        "logger": f"com.acme.{dice.choice(_WORDS)}",
        "message": " ".join(dice.choices(_WORDS, k=9)),
        "service": f"svc-{dice.randrange(12)}",
        "trace_id": f"{dice.getrandbits(128):032x}",
        "user_id": f"u{dice.randrange(5000)}",
        "duration_ms": dice.randrange(20_000) / 10,
        "seq": number,
        "region": "eu-1",
    }
