"""Which files are found and not read, and why? Told in the health; nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from logboom.status import SourceStatus

_NOT_READ = frozenset({"unreadable", "binary"})
_MOST_SHOWN = 5


def files_part(sources: Sequence[SourceStatus]) -> list[dict[str, str]]:
    """One part of the health, or none when everything that is found is read.

    Args:
        sources: Of all shippers.
    """
    left = sorted((s for s in sources if s.state in _NOT_READ), key=lambda source: source.path)
    if not left:
        return []
    shown = [_said(source) for source in left[:_MOST_SHOWN]]
    if len(left) > _MOST_SHOWN:
        shown.append(f"and {len(left) - _MOST_SHOWN} more")
    detail = f"{len(left)} of {len(sources)} are not read: {'; '.join(shown)}"
    return [{"name": "files", "state": "running", "detail": detail}]


def _said(source: SourceStatus) -> str:
    why = source.detail or ("it is binary" if source.state == "binary" else "it cannot be read")
    return f"{source.path} ({why})"
