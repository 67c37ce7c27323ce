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
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from operator import itemgetter
from typing import Any

import msgspec
import orjson

from logboom.event import event_id
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.levels import level_of
from shipper.bounds import MAX_KEY, is_storable
from shipper.normalise import (
    JSON_OPTIONS,
    NESTED_OBJECTS,
    SMALL_TEXT,
    NormalisedEvent,
    SourceContext,
    split_static,
)
from shipper.placing import duration_ns, is_address, put, timestamp_text
from shipper.spellings import DURATION_NS, SPELLINGS

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
_DEEPEST = 3


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
        take: Brings the values into the order of the template.
        template: The event as JSON, with ``%s`` for each value.
        time: Which value is the event time.
    """

    match: Callable[[str], re.Match[str] | None]
    fits: tuple[tuple[int, Fit], ...]
    take: Callable[[list[Any]], tuple[Any, ...]]
    template: str
    time: int


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

    def splice(self, text: str, *, offset: int, read_text: str) -> NormalisedEvent | None:
        """Makes an event.

        Args:
            text: The whole text of the event: one line without secrets.
            offset: Its first byte in the source.
            read_text: When it was read, as ISO 8601 in UTC.

        Returns:
            None when the normaliser has to look at it: it is no object, or unusual in any way.
        """
        if len(text) >= SMALL_TEXT:
            return None
        for number, shape in enumerate(self._shapes):
            match = shape.match(text)
            if match is not None:
                if number:
                    self._shapes.insert(0, self._shapes.pop(number))
                return self._fill(shape, list(match.groups()), offset, read_text)
        self._see(text)
        return None

    def _fill(
        self, shape: Shape, values: list[Any], offset: int, read_text: str
    ) -> NormalisedEvent | None:
        for number, fit in shape.fits:
            fitted = fit(values[number])
            if fitted is None:
                return None
            values[number] = fitted
        values += (offset, event_id(self._context.run, offset), read_text)
        value = shape.template % shape.take(values)
        return NormalisedEvent(value.encode(), values[shape.time][1:-1])

    def _see(self, text: str) -> None:
        """Counts the shapes that come, and learns those that come often."""
        if len(self._seen) >= _MOST_NAMES or len(self._shapes) >= _MOST_SHAPES:
            return
        try:
            names = tuple(self._decode(text))
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return
        self._seen[names] += 1
        if self._seen[names] == _LEARN_AFTER:
            shape = self._shape(names)
            if shape is not None:
                self._shapes.append(shape)

    def _shape(self, names: tuple[str, ...]) -> Shape | None:
        """Works out what becomes of a shape; None when that depends on more than its names."""
        if len(names) > _MOST_FIELDS or not is_storable(self._own_static):
            return None
        placed: dict[str, Slot] = {}
        own: dict[str, Slot] = {}
        for number, name in enumerate(names):
            if not name or len(name) > MAX_KEY or name.startswith("attributes"):
                return None
            target = SPELLINGS.get(name, name if name in EVENT_FIELDS else None)
            field = "event.duration" if target in DURATION_NS else target
            if target is None or field is None or field in placed:
                own[name] = Slot(number, _SCALAR if name in NESTED_OBJECTS else _value(_DEEPEST))
                continue
            slot = _slot_of(target, number, self._context.zone)
            if slot is None:
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
        order: list[int] = []
        template = _written(self._laid_out(placed, own, len(names)), order)
        return Shape(
            match=re.compile(rf"\{{ ?{' ?, ?'.join(members)} ?\}}").fullmatch,
            fits=tuple((slot.number, slot.fit) for slot in slots if slot.fit is not None),
            take=itemgetter(*order),
            template=template,
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
        log, about = event.setdefault("log", {}), event.setdefault("event", {})
        log |= {"source": context.run, "offset": Slot(count)}
        if context.path != "-":
            log["file"] = {"path": context.path}
        put(event, ("service", "name"), context.service)
        put(event, ("host", "name"), context.host)
        about["id"], about["created"] = _Quoted(count + 1), _Quoted(count + 2)
        event["attributes"] = {**self._own_static, **own}
        return event


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A place for a value that is no JSON yet."""

    number: int


def _written(node: object, order: list[int]) -> str:
    """The template of an event's part; adds the numbers of its values in the order of the text."""
    if isinstance(node, Slot | _Quoted):
        order.append(node.number)
        return '"%s"' if isinstance(node, _Quoted) else "%s"
    if isinstance(node, dict):
        members = [f"{_literal(name)}:{_written(part, order)}" for name, part in node.items()]
        return f"{{{','.join(members)}}}"
    return _literal(node)


def _literal(value: object) -> str:
    return orjson.dumps(value, option=JSON_OPTIONS).decode().replace("%", "%%")


def _value(depth: int) -> str:
    """Any value of an application's own that needs no bounds: scalars, and objects of such."""
    if depth == 0:
        return _SCALAR
    member = rf"{_NAME} ?: ?{_value(depth - 1)}"
    return rf"(?:{_SCALAR}|\{{(?: ?{member}(?: ?, ?{member})*+)?+ ?\}})"


def _slot_of(target: str, number: int, zone: tzinfo) -> Slot | None:
    """Where a field's usual values go; None for fields that depend on more."""
    if target in DURATION_NS:
        factor = DURATION_NS[target]
        return Slot(number, _NUMBER, lambda value: _duration(value, factor))
    special: dict[str, Slot | None] = {
        "@timestamp": Slot(number, f"{_STRING}|{_NUMBER}", lambda value: _time(value, zone)),
        "message": Slot(number, _ONE_LINE),  # several lines may hold a stack trace
        "log.level": Slot(number, f"{_STRING}|{_WHOLE_NUMBER}", _Levels()),
        "client.ip": Slot(number, _STRING, _address),
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


def _time(value: str, zone: tzinfo) -> str | None:
    """Times that name their year, and numbers: what the read time does not decide on."""
    if value[0] != '"':
        moment = timestamp_text(orjson.loads(value), zone, 0)
    elif value[1:5].isdigit() and value[5:6] in {"-", "/", "."}:
        moment = timestamp_text(value[1:-1], zone, 0)
    else:
        return None
    return None if moment is None else f'"{moment}"'


def _address(value: str) -> str | None:
    return value if is_address(value[1:-1]) else None


def _duration(value: str, factor: int) -> str | None:
    nanoseconds = duration_ns(orjson.loads(value), factor)
    return None if nanoseconds is None else str(nanoseconds)
