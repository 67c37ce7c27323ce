"""What do the dead letters of all data folders come to? The ledger counts with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from logboom.status import DeadStatus


@dataclass(frozen=True, slots=True)
class Totals:
    """The dead letters of all data folders.

    Attributes:
        waiting: How many there are.
        replaying: Of these, those on their way back: they may be in the store already.
        refused: By the store, by run.
        replayed: Events that were dead in a shipper and were sent after all, by run and day.
        replayed_lines: Their lines, by source.
        discarded: How many somebody has discarded.
        given_up: Of these, events that the store had refused, by run and day.
        given_up_lines: Lines of those that a shipper had buried, by source.
    """

    waiting: int
    replaying: int
    refused: Mapping[str, int]
    replayed: Mapping[str, Mapping[str, int]]
    replayed_lines: Mapping[str, int]
    discarded: int
    given_up: Mapping[str, Mapping[str, int]]
    given_up_lines: Mapping[str, int]

    @classmethod
    def of(cls, statuses: Iterable[DeadStatus]) -> Totals:
        """Adds up what is told of each data folder."""
        waiting = replaying = discarded = 0
        refused, lines, given_up_lines = Counter[str](), Counter[str](), Counter[str]()
        replayed: dict[str, Counter[str]] = {}
        given_up: dict[str, Counter[str]] = {}
        for status in statuses:
            waiting += status.letters
            replaying += status.replaying
            refused.update(status.refused)
            lines.update(status.replayed_lines)
            discarded += status.discarded
            given_up_lines.update(status.given_up_lines)
            for run, days in status.replayed.items():
                replayed.setdefault(run, Counter()).update(days)
            for run, days in status.given_up.items():
                given_up.setdefault(run, Counter()).update(days)
        return cls(
            waiting, replaying, refused, replayed, lines, discarded, given_up, given_up_lines
        )

    def acked(self, run: str, days: Mapping[str, int]) -> Mapping[str, int]:
        """The events of a run that the broker has, by day: those that were sent later, too."""
        return Counter(days) + Counter(self.replayed.get(run, {}))
