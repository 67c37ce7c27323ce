"""How long may what was written wait until searches see it? Each commit makes a segment of the index."""

from __future__ import annotations

COMMIT_AFTER_S = 0.5
"""Days are looked at so often."""

_MANY = 5_000
_FLOOD = 15_000
_MANY_AFTER_S = 1.0
_FLOOD_AFTER_S = 3.0


def least_s_between(uncommitted: int) -> float:
    """Seconds between two commits of a day, at least: the more waits, the more seldom.

    Args:
        uncommitted: Documents of the day that wait.
    """
    if uncommitted < _MANY:
        return 0.0
    return _MANY_AFTER_S if uncommitted < _FLOOD else _FLOOD_AFTER_S
