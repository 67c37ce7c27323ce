"""Which log is read first when several came from one by rotation? The oldest."""

from __future__ import annotations

from shipper.files.names import is_numbered_name, is_rotated_name, root_path
from shipper.reading.sources import Source

_MOST_MEMBERS = 64
_PATIENCE_S = 10.0


class Elders:
    """The sources by the log that they may come from.

    Names are a hint only; what is at stake is the order of lines. So a file waits only for files
    that were changed before it and that are not read to their end.
    """

    def __init__(self) -> None:
        self._families: dict[str, list[Source]] = {}

    def add(self, source: Source) -> None:
        """A source is read from now on."""
        source.root = root_path(source.family)
        source.relatives = self._families.setdefault(source.root, [])
        source.relatives.append(source)

    def remove(self, source: Source) -> None:
        """A source is not read any more."""
        if source in source.relatives:
            source.relatives.remove(source)
        if not source.relatives:
            self._families.pop(source.root, None)

    def has_elder(self, source: Source, now: float) -> bool:
        """True when something older of the same log is to be read before.

        Args:
            source: About to be looked at.
            now: Monotonic seconds; what an elder holds back is not waited for forever, since its
                writer may go on with it.
        """
        root, members = source.root, source.relatives
        if not 1 < len(members) <= _MOST_MEMBERS:
            return False
        is_fresh = source.read_offset == 0 and now - source.found_at < _PATIENCE_S
        waiting = [
            other
            for other in members
            if other is not source and (other.is_behind or (is_fresh and other.pending))
        ]
        if not waiting:
            return False
        numbers_count = any(member.path == root for member in members)
        return any(
            _is_before(other, source, root, numbers_count=numbers_count) for other in waiting
        )


def _is_before(other: Source, source: Source, root: str, *, numbers_count: bool) -> bool:
    if not _is_rotated(other, root, numbers_count=numbers_count):
        return False
    if not _is_rotated(source, root, numbers_count=numbers_count):
        return True
    return (other.modified_ns, other.id) < (source.modified_ns, source.id)


def _is_rotated(source: Source, root: str, *, numbers_count: bool) -> bool:
    """True for a log that was moved or copied away, going by its name now.

    ``app-1.log`` and ``app-2.log`` are logs of their own, unless there is an ``app.log`` as well.
    """
    folder, _, name = root.rpartition("/")
    here, _, its = source.path.rpartition("/")
    if here != folder:
        return True
    return is_rotated_name(name, its) and (numbers_count or not is_numbered_name(name, its))
