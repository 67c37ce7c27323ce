"""What do a shipper and its workers say to each other?

Each pair of processes has a socket of its own that nobody else can open, so objects are pickled. Bytes
that were read go behind the object, as they are.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from logboom.config import Config, FileInput, StdinInput
from shipper.batches import Segment
from shipper.events.preceding import Preceding

_HEAD = struct.Struct("!II")
_BUFFERED_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Begin:
    """The first word to a worker.

    Attributes:
        number: Which of the workers it is, from 1.
        producer: Name under which the shipper's batches are numbered.
        log_path: The file of its own log; None is standard error.
    """

    number: int
    config: Config
    producer: str
    log_path: Path | None


@dataclass(frozen=True, slots=True)
class Open:
    """A source, or a new epoch of one, of which bytes follow.

    Attributes:
        path: As events name it.
        preceding: What stands before the place where a file is read on.
    """

    source: str
    epoch: int
    section: FileInput | StdinInput
    path: str
    run: str
    preceding: Preceding


@dataclass(frozen=True, slots=True)
class Make:
    """Events are to be made of the bytes behind this.

    Attributes:
        offset: Where the bytes begin in the source.
        ended: Nothing more is to be waited for.
    """

    source: str
    offset: int
    read_ns: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Made:
    """What came of the oldest `Make` that was not answered. The worker keeps the messages.

    Attributes:
        segment: None when nothing was certain yet.
        consumed: Bytes that it accounts for.
        size_bytes: Of the messages.
        redacted: Events in which a rule found a secret since the last answer, by its name.
        faults: Texts that met a fault of logboom's own since then, by its kind.
    """

    segment: Segment | None
    consumed: int
    size_bytes: int
    redacted: Mapping[str, int]
    faults: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Publish:
    """The oldest segments are a batch, and planned.

    Attributes:
        sequence: Its number.
        segments: How many they are.
    """

    sequence: int
    segments: int


@dataclass(frozen=True, slots=True)
class Published:
    """A batch is durable downstream.

    Attributes:
        segments: As they are to be settled; None when nothing of them is dead.
    """

    sequence: int
    segments: Sequence[Segment] | None


@dataclass(frozen=True, slots=True)
class Waits:
    """What a worker waits for, in words for people; None when it goes on."""

    sentence: str | None


@dataclass(frozen=True, slots=True)
class Forget:
    """A source is not read any more."""

    source: str


Frame = Begin | Open | Make | Made | Publish | Published | Waits | Forget


class Channel:
    """One end of the way between a shipper and a worker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """Takes over one end of a pair of sockets."""
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=_BUFFERED_BYTES)
        return cls(reader, writer)

    def send(self, frame: Frame, body: bytes = b"") -> None:
        """Sends without waiting: how much may be under way is up to the caller.

        When the other process is gone, which `receive` tells, nothing is sent.
        """
        if self._writer.is_closing():
            return
        head = pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL)
        self._writer.write(_HEAD.pack(len(head), len(body)) + head)
        if body:
            self._writer.write(body)

    async def receive(self) -> tuple[Frame, bytes] | None:
        """The next word; None when the other process is gone."""
        try:
            size, body_size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            frame: Frame = pickle.loads(await self._reader.readexactly(size))  # noqa: S301 - our own process
            return frame, await self._reader.readexactly(body_size) if body_size else b""
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        """Nothing more is said."""
        self._writer.close()
