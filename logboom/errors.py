"""What can go wrong outside of the program, as one exception tree.

Bad data is a value (`logboom.store.Rejected`, a dead letter), never an exception. What is raised is
either one of these classes, each of which says whether trying again can help, or a bug.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import ClassVar


class LogboomError(Exception):
    """The root of every failure that logboom foresees.

    Args:
        what: What went wrong, in one clause that a user understands.
        where: The file, key, address or position it is about.
        mend: What the user can do about it.

    Attributes:
        retryable: True when the same call may succeed later without anybody's help.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """One line: what, where, and how to mend it."""
        text = self.what if self.where is None else f"{self.where}: {self.what}"
        return text if self.mend is None else f"{text} ({self.mend})"


class ConfigError(LogboomError):
    """A configuration, pattern or rule that cannot be used as it stands."""


class UsageError(LogboomError):
    """A command that was called wrongly."""


class QueryError(LogboomError):
    """A query that cannot be understood, or that would cost too much.

    Attributes:
        position: Index into the query's text where the trouble starts, 0-based, in characters;
            None where no single place is to blame.
        suggestion: A query or a phrase that would work, if one is near.
    """

    def __init__(
        self, what: str, *, position: int | None = None, suggestion: str | None = None
    ) -> None:
        self.position = position
        self.suggestion = suggestion
        where = None if position is None else f"query, character {position + 1}"
        super().__init__(what, where=where, mend=suggestion)


class TooManyRows(QueryError):
    """A question about rollups whose answer would have too many rows."""


class BrokerError(LogboomError):
    """The broker could not do what was asked."""


class BrokerUnavailable(BrokerError):
    """The broker does not answer, or asks to come back later."""

    retryable = True


class BrokerRefused(BrokerError):
    """The broker answered, and will never take this: credentials, a missing topic, its limits."""


class EventsTooLarge(BrokerRefused):
    """The broker refuses single events for their size; it has all the others of their batch.

    Attributes:
        positions: Where in the batch the refused ones are, ascending.
        limit_bytes: What the broker takes; None when it does not say.
    """

    def __init__(
        self, what: str, *, positions: Sequence[int], limit_bytes: int | None, where: str
    ) -> None:
        super().__init__(what, where=where)
        self.positions = tuple(positions)
        self.limit_bytes = limit_bytes


class StoreError(LogboomError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store does not answer, or asks to come back later."""

    retryable = True


class StoreRefused(StoreError):
    """The store answered, and will never take this request."""


class DayChanged(StoreError):
    """A day has been written to meanwhile: look at it again, then decide."""

    retryable = True


class ArchiveDamaged(LogboomError):
    """An archive or a backup cannot be read as what its manifest says."""


class StoreDamaged(StoreError):
    """Files of the embedded store cannot be read as what they claim to be."""


class StateError(LogboomError):
    """What services remember could not be read or written."""


class StateUnavailable(StateError):
    """The state does not answer, or asks to come back later."""

    retryable = True


class StateRefused(StateError):
    """The state will never take this: a name or a value out of bounds, rights, a damaged file."""


class StateConflict(StateError):
    """Somebody else has written or deleted the record meanwhile: read it again, then decide."""


class KeyRefused(LogboomError):
    """An API key that cannot be made as it was asked for."""


class KeyTaken(KeyRefused):
    """There is an API key of this name already."""


class NotAllowed(LogboomError):
    """Whoever asks may not have this."""


class ProviderUnavailable(LogboomError):
    """The OpenID Connect provider does not answer as one."""

    retryable = True


class TooBusy(LogboomError):
    """So much is under way already that this has to wait."""

    retryable = True


class DiskFull(LogboomError):
    """A file could not be written for want of room. Work goes on when there is room again."""

    retryable = True


class RegistryError(LogboomError):
    """The shipper's registry could not be read or written; its checkpoints are kept."""


class RegistryUnavailable(RegistryError):
    """The registry is held by another process, or its disk fails: later it may be usable."""

    retryable = True


class RegistryFull(RegistryUnavailable, DiskFull):
    """There is no room for the registry; nothing was changed."""


class RegistryRefused(RegistryError):
    """The registry cannot be used as it is: rights, another version, damage that was found at work."""


class StateFull(StateUnavailable, DiskFull):
    """There is no room for what services remember; nothing was changed."""


class DeadLettersUnavailable(LogboomError):
    """The file of dead letters cannot be used at the moment."""

    retryable = True


class DeadLettersFull(LogboomError):
    """There are as many dead letters as may be. Work goes on when some of them were sent again."""

    retryable = True


class SpoolFull(LogboomError):
    """What was received cannot be kept now: the spool's bound is reached, or the disk is full.

    The sender has to wait, or to try again. Work goes on when the broker has taken more.
    """

    retryable = True


class AlreadyRunning(LogboomError):
    """Another process holds the folder or the port that this one needs."""


class ServiceUnreachable(LogboomError):
    """A logboom service did not answer over HTTP."""

    retryable = True


class ReceiverError(LogboomError):
    """A receiver of alerts could not be told."""


class ReceiverUnreachable(ReceiverError):
    """It does not answer, or not in time."""

    retryable = True


class ReceiverRefused(ReceiverError):
    """It must not be asked, or will never take this: a private address, a wrong token."""


def is_for_room(error: OSError) -> bool:
    """Whether the file system has no room, or none for us."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}
