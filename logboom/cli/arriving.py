"""Do events that are on their way arrive, or are they stuck, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logboom.status import UNREAD

_PATIENCE_S = 5.0
"""A pipeline that works stores something within this time while events wait for it."""

_HELD_UP = frozenset({"waiting", "full", "crashing"})


def has_arrived(first: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    """Whether all that was acknowledged at the first look is stored.

    Args:
        first: The ledger at the first look; None: there was none.
        now: The ledger now.
    """
    if first is None or now is None or now["verdict"] == "red":
        return False
    if now["verdict"] == "green":
        return True
    rows = {row["source"]: row for row in now["sources"]}
    return first is not now and all(
        row["source"] in rows and _is_stored(rows[row["source"]], row["events_acked"])
        for row in first["sources"]
    ) and all(loss["verdict"] == "green" for loss in now["losses"])  # fmt: skip


def _is_stored(row: Mapping[str, Any], acked: int) -> bool:
    return bool(row["verdict"] == "green" or row["events_stored"] >= acked)


def stuck_because(
    health: Mapping[str, Any], ledger: Mapping[str, Any], first: Mapping[str, Any] | None,
    took_s: float,
) -> Sequence[str]:  # fmt: skip
    """Why events do not go on, one sentence each; nothing when they do.

    Args:
        health: As the API tells it.
        ledger: After the wait.
        first: Before the wait; None: there was none.
        took_s: From the one to the other.
    """
    is_behind = ledger["verdict"] != "green" and not has_arrived(first, ledger)
    reasons = [
        f"{part['name']} is {part['state']}: {'; '.join(_why(part))}"
        for part in health["parts"]
        if UNREAD in part or (is_behind and part["state"] in _HELD_UP)
    ]
    if not reasons and is_behind and took_s >= _PATIENCE_S and _stands_still(first, ledger):
        reasons.append(f"{ledger['lag']} events wait, and none was stored within {took_s:.0f} s")
    return reasons


def leaves_unread(health: Mapping[str, Any]) -> bool:
    """Whether there may be lines that nobody has looked at, so that the ledger knows nothing of them."""
    return any(UNREAD in part for part in health["parts"])


def _why(part: Mapping[str, Any]) -> Sequence[str]:
    return [part[name] for name in ("detail", UNREAD) if part.get(name)]


def _stands_still(first: Mapping[str, Any] | None, ledger: Mapping[str, Any]) -> bool:
    return first is not None and bool(ledger["lag"]) and _stored(first) == _stored(ledger)


def _stored(ledger: Mapping[str, Any]) -> int:
    return sum(row["events_stored"] for row in ledger["sources"])
