"""What would be read of a file? Its bytes as the shipper reads them, without following it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shipper.files.content import is_packed
from shipper.files.followed import FollowedFile, ReadState
from shipper.files.kinds import why_binary
from shipper.framing.encodings import MARK_BYTES, actual_encoding, unit_of

_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Look:
    """What the first bytes of a file say.

    Attributes:
        head: The first bytes, decompressed.
        encoding: The one that was named, or that of its byte order mark.
        why_not: What it is, when it is no log; None for a log.
    """

    head: bytes
    encoding: str
    why_not: str | None


def look_at(path: str, encoding: str) -> Look:
    """Looks at the beginning of a file.

    Args:
        path: Of the file.
        encoding: The one that is named for it.

    Raises:
        OSError: When it cannot be read, or is damaged.
    """
    file = FollowedFile(path, 0)
    try:
        head = file.content.pread(_HEAD_BYTES, 0)
        actual, why_not = _what_begins(head, encoding)
        return Look(head, actual, why_not)
    finally:
        file.close()


def look_at_bytes(head: bytes, encoding: str) -> Look:
    """Looks at the beginning of what comes through a pipe, which is not decompressed.

    Args:
        head: The first bytes.
        encoding: The one that is named for them.
    """
    if is_packed(head):
        return Look(head, encoding, "it is compressed: name the file instead")
    actual, why_not = _what_begins(head, encoding)
    return Look(head, actual, why_not)


def _what_begins(head: bytes, encoding: str) -> tuple[str, str | None]:
    actual = actual_encoding(encoding, head[:MARK_BYTES])
    return actual, why_binary(head, unit=unit_of(actual))


def text_size(path: str) -> int:
    """Bytes that offsets in a file count: of what it was compressed from, if it is.

    Raises:
        OSError: When it cannot be read, or is damaged.
    """
    file = FollowedFile(path, 0)
    try:
        return file.size
    finally:
        file.close()


def pieces_of(path: str, encoding: str) -> Iterator[bytes]:
    """All that is in a file now, from its beginning.

    Args:
        path: Of the file.
        encoding: What `look_at` found.

    Raises:
        OSError: When it cannot be read, is damaged, or is overwritten meanwhile.
    """
    file = FollowedFile(path, 0, unit=unit_of(encoding))
    try:
        while (reading := file.read(_PIECE_BYTES)).state is not ReadState.END:
            if reading.state is ReadState.DATA:
                yield reading.data
            elif reading.state in {ReadState.REPLACED, ReadState.BINARY}:
                raise OSError(0, reading.detail or "it was overwritten meanwhile")
    finally:
        file.close()
