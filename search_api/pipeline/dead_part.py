"""Which events wait in the dead letters? Told in the health until they are sent again or discarded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from logboom.status import DeadStatus

_LONGEST_REASON = 200


def dead_part(dead: Sequence[DeadStatus], *, with_reason: bool) -> list[dict[str, str]]:
    """One part of the health, or none when no letter waits.

    Letters on their way back do not wait any more. The part is a warning: all other events go on.

    Args:
        dead: Of all data folders.
        with_reason: Have it say why the latest is one, in the words of who refused it: these may
            quote the event.
    """
    waiting = sum(status.letters - status.replaying for status in dead)
    if waiting <= 0:
        return []
    latest = max(dead, key=lambda status: status.latest_ns)
    events = "1 event waits" if waiting == 1 else f"{waiting} events wait"
    why = _why(latest) if with_reason else ""
    detail = (
        f"{events}{why}; mend the cause (`logboom dead list`), then"
        " `logboom dead replay --all`, or `discard`"
    )
    return [{"name": "dead letters", "state": "not empty", "detail": detail}]


def _why(latest: DeadStatus) -> str:
    if not latest.latest_reason:
        return ""
    since = datetime.fromtimestamp(latest.latest_ns / 1e9, UTC)
    reason = latest.latest_reason
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}…"
    return f", the latest since {since:%Y-%m-%d %H:%M:%SZ}: {reason}"
