"""Which alerts need not be told: silenced, acknowledged, or inhibited by others?"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logboom.matching import Matcher, match_all, parse_matcher
from logboom.state import Record
from search_api.notifying.group import Member
from search_api.notifying.plan import Inhibition

log = logging.getLogger("logboom.notifying")


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that somebody does not want to be told of for a while.

    Attributes:
        key: Its id.
        matchers: What alerts must fulfil, all of it.
        starts_at: From when on.
        ends_at: Until when.
        author: Who wants it.
        comment: Why.
    """

    key: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str

    def covers(self, labels: Mapping[str, str], now: datetime) -> bool:
        """Whether it holds for an alert now."""
        return self.starts_at <= now < self.ends_at and match_all(self.matchers, labels)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return {
            "matchers": [str(matcher) for matcher in self.matchers],
            "starts_at": self.starts_at.astimezone(UTC).isoformat(),
            "ends_at": self.ends_at.astimezone(UTC).isoformat(),
            "author": self.author,
            "comment": self.comment,
        }

    @classmethod
    def from_json(cls, key: str, value: Mapping[str, Any]) -> Silence:
        """Reads what `to_json` wrote."""
        return cls(
            key,
            tuple(parse_matcher(text) for text in value["matchers"]),
            datetime.fromisoformat(value["starts_at"]).astimezone(UTC),
            datetime.fromisoformat(value["ends_at"]).astimezone(UTC),
            value["author"],
            value["comment"],
        )


def silence_of(record: Record, *, level: int = logging.WARNING) -> Silence | None:
    """The silence of a record; None, and a line in the log, for one that cannot be read.

    Args:
        record: As `Silence.to_json` wrote it, or not quite.
        level: Of the line.
    """
    try:
        return Silence.from_json(record.key, record.value)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        log.log(level, "the silence %s does not hold: it cannot be read: %s", record.key, error)
        return None


@dataclass(frozen=True, slots=True)
class Quiet:
    """What people have said they need not be told.

    Attributes:
        silences: All that are kept, also those that do not hold now.
        acknowledged: Episodes that somebody takes care of.
    """

    silences: Sequence[Silence] = ()
    acknowledged: frozenset[str] = frozenset()


class Hush:
    """Which alerts are not told now; worked out once for many questions.

    Args:
        quiet: What people have said.
        inhibitions: What is configured.
        firing: All alerts that fire, of all groups.
        now: The time.
    """

    def __init__(
        self, quiet: Quiet, inhibitions: Sequence[Inhibition], firing: Iterable[Member],
        now: datetime,
    ) -> None:  # fmt: skip
        self._now = now
        self._silences = [one for one in quiet.silences if one.starts_at <= now < one.ends_at]
        self._inhibitions = [_Sources.of(one, firing) for one in inhibitions]

    def covers(self, member: Member) -> bool:
        """Whether an alert is silenced or inhibited."""
        labels = member.alert.labels
        return any(silence.covers(labels, self._now) for silence in self._silences) or any(
            sources.inhibit(member) for sources in self._inhibitions
        )


@dataclass(frozen=True, slots=True)
class _Sources:
    """The alerts that inhibit others by one rule: by their equal labels, and whether they are targets."""

    rule: Inhibition
    found: Mapping[tuple[str, ...], frozenset[tuple[str, bool]]]

    @classmethod
    def of(cls, rule: Inhibition, firing: Iterable[Member]) -> _Sources:
        found: dict[tuple[str, ...], set[tuple[str, bool]]] = {}
        for member in firing:
            labels = member.alert.labels
            if match_all(rule.source, labels):
                is_target = match_all(rule.target, labels)
                place = found.setdefault(_values(rule, labels), set())
                place.add((member.alert.episode, is_target))
        return cls(rule, {key: frozenset(value) for key, value in found.items()})

    def inhibit(self, member: Member) -> bool:
        labels = member.alert.labels
        sources = self.found.get(_values(self.rule, labels))
        if not sources or not match_all(self.rule.target, labels):
            return False
        is_source = match_all(
            self.rule.source, labels
        )  # two that are both do not silence each other
        return any(
            episode != member.alert.episode and not (is_source and is_target)
            for episode, is_target in sources
        )


def _values(rule: Inhibition, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)
