"""What more is known of files than when they were found?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shipper.reading.sources import Source
from shipper.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Noted:
    """What is to be kept of files for the time after a crash.

    A file that was tiny has more by now to recognise it by; and should it be gone then, it is known
    how much of it was not read.

    Attributes:
        prefixes: Source id → a better fingerprint of the first bytes.
        unread: Those of them of which nothing was read yet.
        seen: Source id → where its file was seen to end.
        seen_guards: Source id → the last bytes before that, of those of which nothing is certain yet.
    """

    prefixes: dict[str, bytes]
    unread: frozenset[str]
    seen: dict[str, int]
    seen_guards: dict[str, bytes]

    def __bool__(self) -> bool:
        return bool(self.prefixes or self.seen)

    def keep_in(self, registry: Registry) -> None:
        """Writes it down.

        Raises:
            RegistryUnavailable: It cannot be written now; nothing was changed.
        """
        registry.look_again(
            prefixes=self.prefixes, unread=self.unread, seen=self.seen, seen_guards=self.seen_guards
        )


def news_of(sources: Iterable[Source]) -> Noted:
    """What was not given before."""
    prefixes: dict[str, bytes] = {}
    unread: set[str] = set()
    seen: dict[str, int] = {}
    guards: dict[str, bytes] = {}
    for source in sources:
        if source.is_noted:
            continue
        prefix, end = source.better_prefix(), source.farther_seen()
        if prefix:
            prefixes[source.id] = prefix
            if not source.read_offset:
                unread.add(source.id)
        if end is not None:
            seen[source.id] = end
            guards[source.id] = source.seen_guard()
    return Noted(prefixes, frozenset(unread), seen, guards)
