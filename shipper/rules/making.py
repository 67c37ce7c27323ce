"""How does a rule of the configuration become something that is asked of events?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from hashlib import blake2b

import orjson

from logboom.config.rules import RuleSection
from logboom.errors import ConfigError
from logboom.event import Event
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType, resolve
from logboom.query.lucene import parse_query
from logboom.query.memory import Matcher, compile_query
from shipper.addresses import is_address
from shipper.placing import Place, places
from shipper.rules.holders import MISSING, put, take

OURS = frozenset({
    "@timestamp", "event.id", "event.created", "event.ingested", "log.source", "log.offset",
})  # fmt: skip
"""What no rule changes: the plan of a batch and the ledger rest on it."""

_MAX_VALUE_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule that drops events.

    Attributes:
        title: Under which dropped lines are counted.
        drops: Says of an event whether it is dropped.
    """

    title: str
    drops: Matcher


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that changes events.

    Attributes:
        where: Says whether it is for an event.
        change: Changes it; False when there was nothing to change.
    """

    where: Matcher
    change: Callable[[Event], bool]


def make_rules(sections: Iterable[RuleSection]) -> list[Decision | Change]:
    """Makes rules of the configuration's sections, in their order.

    Raises:
        ConfigError: A rule names a field that no rule changes, or a value that does not fit it.
    """
    return [_make(section) for section in sections]


def _make(section: RuleSection) -> Decision | Change:
    if section.drop is not None:
        return Decision(section.title, _matcher(section.drop))
    if section.keep is not None:
        wanted = _matcher(section.keep)
        return Decision(section.title, lambda event: not wanted(event))
    if section.sample is not None:
        return _sampling(section.title, section.sample.rate, _matcher(section.sample.where))
    return Change(_matcher(section.where or ""), _changing(section))


def _sampling(title: str, rate: float, among: Matcher) -> Decision:
    """By the event's id: the same event is sent or dropped, whenever it is asked."""
    limit = int(rate * 2**64)

    def drops(event: Event) -> bool:
        if not among(event):
            return False
        digest = blake2b(event["event"]["id"].encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >= limit

    return Decision(title, drops)


def _changing(section: RuleSection) -> Callable[[Event], bool]:
    changes = list(_changes(section))

    def change(event: Event) -> bool:
        done = [change(event) for change in changes]
        return any(done)

    return change


def _changes(section: RuleSection) -> Iterator[Callable[[Event], bool]]:
    for name in section.remove or ():
        yield _removal(_field(name, section, goes=True))
    for name, new in (section.rename or {}).items():
        yield _renaming(_field(name, section, goes=True), _field(new, section))
    for name, value in (section.set or {}).items():
        yield _setting(_field(name, section), value, section)


def _field(name: str, section: RuleSection, *, goes: bool = False) -> str:
    field = resolve(name)[0]
    own = field.startswith(f"{ATTRIBUTES}.") and len(field) > len(ATTRIBUTES) + 1
    if field in OURS or not (own or field in EVENT_FIELDS) or field.endswith("."):
        raise ConfigError(f"`{section.action}` cannot change {name}", where=_where(section))
    if goes and field == "message":
        raise ConfigError(
            "an event without its message cannot be", where=_where(section),
            mend="`set` another message instead",
        )  # fmt: skip
    return field


def _removal(field: str) -> Callable[[Event], bool]:
    return lambda event: take(event, field) is not MISSING


def _renaming(old: str, new: str) -> Callable[[Event], bool]:
    def rename(event: Event) -> bool:
        value = take(event, old)
        if value is MISSING:
            return False
        fitted = _fitted(new, value)
        put(event, old if fitted is None else new, value if fitted is None else fitted)
        return True

    return rename


def _setting(field: str, value: object, section: RuleSection) -> Callable[[Event], bool]:
    try:
        written = orjson.dumps(value)
    except TypeError as error:
        raise ConfigError(f"{field} cannot have that value", where=_where(section)) from error
    fitted = _fitted(field, value)
    if fitted is None or len(written) > _MAX_VALUE_BYTES:
        kind = EVENT_FIELDS[field].value if field in EVENT_FIELDS else "short"
        raise ConfigError(
            f"{field} cannot have that value", where=_where(section), mend=f"its values are {kind}"
        )

    def change(event: Event) -> bool:
        put(event, field, orjson.loads(written) if isinstance(value, dict | list) else fitted)
        return True

    return change


def _fitted(field: str, value: object) -> object:
    """The value as the field wants it; None when it does not fit."""
    place = _places().get(field) if field in EVENT_FIELDS else None
    if place is None:
        return value
    if EVENT_FIELDS[field] is FieldType.IP and not (isinstance(value, str) and is_address(value)):
        return None
    return place.fit(value, UTC, 0)


@lru_cache(maxsize=1)
def _places() -> dict[str, Place]:
    return places()


def _where(section: RuleSection) -> str:
    return f"rule {section.title!r}"


@lru_cache(maxsize=256)
def _matcher(text: str) -> Matcher:
    """Many sources have the same rules."""
    return compile_query(parse_query(text, now_ns=0))
