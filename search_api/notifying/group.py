"""What is remembered of alerts that are told together?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import orjson

from search_api.alerts.alert import Alert, AlertState

KIND: Final = "alert-group"
MOST_MEMBERS: Final = 40
"""Alerts of one group; when there are more, another group with the same labels begins."""

_TOLERANCE: Final = timedelta(minutes=1)
"""Clocks of replicas may differ by so much."""

_MOST_BYTES: Final = 4000
_MOST_SAMPLES: Final = 5
_MOST_TEXT: Final = 400
_MOST_QUERY: Final = 2600
_SHOWN: Final = ("@timestamp", "message", "log.level", "service.name", "host.name", "trace.id")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that waits to be delivered.

    Attributes:
        key: The idempotency key: the same for the same content to the same receiver.
        receiver: Its name.
        kind: `firing`, `resolved`, `repeat`, `escalation`, `digest` or `test`.
        level: Of an escalation, from 1; else 0.
        alerts: The episodes that it tells of, each with the state that it tells.
        decided_at: When it was decided.
    """

    key: str
    receiver: str
    kind: str
    level: int
    alerts: tuple[tuple[str, AlertState], ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """An alert in a group.

    Attributes:
        alert: As it was last.
        joined_at: When it was taken over.
        ended_at: When its resolution was taken over; None while it fires.
        told: What the group's receiver was last told of it; None: nothing.
        told_at: When it was first told; None: not yet.
        level: Steps of the escalation that were taken.
        told_to: Receivers that were told by them.
    """

    alert: Alert
    joined_at: datetime
    ended_at: datetime | None = None
    told: AlertState | None = None
    told_at: datetime | None = None
    level: int = 0
    told_to: tuple[str, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether it fires still."""
        return self.ended_at is None

    @property
    def is_fresh(self) -> bool:
        """Whether it fires and nobody was told."""
        return self.ended_at is None and self.told is None

    @property
    def is_over(self) -> bool:
        """Whether it has resolved and its receiver believes that it fires."""
        return self.ended_at is not None and self.told is AlertState.FIRING


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that are told together.

    Attributes:
        key: Names it: 32 hexadecimal digits.
        path: Of its route.
        receiver: Who is told.
        labels: What its alerts have in common.
        is_digest: It is told once a day.
        members: By episode.
        told_at: When its last message was decided.
        repeats: How often the same was told again.
        pending: Messages that are not delivered yet, the oldest first.
    """

    key: str
    path: str
    receiver: str
    labels: Mapping[str, str]
    is_digest: bool = False
    members: Mapping[str, Member] = field(default_factory=dict)
    told_at: datetime | None = None
    repeats: int = 0
    pending: tuple[Delivery, ...] = ()

    def with_member(self, episode: str, member: Member) -> Group:
        """The same with one alert added or changed."""
        return replace(self, members={**self.members, episode: member})

    def without_pending(self, keys: Iterable[str]) -> Group:
        """The same without messages whose fate is known."""
        gone = frozenset(keys)
        return replace(self, pending=tuple(one for one in self.pending if one.key not in gone))

    def back_to(self, now: datetime) -> Group:
        """The same, where nothing lies in the future: a clock was wrong, and nobody shall wait for it."""
        if not any(_is_ahead(at, now) for at in self._moments()):
            return self
        members = {
            episode: replace(
                one, joined_at=min(one.joined_at, now), ended_at=_earlier(one.ended_at, now),
                told_at=_earlier(one.told_at, now),
            )
            for episode, one in self.members.items()
        }  # fmt: skip
        return replace(self, members=members, told_at=_earlier(self.told_at, now))

    def _moments(self) -> Iterable[datetime | None]:
        yield self.told_at
        for one in self.members.values():
            yield from (one.joined_at, one.ended_at, one.told_at)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return {
            "path": self.path,
            "receiver": self.receiver,
            "labels": dict(self.labels),
            "digest": self.is_digest,
            "members": {key: _member_json(one) for key, one in self.members.items()},
            "told_at": _text(self.told_at),
            "repeats": self.repeats,
            "pending": [_delivery_json(one) for one in self.pending],
        }

    @classmethod
    def from_json(cls, key: str, value: Mapping[str, Any]) -> Group:
        """Reads what `to_json` wrote."""
        return cls(
            key=key,
            path=value["path"],
            receiver=value["receiver"],
            labels=value["labels"],
            is_digest=value["digest"],
            members={name: _member_of(one) for name, one in value["members"].items()},
            told_at=_moment(value["told_at"]),
            repeats=value["repeats"],
            pending=tuple(_delivery_of(one) for one in value["pending"]),
        )


def group_key(path: str, receiver: str, labels: Mapping[str, str], number: int) -> str:
    """Names a group: the same route, receiver and labels have the same name.

    Args:
        number: Tells apart groups of the same labels that were full.
    """
    parts = [path, receiver, *(f"{name}={labels[name]}" for name in sorted(labels)), str(number)]
    return digest_of(parts)


def delivery_key(
    group: str, receiver: str, kind: str, count: int, alerts: Iterable[tuple[str, AlertState]]
) -> str:
    """The idempotency key of a message.

    Args:
        count: Tells apart messages of the same content: the repeats so far, or the level.
    """
    parts = [group, receiver, kind, str(count)]
    return digest_of([*parts, *sorted(f"{episode}={state.value}" for episode, state in alerts)])


def digest_of(parts: Iterable[str]) -> str:
    """32 hexadecimal digits for some texts."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def shortened(alert: Alert) -> Alert:
    """An alert as it is kept, in 4,000 bytes: long texts cut, and of its samples what messages show."""
    short = replace(
        alert,
        labels={str(k)[:100]: _cut(v) for k, v in list(alert.labels.items())[:30]},
        annotations={str(k)[:100]: _cut(v) for k, v in list(alert.annotations.items())[:10]},
        condition=_cut(alert.condition),
        query=alert.query if len(alert.query) <= _MOST_QUERY else "",
        samples=tuple(_sample(sample) for sample in alert.samples[:_MOST_SAMPLES]),
    )
    while short.samples and _is_long(short):
        short = replace(short, samples=short.samples[:-1])
    if _is_long(short):
        short = replace(short, annotations={})
    if _is_long(short):
        short = replace(short, query="")
    if _is_long(short):
        labels = {k: v[:80] for k, v in list(short.labels.items())[:10]}
        short = replace(short, labels=labels, condition=short.condition[:80])
    return short


def shortened_after(alert: Alert, before: Alert) -> Alert:
    """The same of one that has resolved: what fired is shown then, too."""
    short = shortened(alert)
    return short if short.samples else replace(short, samples=before.samples)


def _is_long(alert: Alert) -> bool:
    return len(orjson.dumps(alert.to_json())) > _MOST_BYTES


def _sample(event: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _at(event, name) for name in _SHOWN}
    return {name: _cut(value) for name, value in found.items() if value is not None}


def _at(event: Mapping[str, Any], name: str) -> object:
    """A value under a dotted name, also where the name stands undivided."""
    if name in event:
        return event[name]
    value: object = event
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


def _member_json(member: Member) -> dict[str, Any]:
    return {
        "alert": member.alert.to_json(),
        "joined_at": _text(member.joined_at),
        "ended_at": _text(member.ended_at),
        "told": None if member.told is None else member.told.value,
        "told_at": _text(member.told_at),
        "level": member.level,
        "told_to": list(member.told_to),
    }


def _member_of(value: Mapping[str, Any]) -> Member:
    return Member(
        alert=Alert.from_json(value["alert"]),
        joined_at=_known(value["joined_at"]),
        ended_at=_moment(value["ended_at"]),
        told=None if value["told"] is None else AlertState(value["told"]),
        told_at=_moment(value["told_at"]),
        level=value["level"],
        told_to=tuple(value["told_to"]),
    )


def _delivery_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "key": delivery.key,
        "receiver": delivery.receiver,
        "kind": delivery.kind,
        "level": delivery.level,
        "alerts": [[episode, state.value] for episode, state in delivery.alerts],
        "decided_at": _text(delivery.decided_at),
    }


def _delivery_of(value: Mapping[str, Any]) -> Delivery:
    return Delivery(
        value["key"], value["receiver"], value["kind"], value["level"],
        tuple((episode, AlertState(state)) for episode, state in value["alerts"]),
        _known(value["decided_at"]),
    )  # fmt: skip


def _is_ahead(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now + _TOLERANCE


def _earlier(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None else min(moment, now)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else _known(text)


def _known(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
