"""Which functions has the compiled part, and is it there?"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Literal

_INTERFACE = 5
_PATH = Path(__file__).with_name("liblogboom_native.so")
_TIME_BYTES = 24
_GROWTH = 1024  # what an event may have more than its line, next to its template's texts


class _Bytes(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))

    @classmethod
    def of(cls, data: bytes) -> _Bytes:
        return cls(data, len(data))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a buffer.

    Attributes:
        text: The buffer.
        starts: First byte of each line in the buffer.
        ends: One past its last byte; line breaks may be included.
        places: Where their events begin in the source, counted from `offset` of `Library.splice`.
        left: One byte for each line; other than 0 for lines to be left alone.
    """

    text: bytes
    starts: array[int]
    ends: array[int]
    places: array[int]
    left: bytearray


@dataclass(frozen=True, slots=True)
class Events:
    """What became of lines, by their numbers.

    Attributes:
        values: Each event as JSON; None where none was made.
        timestamps: Of the same events; without meaning where none was made.
        suspects: Those of which the line may hold a secret.
    """

    values: list[bytes | None]
    timestamps: list[str]
    suspects: set[int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of messages, by their numbers.

    Attributes:
        values: Each event with its index time; None for messages that are left to Python.
        ids: Of the same events; without meaning where there is none.
        day: On which all of them happened and were read, as ``YYYY-MM-DD``.
        errors: How many of them are errors, by their level.
    """

    values: list[bytes | None]
    ids: list[str]
    day: str
    errors: int


@dataclass(frozen=True, slots=True)
class Entries:
    """What became of stored events, by their numbers.

    Attributes:
        texts: What the index is given for each, all but the last members; None for events that are
            left to Python.
        ids: Of the same events, each made of `log.source` and `log.offset`.
        offsets: `log.offset` of the same events.
        attributes: The names of their attributes, mixed into a number; 0 without attributes.
    """

    texts: list[str | None]
    ids: list[str]
    offsets: array[int]
    attributes: array[int]


class Library:
    """The compiled part.

    Args:
        library: As it was loaded.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._splice = library.logboom_splice
        self._splice.restype = ctypes.c_int64
        self._splice.argtypes = (
            _Bytes, _Bytes, _Bytes, _Bytes, _Bytes, ctypes.c_uint64, ctypes.c_size_t,
            *(ctypes.c_void_p,) * 6, ctypes.c_size_t,
        )  # fmt: skip

        self._prepare = library.logboom_prepare
        self._prepare.restype = ctypes.c_int64
        self._prepare.argtypes = (
            _Bytes, _Bytes, ctypes.c_size_t, *(ctypes.c_void_p,) * 6, ctypes.c_size_t,
        )  # fmt: skip
        self._entries = library.logboom_entries
        self._entries.restype = ctypes.c_int64
        self._entries.argtypes = (
            _Bytes, ctypes.c_int64, ctypes.c_size_t, *(ctypes.c_void_p,) * 7, ctypes.c_size_t,
        )  # fmt: skip

    def splice(
        self, lines: Lines, program: bytes, automaton: bytes, *, run: str, created: str, offset: int
    ) -> Events:
        """Makes events of the lines that have a known shape.

        Args:
            lines: In UTF-8.
            program: The shapes, as `native/src/program.rs` says.
            automaton: Looks for hints of secrets, as `native/src/automaton.rs` says.
            run: `log.source`.
            created: When the lines were read.
            offset: Where `places` are counted from.

        Raises:
            RuntimeError: Program or automaton are malformed: a bug.
        """
        count = len(lines.starts)
        if not count:
            return Events([], [], set())
        states = bytearray(lines.left)
        ends = _numbers("I", count)
        times = bytearray(_TIME_BYTES * count)
        out = bytearray(2 * len(lines.text) + _GROWTH * count)
        used = self._splice(
            _Bytes.of(lines.text), _Bytes.of(program), _Bytes.of(automaton),
            _Bytes.of(run.encode()), _Bytes.of(created.encode()), offset, count,
            lines.starts.buffer_info()[0], lines.ends.buffer_info()[0],
            lines.places.buffer_info()[0],
            _address(states), ends.buffer_info()[0], _address(times), _address(out), len(out),
        )  # fmt: skip
        _check(used)
        return _events(states, ends, times.decode("latin-1"), out)

    def prepare(self, messages: Sequence[bytes], ingested: str) -> Prepared:
        """Sets the index time into usual events, and marks those that are errors by their level.

        Args:
            messages: Events as the shipper lays them out, and whatever else.
            ingested: The index time.
        """
        count = len(messages)
        if not count:
            return Prepared([], [], "", 0)
        text, message_ends = b"".join(messages), _ends(messages)
        states, ends, ids = bytearray(count), _numbers("I", count), _numbers("I", count)
        day, out = bytearray(10), bytearray(len(text) + _ADDED * count)
        used = self._prepare(
            _Bytes.of(text), _Bytes.of(ingested.encode()), count,
            message_ends.buffer_info()[0], _address(states), ends.buffer_info()[0],
            ids.buffer_info()[0], _address(day), _address(out), len(out),
        )  # fmt: skip
        _check(used)
        view = memoryview(out)
        return Prepared(
            [
                bytes(view[begin:end]) if state else None
                for begin, end, state in zip([0, *ends], ends, states, strict=False)
            ],
            [str(view[at : at + _ID_BYTES], "latin-1") for at in ids],
            day.decode("latin-1"),
            states.count(_ERROR),
        )

    def entries(self, events: Sequence[bytes], day_start_us: int) -> Entries:
        """Makes index entries of usual events of one day.

        Args:
            events: As they are stored.
            day_start_us: Where the day begins, in µs since the epoch.
        """
        count = len(events)
        if not count:
            return Entries([], [], array("Q"), array("Q"))
        text, event_ends = b"".join(events), _ends(events)
        states, ends, ids = bytearray(count), _numbers("I", count), bytearray(_ID_BYTES * count)
        offsets, attributes = _numbers("Q", count), _numbers("Q", count)
        out = bytearray(len(text) + _ENTRY_ADDED * count)
        used = self._entries(
            _Bytes.of(text), day_start_us, count, event_ends.buffer_info()[0],
            _address(states), ends.buffer_info()[0], offsets.buffer_info()[0],
            attributes.buffer_info()[0], _address(ids), _address(out), len(out),
        )  # fmt: skip
        _check(used)
        view, names = memoryview(out), ids.decode("latin-1")
        return Entries(
            [
                str(view[begin:end], "utf-8") if state else None
                for begin, end, state in zip([0, *ends], ends, states, strict=False)
            ],
            [names[at : at + _ID_BYTES] for at in range(0, len(names), _ID_BYTES)],
            offsets,
            attributes,
        )


_ID_BYTES = 22
_ADDED = 128  # what the index time and the mark of an error add to an event
_ERROR = 2
_ENTRY_ADDED = 512  # what an entry may have more than its event


def _ends(texts: Sequence[bytes]) -> array[int]:
    """One past the last byte of each, when they are joined."""
    return array("I", accumulate(map(len, texts)))


def _numbers(kind: Literal["I", "Q"], count: int) -> array[int]:
    return array(kind, bytes(array(kind).itemsize * count))


def _check(used: int) -> None:
    if used < 0:
        raise RuntimeError(f"the compiled part failed: {used}")


def _address(buffer: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


_SUSPECT = 2
_EVENT = (1, _SUSPECT)


def _events(states: bytearray, ends: array[int], times: str, out: bytearray) -> Events:
    begins = [0, *ends[:-1]]
    view = memoryview(out)
    values: list[bytes | None] = [
        bytes(view[begin:end]) for begin, end in zip(begins, ends, strict=True)
    ]
    timestamps = [times[at : at + _TIME_BYTES] for at in range(0, len(times), _TIME_BYTES)]
    suspects = set()
    if states.count(1) < len(states):
        values = [v if s in _EVENT else None for v, s in zip(values, states, strict=True)]
        suspects = {number for number, state in enumerate(states) if state == _SUSPECT}
    return Events(values, timestamps, suspects)


@lru_cache(maxsize=1)
def native_library() -> Library | None:
    """The compiled part; None where it was not built, or is of another version."""
    try:
        library = ctypes.CDLL(str(_PATH))
        if library.logboom_interface() != _INTERFACE:
            return None
    except (OSError, AttributeError):
        return None
    return Library(library)
