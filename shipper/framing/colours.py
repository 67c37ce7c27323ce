"""Which bytes only tell a terminal how to show a text? They are no part of it.

Source: ECMA-48, select graphic rendition and erase in line; what loggers write for a terminal.
"""

from __future__ import annotations

import re

from shipper.framing.frames import ESCAPE, Decoder, make_decoder

_CODE = r"\x1b(?:\[[0-9;:]{0,32}[mK]|\(B)"
_IN_BYTES = re.compile(_CODE.encode())
_IN_TEXT = re.compile(_CODE)


def make_plain_decoder(encoding: str) -> Decoder:
    """A decoder whose texts are without such bytes."""
    decode_all = make_decoder(encoding)

    def decode(data: bytes) -> tuple[str, bool]:
        text, damaged = decode_all(data)
        return (_IN_TEXT.sub("", text) if "\x1b" in text else text), damaged

    return decode


def without_colours(data: bytes) -> bytes:
    """Lines without such bytes."""
    return _IN_BYTES.sub(b"", data) if ESCAPE in data else data
