"""How do JSON events become ours without being taken apart?

An application writes the same few sets of fields over and over. For each such *shape* (the names of
an object's fields, in their order) it is worked out once where each value goes. From then on an event
of that shape is recognised by a pattern, and made by setting its values, just as they are written,
into a template. Whatever is unusual about an event is left to the normaliser; both make the same
event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from itertools import groupby, repeat
from typing import Any, Final

import msgspec
import orjson

from logboom.event import event_ids
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.levels import level_of
from shipper.bounds import MAX_KEY, is_storable
from shipper.normalise import (
    JSON_OPTIONS,
    NESTED_OBJECTS,
    SMALL_TEXT,
    SourceContext,
    laid_out,
    split_static,
)
from shipper.placing import TARGETS, duration_ns, is_address, put, timestamp_text
from shipper.spellings import DURATION_NS

Fit = Callable[[str], str | None]
"""A value as JSON → what stands in the event for it, also as JSON; None when it is unusual."""

_LEARN_AFTER = 16
"""Events of a shape that are normalised before it is learnt: working it out takes as long as many."""

_MOST_SHAPES = 32
_MOST_NAMES = 1000
_MOST_FIELDS = 64
_MOST_REMEMBERED = 1024

_CHARACTERS = r'[^"\\\x00-\x1f]*+'
_STRING = rf'"{_CHARACTERS}(?:\\["\\/bfnrt]{_CHARACTERS})*+"'
_TEXT = rf'(?!""){_STRING}'
_ONE_LINE = rf'"{_CHARACTERS}(?:\\["\\/bfrt]{_CHARACTERS})*+"'
_WHOLE_NUMBER = r"(?:0|[1-9]\d{0,17}+)"
_NUMBER = rf"-?{_WHOLE_NUMBER}(?:\.\d{{1,20}}+)?+"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_NAME = r'"[^"\\\x00-\x1f]{1,256}+"'


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the template.

    Attributes:
        number: Of the value that goes there: the object's own ones, then offset, id, read time.
        pattern: What usual values look like.
        fit: What becomes of the value; None when it stays as it is.
    """

    number: int
    pattern: str = ""
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What becomes of all objects with the same names in the same order.

    Attributes:
        match: Matches such an object whose values are usual ones, each of them a group.
        fits: Which values change, and how.
        pieces: The event as JSON: texts, and between them numbers of values.
        time: Which value is the event time.
    """

    match: Callable[[str], re.Match[str] | None]
    fits: tuple[tuple[int, Fit], ...]
    pieces: tuple[str | int, ...]
    time: int


@dataclass(frozen=True, slots=True)
class Spliced:
    """Events of a buffer, by the numbers of their texts.

    Attributes:
        values: Each as JSON; None for those that the normaliser has to look at: they are no
            objects, or unusual in any way.
        timestamps: Of the same events.
    """

    values: list[bytes | None]
    timestamps: list[str]


class Splicer:
    """Makes events of one source's run out of JSON objects.

    Args:
        context: What all of them share.
    """

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._known_static, self._own_static = split_static(context.fields)
        self._decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._shapes: list[Shape] = []

    def splice(
        self, texts: Sequence[str], offsets: Sequence[int], *, but: Collection[int], read_text: str
    ) -> Spliced:
        """Makes the events of a buffer, as many as can be.

        Args:
            texts: Whole texts of events.
            offsets: The first byte of each in the source.
            but: Numbers of texts to leave alone: with secrets, or remarkable in another way.
            read_text: When they were read, as ISO 8601 in UTC.
        """
        spliced = Spliced([None] * len(texts), [""] * len(texts))
        rest = [
            number
            for number, text in enumerate(texts)
            if text[:1] == "{" and len(text) < SMALL_TEXT and number not in but
        ]
        for shape in tuple(self._shapes):
            if not rest:
                break
            matches = list(map(shape.match, [texts[number] for number in rest]))
            found = [n for n, match in zip(rest, matches, strict=True) if match is not None]
            if found:
                self._shapes.sort(key=lambda other: other is not shape)  # the last used in front
                rows = [match.groups() for match in matches if match is not None]
                places = [offsets[number] for number in found]
                self._fill(spliced, shape, found, (rows, places, read_text))
                rest = [n for n, match in zip(rest, matches, strict=True) if match is None]
        for number in rest:
            self._see(texts[number])
        return spliced

    def _fill(
        self, spliced: Spliced, shape: Shape, numbers: list[int],
        given: tuple[list[tuple[Any, ...]], list[int], str],
    ) -> None:  # fmt: skip
        """Makes the events of one shape: column by column, since that takes half as long."""
        rows, offsets, read_text = given
        columns: list[Iterable[str]] = list(zip(*rows, strict=True))
        unusual: set[int] = set()
        for number, fit in shape.fits:
            fitted = list(map(fit, columns[number]))
            unusual.update(row for row, value in enumerate(fitted) if value is None)
            columns[number] = [value or "" for value in fitted]
        ids = event_ids(self._context.run, offsets)
        timestamps = [value[1:-1] for value in columns[shape.time]]
        columns += (map(str, offsets), ids, repeat(read_text))
        pieces = (repeat(p) if isinstance(p, str) else columns[p] for p in shape.pieces)
        made = map("".join, zip(*pieces, strict=False))
        for row, (number, value, timestamp) in enumerate(
            zip(numbers, made, timestamps, strict=True)
        ):
            if row not in unusual:
                spliced.values[number] = value.encode()
                spliced.timestamps[number] = timestamp

    def _see(self, text: str) -> None:
        """Counts the shapes that come, and learns those that come often."""
        try:
            names = tuple(self._decode(text))
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return
        if len(self._seen) >= _MOST_NAMES:
            self._seen.clear()  # objects with ever new names: those that come often come again
        self._seen[names] += 1
        if self._seen[names] == _LEARN_AFTER:
            shape = self._shape(names)
            if shape is not None:
                self._shapes = [shape, *self._shapes[: _MOST_SHAPES - 1]]

    def _shape(self, names: tuple[str, ...]) -> Shape | None:
        """Works out what becomes of a shape; None when that depends on more than its names."""
        if len(names) > _MOST_FIELDS or not is_storable(self._own_static):
            return None
        placed: dict[str, Slot] = {}
        own: dict[str, Slot] = {}
        for number, name in enumerate(names):
            if not name or len(name) > MAX_KEY or name.startswith("attributes"):
                return None
            target = TARGETS.get(name)
            field = "event.duration" if target in DURATION_NS else target
            if target is None or field is None or (field in placed and field not in _ADDRESSES):
                is_scalar = name in NESTED_OBJECTS
                own[name] = Slot(number, _SCALAR) if is_scalar else Slot(number, _OWN, _canonical)
                continue
            slot = _slot_of(target, number, self._context.zone)
            if slot is None or not placed.keys().isdisjoint(_ADDRESSES & {field}):
                return None
            placed[field] = slot
        if "@timestamp" not in placed or "message" not in placed:
            return None
        return self._compose(names, placed, own)

    def _compose(
        self, names: tuple[str, ...], placed: dict[str, Slot], own: dict[str, Slot]
    ) -> Shape:
        slots = sorted((*placed.values(), *own.values()), key=lambda slot: slot.number)
        members = [
            f"{re.escape(orjson.dumps(name).decode())} ?: ?({slot.pattern})"
            for name, slot in zip(names, slots, strict=True)
        ]
        return Shape(
            match=_matcher(rf"\{{ ?{' ?, ?'.join(members)} ?\}}"),
            fits=tuple((slot.number, slot.fit) for slot in slots if slot.fit is not None),
            pieces=tuple(_joined(_written(self._laid_out(placed, own, len(names))))),
            time=placed["@timestamp"].number,
        )

    def _laid_out(
        self, placed: dict[str, Slot], own: dict[str, Slot], count: int
    ) -> dict[str, Any]:
        """The event: what the object gives, and what the source adds."""
        context = self._context
        event: dict[str, Any] = {}
        for field, slot in placed.items():
            put(event, tuple(field.split(".")), slot)
        for field, value in self._known_static.items():
            put(event, tuple(field.split(".")), value)
        event["attributes"] = {**self._own_static, **own}
        return laid_out(
            context, event, timestamp=event.pop("@timestamp"), offset=Slot(count),
            name=_Quoted(count + 1), created=_Quoted(count + 2),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A place for a value that is no JSON yet."""

    number: int


def _written(node: object) -> Iterator[str | int]:
    """An event's part as JSON: texts, and between them the numbers of its values."""
    if isinstance(node, Slot):
        yield node.number
    elif isinstance(node, _Quoted):
        yield from ('"', node.number, '"')
    elif isinstance(node, dict):
        before = "{"
        for name, part in node.items():
            yield f"{before}{_literal(name)}:"
            yield from _written(part)
            before = ","
        yield "}" if node else "{}"
    else:
        yield _literal(node)


def _joined(pieces: Iterable[str | int]) -> Iterator[str | int]:
    """The same with texts that follow one another made one."""
    for is_text, run in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if is_text:
            yield "".join(map(str, run))
        else:
            yield from run


def _literal(value: object) -> str:
    return orjson.dumps(value, option=JSON_OPTIONS).decode()


def _value(depth: int) -> str:
    """Any value of an application's own that needs no bounds: scalars, and objects of such."""
    if depth == 0:
        return _SCALAR
    member = rf"{_NAME} ?: ?{_value(depth - 1)}"
    return rf"(?:{_SCALAR}|\{{ ?(?:{member} ?(?:, ?(?!\}})|(?=\}})))*+\}})"


_OWN: Final = _value(2)


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Many sources have the same shapes, and to compile one takes as long as many events."""
    return re.compile(pattern).fullmatch


def _canonical(value: str) -> str:
    """Of names that an object has twice, the last one counts."""
    return value if value[0] != "{" else orjson.dumps(orjson.loads(value)).decode()


def _slot_of(target: str, number: int, zone: tzinfo) -> Slot | None:
    """Where a field's usual values go; None for fields that depend on more."""
    if target in DURATION_NS:
        factor = DURATION_NS[target]
        return Slot(number, _NUMBER, lambda value: _duration(value, factor))
    special: dict[str, Slot | None] = {
        "@timestamp": Slot(number, f"{_STRING}|{_NUMBER}", _Times(zone)),
        "message": Slot(number, _ONE_LINE),  # several lines may hold a stack trace
        "log.level": Slot(number, f"{_STRING}|{_WHOLE_NUMBER}", _Levels()),
        "client.ip": Slot(number, _STRING, _address),
        "client.address": None,
        "tags": None,
        **dict.fromkeys(_OURS),
    }
    if target in special:
        return special[target]
    kind = EVENT_FIELDS[target]
    if kind is FieldType.LONG:
        return Slot(number, _WHOLE_NUMBER)
    return Slot(number, _TEXT) if kind in (FieldType.KEYWORD, FieldType.TEXT) else None


_OURS = (
    "event.id", "event.created", "event.ingested", "log.source", "log.offset", "log.file.path",
)  # fmt: skip
"""What no application decides on."""


_ADDRESSES: Final = frozenset({"client.ip"})
"""Fields of which the place of a second value depends on the value."""


class _Levels:
    """Levels, remembered by their spelling."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def __call__(self, value: str) -> str | None:
        try:
            return self._known[value]
        except KeyError:
            level = level_of(orjson.loads(value))
            fitted = None if level is None else f'"{level}"'
            if len(self._known) < _MOST_REMEMBERED:
                self._known[value] = fitted
            return fitted


class _Times:
    """Times that name their year, and numbers: what the read time does not decide on."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._second = ""

    def __call__(self, value: str) -> str | None:
        if value[1:20] == self._second and _MILLISECONDS(value, 20) is not None:
            return value
        if value[0] != '"':
            moment = timestamp_text(orjson.loads(value), self._zone, 0)
        elif value[1:5].isdigit() and value[5:6] in {"-", "/", "."}:
            moment = timestamp_text(value[1:-1], self._zone, 0)
        else:
            return None
        if moment is None:
            return None
        if moment == value[1:-1]:
            self._second = value[1:20]
        return f'"{moment}"'


_MILLISECONDS = re.compile(r'\.[0-9]{3}Z"').fullmatch


def _address(value: str) -> str | None:
    return value if is_address(value[1:-1]) else None


def _duration(value: str, factor: int) -> str | None:
    nanoseconds = duration_ns(int(value) if value.isdigit() else float(value), factor)
    return None if nanoseconds is None else str(nanoseconds)
