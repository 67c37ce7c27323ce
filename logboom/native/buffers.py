"""How do buffers go to the compiled part, and what is made of those that come back?"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Literal

_new_bytes = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_char_p, ctypes.c_ssize_t)(
    ("PyBytes_FromStringAndSize", ctypes.pythonapi)
)


class Bytes(ctypes.Structure):
    """Bytes as the compiled part is given them."""

    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))

    @classmethod
    def of(cls, data: bytes) -> Bytes:
        """These; they must be there for as long as the call takes."""
        return cls(data, len(data))


def check(used: int) -> None:
    """Looks at what a call has answered.

    Raises:
        RuntimeError: It failed: a bug.
    """
    if used < 0:
        raise RuntimeError(f"the compiled part failed: {used}")


def split_text(buffer: bytearray, used: int) -> list[str]:
    """The lines of a buffer, each of which ends with a line break."""
    return str(memoryview(buffer)[:used], "utf-8").split("\n")[:-1]


def with_state(states: bytearray, *wanted: int) -> list[int]:
    """The numbers that have one of the states."""
    if not any(state in states for state in wanted):
        return []
    return [number for number, state in enumerate(states) if state in wanted]


def ends_of(texts: Sequence[bytes]) -> array[int]:
    """One past the last byte of each, when they are joined."""
    return array("I", accumulate(map(len, texts)))


def numbers(kind: Literal["I", "Q", "q"], count: int) -> array[int]:
    """So many zeros, to be written over."""
    return array(kind, bytes(array(kind).itemsize * count))


def pieces(text: bytes, ends: array[int]) -> list[bytes]:
    """The parts of a text, given where each of them ends."""
    return [text[begin:end] for begin, end in pairwise((0, *ends))]


def unwritten(size: int) -> bytes:
    """Bytes of which nobody knows yet, to be written by the compiled part before they are read.

    Source: PyBytes_FromStringAndSize of Python's C interface; only of two bytes and more is each its own.
    """
    made: bytes = _new_bytes(None, max(size, 2))
    return made


def address(buffer: bytearray) -> int:
    """Where a buffer begins; it must not grow as long as that is used."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
