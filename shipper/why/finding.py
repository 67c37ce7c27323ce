"""What is found out about a file?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from logboom.status import LossStatus, ServiceStatus, SourceStatus

Mark = Literal["fine", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what came of it.

    Attributes:
        check: What was looked at, in a word or two.
        mark: `trouble` keeps the file from being read.
        sentence: For people.
    """

    check: str
    mark: Mark
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the status stream says.

    Attributes:
        shippers: Those that were heard of lately and have not stopped.
        sources: All that any shipper tells of.
        losses: All that any shipper could not find again.
        trouble: Why nothing is known; None when the stream was read.
    """

    shippers: Sequence[ServiceStatus] = ()
    sources: Sequence[SourceStatus] = ()
    losses: Sequence[LossStatus] = ()
    trouble: str | None = None


def fine(check: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(check, "fine", sentence)


def note(check: str, sentence: str) -> Finding:
    """Worth knowing."""
    return Finding(check, "note", sentence)


def trouble(check: str, sentence: str) -> Finding:
    """This keeps the file from being read."""
    return Finding(check, "trouble", sentence)
