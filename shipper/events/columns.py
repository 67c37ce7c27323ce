"""How do rows of values become objects, column by column?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import orjson

from shipper.parsers.port import Row, Rows


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows that have the same values, none of them absent.

    Attributes:
        numbers: Of the rows.
        columns: Their values by name, in the order of the names.
    """

    numbers: Sequence[int]
    columns: Mapping[str, Sequence[str]]


def alike(kind: Rows, rows: Mapping[int, Row]) -> Iterator[Alike]:
    """Sorts rows by what they have.

    Args:
        kind: What the values are.
        rows: By their numbers.
    """
    waiting = [(tuple(rows), tuple(rows.values()))] if rows else []
    while waiting:
        numbers, values = waiting.pop()
        columns: dict[str, Sequence[str]] = {}
        for name, column in zip(kind.names, zip(*values, strict=True), strict=True):
            if kind.absent.isdisjoint(column):
                columns[name] = column
            elif not kind.absent.issuperset(column):
                waiting += _parted(numbers, values, [value in kind.absent for value in column])
                break
        else:
            yield Alike(numbers, columns)


def _parted(
    numbers: Sequence[int], values: Sequence[Row], lacking: Sequence[bool]
) -> Iterator[tuple[tuple[int, ...], tuple[Row, ...]]]:
    """Those that have a value, and those that lack it."""
    for those in (False, True):
        places = [place for place, lacks in enumerate(lacking) if lacks is those]
        yield tuple(numbers[place] for place in places), tuple(values[place] for place in places)


def written(
    columns: Mapping[str, Sequence[str]], conversions: Mapping[str, Callable[[str], Any]]
) -> list[bytes]:
    """An object for each row of some columns; nothing for what cannot be one.

    Args:
        columns: At least one.
        conversions: By the name of a column, what becomes of its values.
    """
    pieces: list[Iterable[bytes]] = []
    try:
        for name, column in columns.items():
            before = (b"," if pieces else b"{") + orjson.dumps(name) + b":"
            if name in conversions:
                values = list(map(orjson.dumps, map(conversions[name], column)))
            else:
                values = texts_as_json(column)
            pieces += (repeat(before), values)
    except TypeError:
        return [b""] * len(next(iter(columns.values())))
    return list(map(b"".join, zip(*pieces, repeat(b"}"), strict=False)))


def texts_as_json(column: Sequence[str]) -> list[bytes]:
    """Texts as JSON, all of them written at once.

    They are cut where a quote, a comma and a quote stand. A quote within a text has a backslash
    before it; where a cut has one, it may be a wrong one, and the texts are written one by one.

    Raises:
        TypeError: One of them is no Unicode.
    """
    whole = orjson.dumps(column)
    if b'\\","' in whole:
        return list(map(orjson.dumps, column))
    between = whole[2:-2].replace(b'","', b'"\n"')
    return (b'"' + between + b'"').split(b"\n")
