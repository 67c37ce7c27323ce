"""Documents for the tests of the embedded store."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from logboom.event import event_id, source_run
from logboom.store import Document

DAY = date(2026, 3, 14)
RUN = source_run("sample", 0)


def document(offset: int, *, day: date = DAY, **fields: Any) -> Document:
    """An event as the shipper normalises it; a thousand of them a second."""
    seconds, milliseconds = divmod(offset % 86_400_000, 1000)
    time = f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}Z"
    identity = event_id(RUN, offset)
    event = {
        "@timestamp": time,
        "message": f"event number {offset}",
        "log": {"source": RUN, "offset": offset, "level": "info"},
        "service": {"name": "cart" if offset % 2 else "checkout"},
        "event": {"id": identity, "created": time},
    }
    return Document.of(identity, day, event | fields)


def documents(count: int, *, first: int = 0, days: int = 1, noise: bool = False) -> list[Document]:
    """Events over some days in turn; with `noise`, they hardly compress."""
    dice = random.Random(first)
    return [
        document(
            number,
            day=DAY + timedelta(days=number % days),
            **({"trace": {"id": f"{dice.getrandbits(1024):0256x}"}} if noise else {}),
        )
        for number in range(first, first + count)
    ]
