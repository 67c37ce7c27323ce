"""Do events that are on their way arrive, or are they stuck, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
        f"{part['name']} is {part['state']}: {part['detail']}"
        for part in health["parts"]
        if is_behind and part["state"] in _HELD_UP
    ]
    if not reasons and is_behind and took_s >= _PATIENCE_S and _stands_still(first, ledger):
        reasons.append(f"{ledger['lag']} events wait, and none was stored within {took_s:.0f} s")
    return reasons


def _stands_still(first: Mapping[str, Any] | None, ledger: Mapping[str, Any]) -> bool:
    return first is not None and bool(ledger["lag"]) and _stored(first) == _stored(ledger)


def _stored(ledger: Mapping[str, Any]) -> int:
    return sum(row["events_stored"] for row in ledger["sources"])
