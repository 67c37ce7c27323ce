"""Is this a log, going by its first bytes?"""

from __future__ import annotations

import re

_KINDS: dict[bytes, str] = {
    b"\xfd7zXZ": "it is compressed by xz",
    b"BZh": "it is compressed by bzip2",
    b"PK\x03\x04": "it is a zip archive",
    b"\x7fELF": "it is a program",
    b"\x89PNG": "it is a picture",
    b"\xff\xd8\xff": "it is a picture",
    b"GIF87a": "it is a picture",
    b"GIF89a": "it is a picture",
    b"%PDF-": "it is a PDF document",
    b"7z\xbc\xaf\x27\x1c": "it is a 7-Zip archive",
    b"\x04\x22\x4d\x18": "it is compressed by lz4",
    b"SQLite format 3": "it is a database",
    b"\xff\xfe\0\0": "it is UTF-32, which is not read",
}
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT_BYTES = 4096
_TEXT_NULLS = 0.1
"""A log may hold some NUL bytes; more than this part of its beginning, and it is none."""
_CONTROLS = re.compile(rb"[\x04-\x06\x0e-\x1a\x7f]")
"""Not among them: what separates fields (FIX has SOH), white space, bell, escapes of colours."""
_MOST_CONTROLS = 0.03
"""A log in any encoding has next to none; of random or compressed bytes they are 6.6 %."""
_FEWEST_BYTES = 1024
"""Of less than that, nothing is said by counting: it may be a garbled line before a log."""
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
    if unit > 1 or head.startswith(_UTF_16_MARKS):
        return None
    if text.count(0) <= len(text) * _TEXT_NULLS and not _has_many_controls(text):
        return None
    return "it is no text" + _hint(head[:_LOOKED_AT_BYTES])


def _has_many_controls(text: bytes) -> bool:
    """Control characters all over it, also in its second half: not just a garbled beginning."""
    if len(text) < _FEWEST_BYTES:
        return False
    halves = (text, text[len(text) // 2 :])
    return all(len(_CONTROLS.findall(part)) > len(part) * _MOST_CONTROLS for part in halves)


def _hint(head: bytes) -> str:
    for side, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        nulls = head[side::2].count(0)
        if nulls > len(head) * _WIDE_NULLS and not head[1 - side :: 2].count(0):
            return f", or it is UTF-16: then say `encoding: {name}`"
    return ""
