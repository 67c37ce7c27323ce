"""Is this a log, going by its first bytes?"""

from __future__ import annotations

import re

_KINDS: dict[bytes, str] = {
    b"\xfd7zXZ": "it is compressed by xz",
    b"BZh": "it is compressed by bzip2",
    b"PK\x03\x04": "it is a zip archive",
    b"\x7fELF": "it is a program",
    b"\x89PNG": "it is a picture",
    b"SQLite format 3": "it is a database",
    b"\xff\xfe\0\0": "it is UTF-32, which is not read",
}
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT_BYTES = 4096
_TEXT_NULLS = 0.1
"""A log may hold some NUL bytes; more than this part of its beginning, and it is none."""
_WIDE_NULLS = 0.4
"""Western text in UTF-16 has this part of NUL bytes at least, all of them on one side."""


_RUNS = re.compile(rb"\0{64,}+")


def why_binary(head: bytes, *, unit: int = 1) -> str | None:
    """What the first bytes of a file are when they are those of no log; None for a log.

    Runs of NUL bytes are what a truncated log has when its writer kept its old place, or what room
    that was set apart is filled with, so they do not count.

    Args:
        head: The first bytes.
        unit: Bytes of the code units of the encoding that was named.
    """
    text = _RUNS.sub(b"", head[:_LOOKED_AT_BYTES]).lstrip(b"\0")
    for magic, kind in _KINDS.items():
        if text.startswith(magic):
            return kind
    if unit > 1 or head.startswith(_UTF_16_MARKS) or text.count(0) <= len(text) * _TEXT_NULLS:
        return None
    return "it is no text" + _hint(head[:_LOOKED_AT_BYTES])


def _hint(head: bytes) -> str:
    for side, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        nulls = head[side::2].count(0)
        if nulls > len(head) * _WIDE_NULLS and not head[1 - side :: 2].count(0):
            return f", or it is UTF-16: then say `encoding: {name}`"
    return ""
