"""What may services remember, and how do several of them change it without losing a change?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, Protocol

from logboom.errors import StateConflict


class AnyVersion(Enum):
    """Stands for whatever is kept, also nothing."""

    ANY = "any"


ANY_VERSION: Final = AnyVersion.ANY

Expected = str | AnyVersion | None
"""What a record must be before a write: of this version, anything, or not there (None)."""


@dataclass(frozen=True, slots=True)
class Record:
    """Something remembered.

    Attributes:
        kind: Which sort of thing it is; records of one kind are listed together.
        key: Its name among them.
        value: A JSON object.
        version: Differs after each write, also after a deletion; opaque.
        written_ns: When it was written, ns since the epoch, by the writer's clock.
    """

    kind: str
    key: str
    value: Mapping[str, Any]
    version: str
    written_ns: int


@dataclass(frozen=True, slots=True)
class Write:
    """One of many records to be written.

    Attributes:
        kind: Lower case letters, digits, `_` and `-`; at most 64.
        key: At most 400 bytes in UTF-8, without control characters.
        value: A JSON object of at most 256 KiB.
        expected: What must be there before.
    """

    kind: str
    key: str
    value: Mapping[str, Any]
    expected: Expected = ANY_VERSION


def written(write: Write, answer: Sequence[Record | None]) -> Record:
    """What became of a single write.

    Args:
        write: The only one that was given to `State.put_many`.
        answer: Of that.

    Raises:
        StateConflict: The record was changed by somebody else.
    """
    (record,) = answer
    if record is None:
        raise StateConflict("was changed by somebody else", where=f"{write.kind} {write.key}")
    return record


class State(Protocol):
    """What services remember. Every answered write is durable, and is seen by all processes."""

    @property
    def address(self) -> str:
        """Where it is, for messages to people; without secrets."""
        ...

    async def get(self, kind: str, key: str) -> Record | None:
        """The record as last written by anybody, or None.

        Raises:
            StateUnavailable: Ask again later.
            StateRefused: The names are out of bounds, or the state cannot be used.
        """
        ...

    async def put(
        self, kind: str, key: str, value: Mapping[str, Any], *, expected: Expected = ANY_VERSION
    ) -> Record:
        """Writes a record; see `Write` for the bounds.

        Args:
            kind: Of the record.
            key: Of the record.
            value: Replaces what was there.
            expected: The version that was read; None: it must be new.

        Returns:
            The record with its new version.

        Raises:
            StateConflict: What is there is not what was expected; nothing was written.
            StateUnavailable: It may or may not be written; read it again.
            StateRefused: Names or value are out of bounds, or the state cannot be used.
            StateFull: There is no room.
        """
        ...

    async def put_many(self, writes: Sequence[Write]) -> Sequence[Record | None]:
        """Writes many records at once: each for itself, not all or nothing.

        Args:
            writes: At most 10,000, no record twice.

        Returns:
            One answer per write, in their order: the new record, or None where something else was
            there than expected.

        Raises:
            StateUnavailable: Any of them may or may not be written.
            StateRefused: Names or values are out of bounds (nothing was written), or the state
                cannot be used.
            StateFull: There is no room.
        """
        ...

    async def delete(
        self, kind: str, key: str, *, expected: str | Literal[AnyVersion.ANY] = ANY_VERSION
    ) -> bool:
        """Forgets a record; True when there was one.

        Raises:
            StateConflict: It is not of the version expected; nothing was deleted.
            StateUnavailable: It may or may not be deleted.
            StateRefused: The names are out of bounds, or the state cannot be used.
            StateFull: There is no room.
        """
        ...

    async def delete_many(self, kind: str, versions: Mapping[str, str]) -> int:
        """Forgets many records of one kind at once: each for itself, not all or nothing.

        Args:
            kind: Of the records.
            versions: What must be there, by key; at most 10,000. What was changed or deleted since
                stays as it is.

        Returns:
            How many were forgotten.

        Raises:
            StateUnavailable: Any of them may or may not be deleted.
            StateRefused: Names are out of bounds (nothing was deleted), or the state cannot be used.
            StateFull: There is no room.
        """
        ...

    async def list(
        self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[Record]:
        """Records of one kind by key (in the order of its bytes), all answered writes included.

        Args:
            kind: Of the records.
            prefix: How their keys begin.
            after: Only keys behind this one: the last key of the page before.
            limit: At most so many, 1 to 10,000.

        Raises:
            StateUnavailable: Ask again later.
            StateRefused: Names or limit are out of bounds, or the state cannot be used.
        """
        ...

    async def close(self) -> None:
        """Lets go of all resources. Idempotent."""
        ...
