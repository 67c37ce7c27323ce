"""How are several comparisons joined to one condition of a rule?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from logboom.errors import ConfigError
from search_api.alerts.measures import Condition, Kind

MOST_COMPARISONS: Final = 6
MOST_WAYS: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison, or that it does not hold."""

    condition: Condition
    is_negated: bool = False

    @property
    def looks_down(self) -> bool:
        """True when few events, or none, may be what it is about."""
        if self.condition.sign == "==":
            return True
        return self.condition.looks_down != self.is_negated


@dataclass(frozen=True, slots=True)
class When:
    """When an alert is wanted: as soon as all parts of one of its ways hold for the same series.

    Attributes:
        ways: At least one, each with at least one part.
        text: As it is told.
    """

    ways: tuple[tuple[Part, ...], ...]
    text: str

    @classmethod
    def of(cls, condition: Condition) -> When:
        """That of a single comparison."""
        return cls(((Part(condition),),), condition.text)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them."""
        return tuple(part for way in self.ways for part in way)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The comparisons, each once, in the order in which they are written."""
        if self.is_single:
            return (self.ways[0][0].condition,)
        return tuple(dict.fromkeys(part.condition for part in self.parts))

    @property
    def is_single(self) -> bool:
        """Whether it is one comparison."""
        return len(self.ways) == 1 and len(self.ways[0]) == 1

    @property
    def kinds(self) -> frozenset[Kind]:
        """What is measured."""
        return frozenset(one.measure.kind for one in self.conditions)


Ways = tuple[tuple[Part, ...], ...]


def either(sides: Iterable[Ways]) -> Ways:
    """One of several holds.

    Raises:
        ConfigError: They are too many.
    """
    return _bounded(way for side in sides for way in side)


def both(one: Ways, other: Ways) -> Ways:
    """Two hold together.

    Raises:
        ConfigError: They are too many.
    """
    return _bounded(tuple(dict.fromkeys((*left, *right))) for left in one for right in other)


def neither(ways: Ways) -> Ways:
    """None of the ways holds.

    Raises:
        ConfigError: They are too many.
    """
    found: Ways = ((),)
    for way in ways:
        found = both(found, tuple((Part(p.condition, not p.is_negated),) for p in way))
    return found


def _bounded(ways: Iterable[tuple[Part, ...]]) -> Ways:
    """Each once; what is negated doubles them again and again, so they are never many."""
    found = tuple(dict.fromkeys(ways))
    if len(found) > MOST_WAYS:
        raise ConfigError(
            f"too much is joined: it holds in more than {MOST_WAYS} ways",
            mend="write several rules",
        )
    return found
