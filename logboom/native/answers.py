"""What has the compiled part for answers of searches?"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence

from logboom.native.buffers import Bytes, address, check, ends_of, numbers, unwritten
from logboom.native.values import Hits, Stretches

_PLACES = 3  # where the sort values of a document begin and end, and where its text does
_MALFORMED = -1
_NUMBER_BYTES = 8
_MOST_DIGITS = 20
_STRETCH_BYTES = 64  # of a stretch as JSON without its values: a time and a number


class Answers:
    """Reads answers of Elasticsearch's, and writes ours.

    Args:
        library: As it was loaded.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._hits = library.logboom_hits
        self._hits.restype = ctypes.c_int64
        self._hits.argtypes = (
            Bytes, Bytes, ctypes.c_size_t, *(ctypes.c_void_p,) * 2, ctypes.c_char_p,
            ctypes.c_size_t,
        )  # fmt: skip
        self._read = library.logboom_read_stretches
        self._read.restype = ctypes.c_int64
        self._read.argtypes = (Bytes, *(ctypes.c_size_t,) * 2, *(ctypes.c_void_p,) * 4)
        self._write = library.logboom_write_stretches
        self._write.restype = ctypes.c_int64
        self._write.argtypes = (
            Bytes, *(ctypes.c_size_t,) * 2, *(ctypes.c_void_p,) * 3, ctypes.c_char_p,
            ctypes.c_size_t,
        )  # fmt: skip

    def hits(self, answer: bytes, own: bytes, most: int) -> Hits | None:
        """Cuts the documents out of a usual answer of Elasticsearch's.

        Args:
            answer: To a search.
            own: The name of the object that is not handed on.
            most: So many documents at most.

        Returns:
            What was found; None when the answer is left to Python.
        """
        places, told = numbers("I", _PLACES * max(1, most)), numbers("I", 3)
        out = unwritten(len(answer) + most)
        used = self._hits(
            Bytes.of(answer), Bytes.of(own), most, places.buffer_info()[0],
            told.buffer_info()[0], out, len(out),
        )  # fmt: skip
        if used == _MALFORMED:
            return None
        check(used)
        count, begin, end = told
        del places[_PLACES * count :]
        sorts = list(zip(places[::3], places[1::3], strict=True))
        return Hits(out, places[2::3], sorts, _without(answer, begin, end))

    def read_stretches(self, answer: bytes, most: int) -> Stretches | None:
        """Reads counts over time, split by values or not, out of a usual answer of Elasticsearch's.

        Args:
            answer: To an aggregation named `found`, with one below it named `by`, or none.
            most: So many values at most.

        Returns:
            What was found; None when the answer is left to Python.
        """
        rows = max(1, answer.count(b'"by":{') or answer.count(b'"key":'))
        starts, values, told = numbers("q", rows), numbers("I", 2 * max(1, most)), numbers("I", 4)
        counts = bytearray(
            rows * (most + 1) * _NUMBER_BYTES
        )  # 16 MB for 20,000 stretches, 100 values
        used = self._read(
            Bytes.of(answer), rows, most, starts.buffer_info()[0], address(counts),
            values.buffer_info()[0], told.buffer_info()[0],
        )  # fmt: skip
        if used == _MALFORMED:
            return None
        check(used)
        found, known, begin, end = told
        columns = [_column(counts, rows, number, found) for number in range(known + 1)]
        names = [answer[values[at] : values[at + 1]] for at in range(0, 2 * known, 2)]
        return Stretches(
            starts[:found], columns[0], dict(zip(names, columns[1:], strict=True)),
            _without(answer, begin, end),
        )  # fmt: skip

    def write_stretches(
        self, starts_us: Sequence[int], counts: array[int], by: Sequence[tuple[bytes, array[int]]]
    ) -> bytes | None:
        """Writes counts over time as JSON.

        Args:
            starts_us: Where each stretch begins, µs since the epoch.
            counts: Of each; of type `Q`.
            by: Values, as JSON, with the same of each.

        Returns:
            A list of objects with `from`, `count` and `by`; None when that is left to Python.

        Raises:
            ValueError: They are not all of one length, or of another type.
        """
        rows, columns = len(counts), len(by)
        for column in (counts, *(column for _, column in by)):
            if column.typecode != "Q" or len(column) != rows or len(starts_us) != rows:
                raise ValueError("each stretch has a begin and a count in each column")
        if not rows:
            return b"[]"
        starts, names = array("q", starts_us), [name for name, _ in by]
        table = b"".join([counts.tobytes(), *(column.tobytes() for _, column in by)])
        ends = ends_of(names or [b""])
        each = _STRETCH_BYTES + _MOST_DIGITS + sum(len(name) + 2 + _MOST_DIGITS for name in names)
        out = unwritten(2 + rows * each)
        used = self._write(
            Bytes.of(b"".join(names)), rows, columns, starts.buffer_info()[0], table,
            ends.buffer_info()[0], out, len(out),
        )  # fmt: skip
        if used == _MALFORMED:
            return None
        check(used)
        return out[:used]


def _column(counts: bytearray, rows: int, number: int, length: int) -> array[int]:
    begin = number * rows * _NUMBER_BYTES
    column = array("Q")
    column.frombytes(memoryview(counts)[begin : begin + length * _NUMBER_BYTES])
    return column


def _without(answer: bytes, begin: int, end: int) -> bytes:
    """An answer with an empty list in place of the one that was read."""
    return b"".join((answer[:begin], b"[]", answer[end:]))
