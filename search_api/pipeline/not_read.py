"""Which files are found and not read, or gone with an unknown end? Told in the health; nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from logboom.status import SourceStatus

_NOT_READ = frozenset({"unreadable", "binary"})
_MOST_SHOWN = 5
_NEWS_S = 24 * 3600.0


def files_part(sources: Sequence[SourceStatus], now_ns: int) -> list[dict[str, str]]:
    """One part of the health, or none when everything that is found is read.

    Args:
        sources: Of all shippers.
        now_ns: The present, ns since the epoch: what is gone is told for a day.
    """
    left = [source for source in sources if source.state in _NOT_READ]
    gone = [s for s in sources if s.state == "vanished" and (now_ns - s.at_ns) / 1e9 < _NEWS_S]
    details: list[str] = []
    if left:
        details.append(f"{len(left)} of {len(sources)} are not read: {_listed(left)}")
    if gone:
        details.append(f"{len(gone)} were gone before their end was seen: {_listed(gone)}")
    detail = ". ".join(details)
    return [{"name": "files", "state": "running", "detail": detail}] if details else []


def _listed(sources: Sequence[SourceStatus]) -> str:
    shown = [_said(source) for source in sorted(sources, key=lambda one: one.path)[:_MOST_SHOWN]]
    if len(sources) > _MOST_SHOWN:
        shown.append(f"and {len(sources) - _MOST_SHOWN} more")
    return "; ".join(shown)


def _said(source: SourceStatus) -> str:
    why = source.detail or ("it is binary" if source.state == "binary" else "it cannot be read")
    return f"{source.path} ({why})"
