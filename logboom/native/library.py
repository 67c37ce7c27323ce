"""Which functions has the compiled part, and is it there?"""

from __future__ import annotations

import ctypes
from array import array
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_INTERFACE = 2
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
        left: One byte for each line; other than 0 for lines to be left alone.
    """

    text: bytes
    starts: array[int]
    ends: array[int]
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
            offset: Where the buffer begins in its source.

        Raises:
            RuntimeError: Program or automaton are malformed: a bug.
        """
        count = len(lines.starts)
        if not count:
            return Events([], [], set())
        states = bytearray(lines.left)
        ends = array("I", bytes(4 * count))
        times = bytearray(_TIME_BYTES * count)
        out = bytearray(2 * len(lines.text) + _GROWTH * count)
        used = self._splice(
            _Bytes.of(lines.text), _Bytes.of(program), _Bytes.of(automaton),
            _Bytes.of(run.encode()), _Bytes.of(created.encode()), offset, count,
            lines.starts.buffer_info()[0], lines.ends.buffer_info()[0],
            _address(states), ends.buffer_info()[0], _address(times), _address(out), len(out),
        )  # fmt: skip
        if used < 0:
            raise RuntimeError(f"the compiled part failed: {used}")
        return _events(states, ends, times.decode("latin-1"), out)


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
