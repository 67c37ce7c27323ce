"""Which functions has the compiled part, and is it there?"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from logboom.native.answers import Answers
from logboom.native.buffers import (
    Bytes,
    address,
    check,
    ends_of,
    numbers,
    pieces,
    split_text,
    unwritten,
    with_state,
)
from logboom.native.values import Entries, Prepared

_INTERFACE = 14
_PATH = Path(__file__).with_name("liblogboom_native.so")
_TIME_BYTES = 24
MADE = 1
SUSPECT = 2
_GROWTH = 1024  # what an event may have more than its line, next to its template's texts


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
        text: Each event as JSON, one behind the other.
        ends: Where each event ends in the text; where the one before does, when none was made.
        states: Of each line: `MADE`, `SUSPECT` when an event was made and the line may hold a
            secret, and anything else when none was made.
        times: The time of each event, and a line break; without meaning where none was made.
    """

    text: bytes
    ends: array[int]
    states: bytearray
    times: bytearray

    @classmethod
    def none(cls, count: int) -> Events:
        """None was made of so many lines."""
        return cls(b"", numbers("I", count), bytearray(count), _no_times(count))

    @property
    def values(self) -> list[bytes | None]:
        """Each event; None where none was made."""
        text, begins = self.text, chain((0,), self.ends)
        return [
            text[begin:end] if state in _EVENT else None
            for begin, end, state in zip(begins, self.ends, self.states, strict=False)
        ]

    @property
    def timestamps(self) -> list[str]:
        """Of the same events; without meaning where none was made."""
        times = self.times.decode("latin-1")
        step = _TIME_BYTES + 1
        return [times[at : at + _TIME_BYTES] for at in range(0, len(times), step)]

    @property
    def suspects(self) -> set[int]:
        """Those of which the line may hold a secret."""
        if SUSPECT not in self.states:
            return set()
        return {number for number, state in enumerate(self.states) if state == SUSPECT}


class Library:
    """The compiled part.

    Args:
        library: As it was loaded.

    Attributes:
        answers: What it has for answers of searches.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._splice = library.logboom_splice
        self._splice.restype = ctypes.c_int64
        self._splice.argtypes = (
            Bytes, Bytes, Bytes, Bytes, Bytes, ctypes.c_uint64, ctypes.c_size_t,
            *(ctypes.c_void_p,) * 6, ctypes.c_char_p, ctypes.c_size_t,
        )  # fmt: skip
        self._suspects = library.logboom_suspects
        self._suspects.restype = ctypes.c_int64
        self._suspects.argtypes = (Bytes, Bytes, ctypes.c_size_t, *(ctypes.c_void_p,) * 3)
        self._prepare = library.logboom_prepare
        self._prepare.restype = ctypes.c_int64
        self._prepare.argtypes = (
            Bytes, Bytes, ctypes.c_size_t, *(ctypes.c_void_p,) * 2, ctypes.c_size_t,
            *(ctypes.c_void_p,) * 3, ctypes.c_size_t, *(ctypes.c_void_p,) * 2, ctypes.c_size_t,
            *(ctypes.c_void_p,) * 2, ctypes.c_char_p, ctypes.c_size_t,
        )  # fmt: skip
        self._entries = library.logboom_entries
        self._entries.restype = ctypes.c_int64
        self._entries.argtypes = (
            Bytes, ctypes.c_int64, ctypes.c_uint64, ctypes.c_size_t, *(ctypes.c_void_p,) * 5,
            ctypes.c_size_t, *(ctypes.c_void_p,) * 2, ctypes.c_size_t,
        )  # fmt: skip
        self._actions = library.logboom_actions
        self._actions.restype = ctypes.c_int64
        self._actions.argtypes = (
            *(Bytes,) * 5, ctypes.c_size_t, *(ctypes.c_void_p,) * 3, ctypes.c_char_p,
            ctypes.c_size_t,
        )  # fmt: skip
        self._records = library.logboom_records
        self._records.restype = ctypes.c_int64
        self._records.argtypes = (
            Bytes, Bytes, ctypes.c_size_t, ctypes.c_uint64, ctypes.c_size_t,
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
        )  # fmt: skip
        self.answers = Answers(library)

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
            return Events.none(0)
        states = bytearray(lines.left)
        ends = numbers("I", count)
        times = _no_times(count)
        out = unwritten(2 * len(lines.text) + _GROWTH * count)
        used = self._splice(
            Bytes.of(lines.text), Bytes.of(program), Bytes.of(automaton),
            Bytes.of(run.encode()), Bytes.of(created.encode()), offset, count,
            lines.starts.buffer_info()[0], lines.ends.buffer_info()[0],
            lines.places.buffer_info()[0],
            address(states), ends.buffer_info()[0], address(times), out, len(out),
        )  # fmt: skip
        check(used)
        return Events(out[:used], ends, states, times)

    def suspects(self, lines: Lines, automaton: bytes) -> bytearray:
        """Looks for hints of secrets.

        Args:
            lines: In UTF-8.
            automaton: As for `splice`.

        Returns:
            One byte for each line: other than 0 for those that may hold a secret.
        """
        count = len(lines.starts)
        states = bytearray(count)
        if count:
            check(
                self._suspects(
                    Bytes.of(lines.text), Bytes.of(automaton), count,
                    lines.starts.buffer_info()[0], lines.ends.buffer_info()[0], address(states),
                )
            )  # fmt: skip
        return states

    def prepare(
        self, messages: Sequence[bytes], ingested: str, duration_ends_ns: array[float]
    ) -> Prepared:
        """Sets the index time into usual events, marks those that are errors by their level, counts.

        Args:
            messages: Events as the shipper lays them out, and whatever else.
            ingested: The index time.
            duration_ends_ns: Ends of the buckets that durations are counted in, ascending.
        """
        count = len(messages)
        if not count:
            return Prepared([], [], "", [], [], "")
        text, message_ends, states = b"".join(messages), ends_of(messages), bytearray(count)
        day, ids, ids_used = bytearray(10), bytearray(_ID_ROOM * count), numbers("Q", 1)
        tally, tally_used = bytearray(_TALLY_ROOM), numbers("Q", 1)
        ends, out = numbers("I", count), unwritten(len(text) + _ADDED * count)
        used = self._prepare(
            Bytes.of(text), Bytes.of(ingested.encode()), count,
            message_ends.buffer_info()[0],
            duration_ends_ns.buffer_info()[0], len(duration_ends_ns),
            address(states), address(day),
            address(ids), len(ids), ids_used.buffer_info()[0],
            address(tally), len(tally), tally_used.buffer_info()[0], ends.buffer_info()[0],
            out, len(out),
        )  # fmt: skip
        check(used)
        return Prepared(
            pieces(out, ends),
            split_text(ids, ids_used[0]),
            day.decode("latin-1"),
            with_state(states, _ERROR, _ERROR | _COUNTED),
            with_state(states, 0, _CALM, _ERROR),
            str(memoryview(tally)[: tally_used[0]], "utf-8"),
        )

    def entries(self, events: Sequence[bytes], day_start_us: int, first: int) -> Entries:
        """Makes index entries of usual events of one day.

        Args:
            events: As they are stored.
            day_start_us: Where the day begins, in µs since the epoch.
            first: The number of the first one in the day's documents.
        """
        count = len(events)
        if not count:
            return Entries(b"", [], array("Q"), array("Q"), bytearray())
        text, event_ends, states = b"".join(events), ends_of(events), bytearray(count)
        offsets, attributes = numbers("Q", count), numbers("Q", count)
        ids, ids_used = bytearray(_ID_ROOM * count), numbers("Q", 1)
        out = bytearray(len(text) + _ENTRY_ADDED * count)
        used = self._entries(
            Bytes.of(text), day_start_us, first, count, event_ends.buffer_info()[0],
            address(states), offsets.buffer_info()[0], attributes.buffer_info()[0],
            address(ids), len(ids), ids_used.buffer_info()[0], address(out), len(out),
        )  # fmt: skip
        check(used)
        text = bytes(memoryview(out)[:used])
        return Entries(text, split_text(ids, ids_used[0]), offsets, attributes, states)

    def actions(
        self, sources: Sequence[bytes], ids: Sequence[str], front: bytes,
        words: tuple[bytes, bytes] | None,
    ) -> tuple[list[bytes], array[int]]:  # fmt: skip
        """Makes the lines of a bulk request for usual events.

        Args:
            sources: The events.
            ids: Of the documents; lines are made where it is the event's own.
            front: An action up to the id and its quote.
            words: What stands before and behind the words of a message; None to send none.

        Returns:
            The lines of each, empty where none were made; and what the attributes of each are called
            and of which kinds they are, in one number, 0 for events that have to be looked at.
        """
        count = len(sources)
        text, source_ends = b"".join(sources), ends_of(sources)
        ends, shapes = numbers("I", count), numbers("Q", count)
        before, behind = words or (b"", b"")
        added = len(front) + len(before) + len(behind) + _ACTION_ADDED
        out = unwritten((2 if words else 1) * len(text) + added * count)
        used = self._actions(
            Bytes.of(text), Bytes.of("\n".join(ids).encode(errors="replace")), Bytes.of(front),
            Bytes.of(before), Bytes.of(behind), count, source_ends.buffer_info()[0],
            ends.buffer_info()[0], shapes.buffer_info()[0], out, len(out),
        )  # fmt: skip
        check(used)
        return pieces(out, ends), shapes

    def records(
        self, text: bytes, begin: int, ends: array[int], key: bytes, first: int
    ) -> bytes:  # fmt: skip
        """Writes values of one key as records of a batch in Kafka.

        Args:
            text: The values, one behind the other.
            begin: Where the first one begins.
            ends: Where each ends.
            key: Theirs.
            first: The place of the first one in the batch.
        """
        count = len(ends)
        if not count:
            return b""
        out = unwritten(ends[-1] - begin + (len(key) + _RECORD_ADDED) * count)
        used = self._records(
            Bytes.of(text), Bytes.of(key), begin, first, count, ends.buffer_info()[0],
            out, len(out),
        )  # fmt: skip
        check(used)
        return out[:used]


_ID_ROOM = 23  # an id and a line break
_RECORD_ADDED = 32  # what a record may have more than its key and its value
_ADDED = 128  # what the index time and the mark of an error add to an event
_TALLY_ROOM = 1 << 16
_CALM, _ERROR, _COUNTED = 1, 2, 4
_ACTION_ADDED = 32  # an id, and the ends of the lines
_ENTRY_ADDED = 512  # what an entry may have more than its event


_EVENT = (MADE, SUSPECT)


def _no_times(count: int) -> bytearray:
    return bytearray(b"\n") * ((_TIME_BYTES + 1) * count)


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
