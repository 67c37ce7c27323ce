"""Which names and values may be remembered?"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from logboom.errors import StateRefused
from logboom.state.port import Write

MOST_WRITES = 10_000
MOST_LISTED = 10_000
_MOST_KEY_BYTES = 400
_MOST_VALUE_BYTES = 256 * 2**10
_KIND = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_name(kind: str, key: str) -> None:
    """Sees that a record can be called so.

    Raises:
        StateRefused: It cannot.
    """
    check_kind(kind)
    if not key:
        raise StateRefused("a record needs a key", where=kind)
    check_part(kind, key)


def check_kind(kind: str) -> None:
    """Sees that a kind can be called so.

    Raises:
        StateRefused: It cannot.
    """
    if not _KIND.match(kind):
        raise StateRefused(
            f"{kind[:80]!r} is no kind of record",
            mend="use at most 64 lower case letters, digits, _ and -",
        )


def check_deletions(kind: str, keys: Collection[str]) -> None:
    """Sees that so many records can be forgotten at once, and can be called so.

    Raises:
        StateRefused: They cannot.
    """
    check_kind(kind)
    if len(keys) > MOST_WRITES:
        raise StateRefused(f"{len(keys)} deletions at once are more than {MOST_WRITES}")
    for key in keys:
        check_name(kind, key)


def check_part(kind: str, part: str) -> None:
    """Sees that a key can begin so.

    Raises:
        StateRefused: It cannot.
    """
    try:
        size = len(part.encode())
    except UnicodeEncodeError as error:
        raise StateRefused(f"{part[:80]!r} cannot be written in UTF-8", where=kind) from error
    if size > _MOST_KEY_BYTES:
        raise StateRefused(
            f"the key {part[:40]!r}… has {size} bytes, more than {_MOST_KEY_BYTES}", where=kind
        )
    if _CONTROL.search(part):
        raise StateRefused(f"the key {part[:80]!r} has control characters", where=kind)


def check_limit(limit: int) -> None:
    """Sees that so many records may be listed at once.

    Raises:
        StateRefused: They may not.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise StateRefused(f"{limit} records cannot be listed at once", mend=f"1 to {MOST_LISTED}")


def encoded(kind: str, key: str, value: Mapping[str, Any]) -> bytes:
    """A value as JSON.

    Raises:
        StateRefused: It is none, or too long.
    """
    where = f"{kind} {key}"
    try:
        content = orjson.dumps(value if isinstance(value, dict) else dict(value))
    except (TypeError, ValueError) as error:  # orjson's own error is a TypeError
        raise StateRefused(f"the value is not JSON: {error}", where=where) from error
    if len(content) > _MOST_VALUE_BYTES:
        raise StateRefused(
            f"the value has {len(content)} bytes, more than {_MOST_VALUE_BYTES}", where=where
        )
    return content


def check_writes(writes: Sequence[Write]) -> list[bytes]:
    """The values of many writes as JSON.

    Raises:
        StateRefused: There are too many, or one of them is out of bounds, or there twice.
    """
    if len(writes) > MOST_WRITES:
        raise StateRefused(f"{len(writes)} writes at once are more than {MOST_WRITES}")
    seen: set[tuple[str, str]] = set()
    for write in writes:
        check_name(write.kind, write.key)
        if (write.kind, write.key) in seen:
            raise StateRefused("is written twice at once", where=f"{write.kind} {write.key}")
        seen.add((write.kind, write.key))
    return [encoded(write.kind, write.key, write.value) for write in writes]
