"""What is remembered of a rule between two evaluations, and how is it written down?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any, Final

import orjson

from search_api.alerts.alert import AlertState
from search_api.alerts.data import Values

MOST_SERIES: Final = 1_000
"""Series of one rule that are pending or fire at once, and as many that are remembered."""

MOST_BYTES: Final = 60_000
"""What the names of either of them may take together: all of it is one record."""

MOST_EPISODES: Final = 100
"""Episodes of a rule that are remembered, so that late events do not begin them again."""

_EPISODES_BYTES: Final = 20_000
_NUMBERS_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class Key:
    """A series, or what is told of it when nothing can be measured.

    Attributes:
        values: Of the fields that make the series.
        no_data: True for the alert that there is nothing to measure.
    """

    values: Values
    no_data: bool = False

    @property
    def text(self) -> str:
        """Names it in the state."""
        return ("!" if self.no_data else "") + orjson.dumps(list(self.values)).decode()

    @classmethod
    def of(cls, text: str) -> Key:
        """Reads what `text` gave."""
        return cls(tuple(orjson.loads(text.removeprefix("!"))), text.startswith("!"))

    @property
    def digest(self) -> str:
        """Names it in a few characters, where there are many."""
        return blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series that is pending or fires; instants in µs since the epoch.

    Attributes:
        since_us: From when on the condition has held.
        fired_us: When it began to fire; None while it is pending.
        true_us: When the condition held last.
        value: What was measured then.
        baseline: What was usual then, in words.
        events: How many there were then.
        false_us: Of one that fires the first instant since then at which the condition did not hold;
            None while there is none.
        values: What was measured when it held last for each comparison, where the rule has several.
    """

    since_us: int
    true_us: int
    value: float | None
    fired_us: int | None = None
    baseline: str = ""
    events: int = 0
    false_us: int | None = None
    values: tuple[float | None, ...] = ()

    @property
    def state(self) -> AlertState:
        """`PENDING` or `FIRING`."""
        return AlertState.PENDING if self.fired_us is None else AlertState.FIRING


_IN_ORDER: Final = tuple(one.name for one in fields(SeriesState))
"""As a record has them; more can be added at the end."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One firing that is over; µs since the epoch."""

    key: Key
    fired_us: int
    ended_us: int


def latest(episodes: Sequence[Episode]) -> tuple[Episode, ...]:
    """Those that are remembered: the last ones, as many as a record has room for.

    Args:
        episodes: Oldest first.
    """
    found: list[Episode] = []
    room = _EPISODES_BYTES
    for episode in reversed(episodes[-MOST_EPISODES:]):
        room -= size_of(episode.key.values)
        if room < 0:
            break
        found.append(episode)
    return tuple(reversed(found))


def ends_of(ended: Mapping[str, int], episodes: Sequence[Episode]) -> Mapping[str, int]:
    """When the last episode of each series ended.

    Args:
        ended: What is known by now, by `Key.digest`.
        episodes: To be added.

    Returns:
        Those of the series that have ended last, as many as a record has room for.
    """
    if not episodes:
        return ended
    found = dict(ended)
    for one in episodes:
        found[one.key.digest] = max(one.ended_us, found.get(one.key.digest, 0))
    newest = sorted(found.items(), key=lambda pair: pair[1])[-MOST_SERIES:]
    return dict(newest)


def size_of(values: Values) -> int:
    """Bytes that a series takes in a record, but for what it measures."""
    return len(orjson.dumps(Key(values).text)) + _NUMBERS_BYTES


class Ends:
    """When the last episode of each series ended, as far as it is remembered.

    Args:
        episodes: Those that are remembered in full.
        ended: When those ended that are not, by `Key.digest`.
    """

    def __init__(self, episodes: Iterable[Episode], ended: Mapping[str, int]) -> None:
        self._last: dict[Key, int] = {}
        for one in episodes:
            self._last[one.key] = max(one.ended_us, self._last.get(one.key, 0))
        self._ended = ended

    def last_us(self, key: Key) -> int:
        """Of one series, µs since the epoch; 0 where no end is known."""
        last = self._last.get(key, 0)
        return max(last, self._ended.get(key.digest, 0)) if self._ended else last


@dataclass(frozen=True, slots=True)
class RuleState:
    """All that is remembered of a rule.

    Attributes:
        rule: Its fingerprint: of another one, this is of no use.
        cursor_us: The last instant that was evaluated; None before the first.
        series: Those that are pending or fire.
        seen: When series that are remembered had events last, by their values.
        episodes: The latest that are over, oldest first.
        ended: When the last episode of series ended that is not among those, by `Key.digest`; whether earlier
            ones were told is not known any more.
        matched: True once an event has matched: a selector that never does is probably wrong.
        untold: Firings that were over when late events showed them, and were too many to be told.
    """

    rule: str
    cursor_us: int | None = None
    series: Mapping[Key, SeriesState] = field(default_factory=dict)
    seen: Mapping[Values, int] = field(default_factory=dict)
    episodes: tuple[Episode, ...] = ()
    ended: Mapping[str, int] = field(default_factory=dict)
    matched: bool = False
    untold: int = 0

    @property
    def ends(self) -> Ends:
        """When the last end of series was told."""
        return Ends(self.episodes, self.ended)

    def with_episodes(self, episodes: Sequence[Episode]) -> RuleState:
        """The same with these episodes, oldest first: the latest in full, of the others when they ended."""
        kept = latest(episodes)
        over = episodes[: len(episodes) - len(kept)]
        return replace(self, episodes=kept, ended=ends_of(self.ended, over))

    def back_to(self, now_us: int) -> RuleState:
        """The same, where nothing lies in the future: what a wrong clock has brought there.

        What fires goes on firing under its name; what is pending begins anew.
        """
        return RuleState(
            rule=self.rule,
            series={
                key: replace(
                    one,
                    since_us=min(one.since_us, now_us),
                    true_us=min(one.true_us, now_us),
                    false_us=None if one.false_us is None else min(one.false_us, now_us),
                )
                for key, one in self.series.items()
                if one.fired_us is not None or one.since_us <= now_us
            },
            seen={values: min(at_us, now_us) for values, at_us in self.seen.items()},
            episodes=tuple(one for one in self.episodes if one.ended_us <= now_us),
            ended={name: at_us for name, at_us in self.ended.items() if at_us <= now_us},
            matched=self.matched,
            untold=self.untold,
        )

    def to_json(self) -> dict[str, Any]:
        """As it is kept: a JSON object that `from_json` reads."""
        return {
            "rule": self.rule,
            "cursor_us": self.cursor_us,
            "series": {
                key.text: [getattr(one, name) for name in _IN_ORDER]
                for key, one in self.series.items()
            },
            "seen": [[list(values), at_us] for values, at_us in self.seen.items()],
            "episodes": [[e.key.text, e.fired_us, e.ended_us] for e in self.episodes],
            "ended": dict(self.ended),
            "matched": self.matched,
            "untold": self.untold,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RuleState:
        """Reads what `to_json` wrote."""
        return cls(
            rule=value["rule"],
            cursor_us=value["cursor_us"],
            series={Key.of(text): _series_of(one) for text, one in value["series"].items()},
            seen={tuple(values): at_us for values, at_us in value["seen"]},
            episodes=tuple(
                Episode(Key.of(text), fired_us, ended_us)
                for text, fired_us, ended_us in value["episodes"]
            ),
            ended=value.get("ended", {}),
            matched=value["matched"],
            untold=value.get("untold", 0),
        )


def _series_of(value: Sequence[Any]) -> SeriesState:
    one = SeriesState(*value)
    return replace(one, values=tuple(one.values))
