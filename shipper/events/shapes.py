"""What becomes of JSON objects that all have the same names, in the same order?

It is worked out once for each such *shape*: where each value goes, what usual values look like, and
what changes about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import orjson

from logboom.bounds import MAX_KEYS, is_name, is_storable
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.levels import level_of
from logboom.spellings import DURATION_NS
from shipper.addresses import is_address
from shipper.events.normalise import (
    JSON_OPTIONS,
    NESTED_OBJECTS,
    SourceContext,
    laid_out,
    split_static,
)
from shipper.events.objects import COMPOSED
from shipper.placing import (
    TARGETS,
    TRACE_PARENT,
    duration_ns,
    put,
    timestamp_text,
)

Fit = Callable[[str], str | None]
"""A value as JSON → what stands in the event for it, also as JSON; None when it is unusual."""

ADDED = "\ue000"
"""What a name begins with that the shipper adds to an object: what the wrapper of a text says, and
what stands in a text of several lines. It gives way to nothing, and nothing to it."""

_MOST_FIELDS = 64
MOST_NAMES: Final = MAX_KEYS // 2
"""In a usual text, at all depths, and as many in what is added to all: together no more than an event may have."""
_OWN_PREFIX = "attributes."
_MOST_REMEMBERED = 1024

_CHARACTERS = r'[^"\\\x00-\x1f]*+'
_STRING = rf'"{_CHARACTERS}(?:\\["\\/bfnrt]{_CHARACTERS})*+"'
_TEXT = rf'(?!""){_STRING}'
_ONE_LINE = rf'"{_CHARACTERS}(?:\\["\\/bfrt]{_CHARACTERS})*+"'
_WHOLE_NUMBER = r"(?:0|[1-9]\d{0,17}+)"
_NUMBER = rf"-?{_WHOLE_NUMBER}(?:\.\d{{1,20}}+)?+"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_NAME = r'"[^"\\\x00-\x1f]{1,256}+"'


class Sort(IntEnum):
    """Which usual values there are; the numbers are those of `native/src/program.rs`."""

    SCALAR = 0
    OWN = 1
    TEXT = 2
    ONE_LINE = 3
    WHOLE_NUMBER = 4
    TIME = 5
    LEVEL = 6
    DURATION = 7
    ADDRESS = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """What usual values are, and what becomes of them.

    Attributes:
        sort: In one word.
        pattern: What they look like.
        fit: What becomes of them; None when they stay as they are.
        factor: ns in one unit of a duration.
    """

    sort: Sort
    pattern: str
    fit: Fit | None = None
    factor: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the template for a value.

    Attributes:
        number: The object's own values are numbered as they come; then offset, id, read time.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What becomes of all objects with the same names in the same order.

    Attributes:
        match: Matches such an object whose values are usual ones, each of them a group.
        members: Each name as JSON, and the kind of its value.
        pieces: The event as JSON: texts, and between them numbers of values.
        time: Which value is the event time.
    """

    match: Callable[[str], re.Match[str] | None]
    members: tuple[tuple[str, Kind], ...]
    pieces: tuple[str | int, ...]
    time: int


class ShapeMaker:
    """Works shapes out.

    Args:
        context: What all events of a source's run share.
    """

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._known_static, self._own_static = split_static(context.fields)

    def make(self, names: tuple[str, ...]) -> Shape | None:
        """Works out what becomes of a shape; None when that depends on more than its names."""
        bare = [name.removeprefix(ADDED) for name in names]
        is_plain = len(names) <= _MOST_FIELDS and COMPOSED.isdisjoint(bare)
        if not (is_plain and is_storable(self._own_static, most=MOST_NAMES)):
            return None
        kinds: list[Kind] = []
        placed: dict[str, Slot] = {}
        own: dict[str, Slot] = {}
        for number, (name, whole) in enumerate(zip(bare, names, strict=True)):
            is_added = name != whole
            if name.startswith(_OWN_PREFIX):
                own_name = name.removeprefix(_OWN_PREFIX)
            else:
                own_name = "" if name == "attributes" else name
            if not own_name or not is_name(own_name) or own_name in own:
                return None
            target = TARGETS.get(name)
            field = "event.duration" if target in DURATION_NS else target
            if is_added and (field in placed or (field is None and own_name in self._own_static)):
                return None
            if target is None or field is None or (field in placed and field not in _ADDRESSES):
                own[own_name] = Slot(number)
                kinds.append(_SCALAR_KIND if name in NESTED_OBJECTS else _OWN_KIND)
                continue
            kind = _ADDED_KINDS.get(field) if is_added else None
            kind = kind or _kind_of(target, self._context.zone)
            if kind is None or not placed.keys().isdisjoint(_ADDRESSES & {field}):
                return None
            placed[field] = Slot(number)
            kinds.append(kind)
        if "@timestamp" not in placed or "message" not in placed:
            return None
        members = [
            (orjson.dumps(name).decode(), kind) for name, kind in zip(names, kinds, strict=True)
        ]
        return self._compose(members, placed, own)

    def _compose(
        self, members: list[tuple[str, Kind]], placed: dict[str, Slot], own: dict[str, Slot]
    ) -> Shape:
        patterns = [f"{re.escape(name)} ?: ?({kind.pattern})" for name, kind in members]
        return Shape(
            match=_matcher(rf"\{{ ?{' ?, ?'.join(patterns)} ?\}}"),
            members=tuple(members),
            pieces=tuple(_joined(_written(self._laid_out(placed, own, len(members))))),
            time=placed["@timestamp"].number,
        )

    def _laid_out(
        self, placed: dict[str, Slot], own: dict[str, Slot], count: int
    ) -> dict[str, Any]:
        """The event: what the object gives, and what the source adds."""
        context = self._context
        event: dict[str, Any] = {}
        for field, slot in placed.items():
            put(event, tuple(field.split(".")), [slot] if field == "tags" else slot)
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
    elif isinstance(node, list) and node and isinstance(node[0], Slot):
        yield "["
        yield node[0].number
        yield "]"
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


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Many sources have the same shapes, and to compile one takes as long as many events."""
    return re.compile(pattern).fullmatch


def _canonical(value: str) -> str:
    """Of names that an object has twice, the last one counts."""
    return value if value[0] != "{" else orjson.dumps(orjson.loads(value)).decode()


def _value(depth: int) -> str:
    """Any value of an application's own that needs no bounds: scalars, and objects of such."""
    if depth == 0:
        return _SCALAR
    member = rf"{_NAME} ?: ?{_value(depth - 1)}"
    return rf"(?:{_SCALAR}|\{{ ?(?:{member} ?(?:, ?(?!\}})|(?=\}})))*+\}})"


_SCALAR_KIND: Final = Kind(Sort.SCALAR, _SCALAR)
_OWN_KIND: Final = Kind(Sort.OWN, _value(2), _canonical)
_ADDED_KINDS: Final = dict.fromkeys(
    ("message", "error.type", "error.message", "error.stack_trace", "tags"), Kind(Sort.TEXT, _TEXT)
)
"""What was looked into already."""


def _kind_of(target: str, zone: tzinfo) -> Kind | None:
    """What a field's usual values are; None for fields that depend on more."""
    if target in DURATION_NS:
        factor = DURATION_NS[target]
        return Kind(Sort.DURATION, _NUMBER, lambda value: _duration(value, factor), factor)
    special: dict[str, Kind | None] = {
        "@timestamp": Kind(Sort.TIME, f"{_STRING}|{_NUMBER}", _Times(zone)),
        "message": Kind(Sort.ONE_LINE, _ONE_LINE),  # several lines may hold a stack trace
        "log.level": Kind(Sort.LEVEL, f"{_STRING}|{_WHOLE_NUMBER}", _Levels()),
        "client.ip": Kind(Sort.ADDRESS, _STRING, _address),
        "client.address": None,
        "tags": None,
        "error.stack_trace": None,  # the exception's class stands in it
        TRACE_PARENT: None,
        **dict.fromkeys(_OURS),
    }
    if target in special:
        return special[target]
    field_type = EVENT_FIELDS[target]
    if field_type is FieldType.LONG:
        return Kind(Sort.WHOLE_NUMBER, _WHOLE_NUMBER)
    is_text = field_type in (FieldType.KEYWORD, FieldType.TEXT)
    return Kind(Sort.TEXT, _TEXT) if is_text else None


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
