"""What does the health say of shippers and processors, from what they told of themselves?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.lifecycle import RESTARTS_WITHIN_S
from logboom.status import FEWEST_RESTARTS, STALE_AFTER_S, UNREAD, ServiceStatus
from logboom.telemetry import FAULTS

_MOST_KINDS = 3


def service_parts(
    name: str, services: Sequence[ServiceStatus], now_ns: int, *, is_known: bool
) -> list[dict[str, str]]:
    """The parts of one kind of service.

    Args:
        name: Of the kind: shipper or processor.
        services: What all services told last.
        now_ns: Now, ns since the epoch.
        is_known: False when the broker does not answer, which is where services tell of themselves.
    """
    mine = [status for status in services if status.service == name]
    alive = [status for status in mine if _is_alive(status, now_ns)]
    if alive:
        return [_part(status, _of_host(mine, status.host), now_ns) for status in alive]
    if not is_known:
        detail = "tells of itself by way of the broker, which does not answer"
        return [{"name": name, "state": "unknown", "detail": detail}]
    if not mine:
        return [{"name": name, "state": "missing", "detail": "has not been heard of"}]
    age_s = min(_age_s(status.at_ns, now_ns) for status in mine)
    said = _last_reason(mine)
    detail = f"silent for {age_s:.0f} s{f', after: {said}' if said else ''}"
    return [{"name": name, "state": "silent", "detail": detail}]


def _of_host(services: Sequence[ServiceStatus], host: str) -> Sequence[ServiceStatus]:
    return [status for status in services if status.host == host]


def _is_alive(status: ServiceStatus, now_ns: int) -> bool:
    return _age_s(status.at_ns, now_ns) <= STALE_AFTER_S and status.state != "stopped"


def _age_s(at_ns: int, now_ns: int) -> float:
    return (now_ns - at_ns) / 1e9


def _part(status: ServiceStatus, mine: Sequence[ServiceStatus], now_ns: int) -> dict[str, str]:
    state: str = status.state
    detail = _reason(status)
    age_s = _age_s(status.started_ns, now_ns)
    if status.restarts >= FEWEST_RESTARTS and age_s < RESTARTS_WITHIN_S:
        restarts = (
            f"started again {status.restarts} times within {RESTARTS_WITHIN_S / 60:.0f} minutes,"
            f" last {age_s:.0f} s ago"
        )
        if status.waiting_for is None:
            state, detail = "crashing", f"{restarts}: {_why_it_ended(status, mine)}"
        else:
            detail = f"{detail}; {restarts}"
    faults = _faults(status)
    if faults:
        detail = f"{faults}; {detail}" if detail else faults
        state = "faulty" if state == "running" else state
    part = {"name": f"{status.service} {status.instance}", "state": state, "detail": detail}
    if state == "crashing" and _has_not_looked(status):
        part[UNREAD] = "it has not looked through its files since: lines in them may be unread"
    return part


def _has_not_looked(status: ServiceStatus) -> bool:
    """Whether a shipper has yet to look at some of its files since it was started."""
    return status.looked_ns is not None and status.looked_ns < status.started_ns


def _faults(status: ServiceStatus) -> str:
    """Which faults of logboom's own its texts met; nothing when they met none."""
    counts = {
        name.removeprefix(FAULTS): texts
        for name, texts in status.counters.items()
        if name.startswith(FAULTS) and texts
    }
    if not counts:
        return ""
    kinds = ", ".join(sorted(counts, key=lambda kind: (-counts[kind], kind))[:_MOST_KINDS])
    return (
        f"{sum(counts.values()):,.0f} texts met a fault of logboom's own ({kinds}) and became plain"
        " events, tagged fault: its log has the trace"
    )


def _reason(status: ServiceStatus) -> str:
    return status.waiting_for or next(iter(status.errors), "")


def _why_it_ended(status: ServiceStatus, mine: Sequence[ServiceStatus]) -> str:
    """What ended it the last time; or what one before it waited for, if that is all that is known."""
    waited = sorted((s.at_ns, s.waiting_for) for s in mine if s.waiting_for is not None)
    return status.ended or (waited[-1][1] if waited else "its log says why")


def _last_reason(mine: Sequence[ServiceStatus]) -> str:
    """The latest that a service or one before it has said of itself."""
    newest_first = sorted(mine, key=lambda status: status.at_ns, reverse=True)
    return next((reason for status in newest_first if (reason := _reason(status))), "")
