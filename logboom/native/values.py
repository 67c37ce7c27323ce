"""What does the compiled part answer the processor and the stores with?"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of messages, by their numbers.

    Attributes:
        values: Each event with its index time; empty for messages that are left to Python.
        ids: Of the same events.
        day: On which all of them happened and were read, as ``YYYY-MM-DD``.
        errors: The numbers of those that are errors, by their level, ascending.
        uncounted: The numbers of those that the tally does not have, ascending.
        tally: What is counted of the others, as `native/src/tally.rs` writes it.
    """

    values: list[bytes]
    ids: list[str]
    day: str
    errors: list[int]
    uncounted: list[int]
    tally: str


@dataclass(frozen=True, slots=True)
class Entries:
    """What became of stored events, by their numbers.

    Attributes:
        text: What the index is given for each, a line each; empty for events that are left to Python.
        ids: Of the same events, each made of `log.source` and `log.offset`.
        offsets: `log.offset` of the same events.
        attributes: The names of their attributes, mixed into a number; 0 without attributes.
        states: 0 for events that are left to Python; 2 for those which lie behind the one before
            them in the same run of a source; 1 for the others.
    """

    text: bytes
    ids: list[str]
    offsets: array[int]
    attributes: array[int]
    states: bytearray


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found in an answer of Elasticsearch's.

    Attributes:
        text: What is handed on of each document, with commas between: its event with its id in front,
            as `_id`. Nothing is known of what stands behind the last one.
        ends: Where that of each ends.
        places: Where the sort values of each begin and end in the answer, as JSON.
        rest: The answer without its documents.
    """

    text: bytes
    ends: array[int]
    places: Sequence[tuple[int, int]]
    rest: bytes


@dataclass(frozen=True, slots=True)
class Stretches:
    """Counts over time in an answer of Elasticsearch's.

    Attributes:
        starts: Where each stretch begins, as in the answer.
        counts: Of each stretch.
        by: The same of each value, by the value as JSON.
        rest: The answer without its stretches.
    """

    starts: array[int]
    counts: array[int]
    by: Mapping[bytes, array[int]]
    rest: bytes
