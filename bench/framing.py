"""What does it cost to cut bytes into events?

`python -m bench.framing`: µs of CPU per event, for buffers as the shipper reads them, of JSON lines, of
text with stack traces of 8 to 20 lines, and of the same from a container's runtime.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime, timedelta

import orjson

from bench.events import make_entry, make_line
from logboom.config import FileInput, MultilineSection
from shipper.framing import make_framing

EVENTS = 40_000
ROUNDS = 5
PIECE_BYTES = 512 * 1024
BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
SEED = MultilineSection(pattern=r"^\d{4}-\d{2}-\d{2}", negate=True)


def main() -> None:
    """Measures and prints."""
    dice = random.Random(20261121)
    json = b"".join(
        make_line(dice, number, BEGIN + timedelta(milliseconds=number)) for number in range(EVENTS)
    )
    text = b"".join(
        make_entry(dice, number, BEGIN + timedelta(milliseconds=number)) for number in range(EVENTS)
    )
    inputs = {
        "JSON lines": (json, FileInput(path=["x"])),
        "text with traces": (text, FileInput(path=["x"])),
        "text with traces, a pattern": (text, FileInput(path=["x"], multiline=SEED)),
        "text without multiline": (text, FileInput(path=["x"], multiline="none")),
        "JSON lines, docker": (docker(json), FileInput(path=["x"])),
        "text with traces, docker": (docker(text), FileInput(path=["x"])),
        "text with traces, cri": (cri(text), FileInput(path=["x"])),
    }
    for name, (data, section) in inputs.items():
        took_s, events = min(cut_all(data, section) for _ in range(ROUNDS))
        sys.stdout.write(f"{name:30} {events:7} events {took_s / events * 1e6:6.2f} µs/event\n")


def docker(data: bytes) -> bytes:
    """The same as Docker's json-file driver writes it."""
    time = "2026-11-21T06:24:28.123456789Z"
    lines = data.decode().splitlines(keepends=True)
    return b"".join(
        orjson.dumps({"log": line, "stream": "stdout", "time": time}) + b"\n" for line in lines
    )


def cri(data: bytes) -> bytes:
    """The same as other container runtimes write it."""
    head = b"2026-11-21T06:24:28.123456789Z stdout F "
    return b"".join(head + line for line in data.splitlines(keepends=True))


def cut_all(data: bytes, section: FileInput) -> tuple[float, int]:
    """CPU seconds to cut it, piece by piece, and how many events it had."""
    framing = make_framing(section, max_event_bytes=900_000)
    events, pending = 0, b""
    begun = time.process_time()
    for place in range(0, len(data), PIECE_BYTES):
        buffer = pending + data[place : place + PIECE_BYTES]
        frames = framing.cut(buffer, ended=False)
        pending = buffer[frames.consumed :]
        events += len(frames.texts)
    events += len(framing.cut(pending, ended=True).texts)
    return time.process_time() - begun, events


if __name__ == "__main__":
    main()
