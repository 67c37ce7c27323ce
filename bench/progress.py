"""How fast does a count grow, its begin and its end left out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_EDGE = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """How many events had arrived at a moment.

    Attributes:
        at_s: By a clock that never goes back.
        found: Events.
    """

    at_s: float
    found: int


def sustained(samples: Sequence[Sample]) -> float:
    """Events per second between the moments when the first and all but the last 5% had arrived.

    Args:
        samples: Ascending; by the last one all had arrived.

    Returns:
        NaN when that was one and the same look.
    """
    total = samples[-1].found
    first = next(one for one in samples if one.found >= _EDGE * total)
    last = next(one for one in samples if one.found >= (1 - _EDGE) * total)
    if first is last:
        return float("nan")
    return (last.found - first.found) / (last.at_s - first.at_s)


def rates_at(samples: Sequence[Sample], steps: Sequence[int]) -> dict[int, float]:
    """Events per second at which each number of events was reached, over the last tenth before it.

    Args:
        samples: Ascending.
        steps: Numbers of events; those that were never reached are left out.
    """
    rates: dict[int, float] = {}
    for step in steps:
        if samples[-1].found < step:
            continue
        end = next(one for one in samples if one.found >= step)
        begin = next(one for one in samples if one.found >= 0.9 * step)
        if begin is not end:
            rates[step] = (end.found - begin.found) / (end.at_s - begin.at_s)
    return rates
