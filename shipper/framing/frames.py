"""What does framing give, and what does every way of framing have in common?"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shipper.parsers.port import Fields

MULTILINE = "multiline"
UNTERMINATED = "unterminated"
INVALID_ENCODING = "invalid_encoding"
NUL_BYTES = "nul_bytes"

ESCAPE = b"\x1b"
"""What begins the codes for a terminal."""

NO_TEXT = (ESCAPE, b"\0")
"""Where one of these is in a buffer, an event's text may differ from its bytes."""

_NULS = re.compile(rb"\A\0+|\0{4,}")
"""What a hole in a file looks like, and what is left of one in front of an event: no text."""

_NULS_OF_LINES = re.compile(rb"^\0+|\0{4,}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what framing may hold back.

    Attributes:
        max_event_bytes: An event that grows beyond this is cut there.
        max_lines: An event with more lines than this is ended there.
    """

    max_event_bytes: int
    max_lines: int


@dataclass(slots=True)
class Frames:
    """The events that a buffer holds, by their first bytes.

    All sequences are equally long.

    Attributes:
        texts: The events' texts, without their last line break.
        starts: First byte of each, as an index into the buffer.
        ends: One past the last byte of each, line breaks included. Events of one stream may
            enclose lines of another, so that spans may overlap.
        lines: Lines in each.
        tags: Index → what is remarkable about that event.
        fields: Index → what a wrapper around the text says about that event.
        consumed: Bytes of the buffer that need not be given again: the next event, or the rest
            that may still grow into one, starts here. No event's span crosses it.
        empty_lines: Lines among the consumed ones that belong to no event.
    """

    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    tags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    fields: dict[int, Fields] = field(default_factory=dict)
    consumed: int = 0
    empty_lines: int = 0


class Framing(Protocol):
    """One way of cutting a source's bytes into events. One object per source; it may learn."""

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """Cuts whatever is certain.

        Args:
            buffer: Bytes of the source, from where the last call's `consumed` ended.
            ended: True when nothing more is to be waited for: also the rest is cut.

        Returns:
            Frames in order. `consumed` is `len(buffer)` when `ended`.
        """
        ...

    def begin_behind(self, first_line: str) -> None:
        """Is told the first line of a source that is read on from its middle, before any `cut`.

        Args:
            first_line: Without its line break. It is no event now.
        """
        ...

    def cut_again(self, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
        """Makes events whose spans are known again, from their bytes alone.

        Args:
            buffer: Bytes of the source.
            spans: First byte of each event, and one past its last, as indices into the buffer.

        Returns:
            The same texts and fields as when the events were cut; `tags` as far as bytes tell.
        """
        ...


class Decoder(Protocol):
    """Bytes of one event → its text, and whether some of them were not in the encoding."""

    def __call__(self, data: bytes) -> tuple[str, bool]:
        """Never raises; bytes that are not in the encoding stay visible as escapes."""
        ...


def without_nuls(data: bytes) -> bytes:
    """Lines without the NUL bytes in front of them, nor longer runs."""
    return _NULS_OF_LINES.sub(b"", data) if b"\0" in data else data


def make_decoder(encoding: str) -> Decoder:
    """A decoder for an encoding that keeps line breaks as single bytes."""

    def decode(data: bytes) -> tuple[str, bool]:
        try:
            return data.decode(encoding), False
        except UnicodeDecodeError:
            return data.decode(encoding, "backslashreplace"), True

    return decode


def is_utf_8(encoding: str) -> bool:
    """True for UTF-8 under any of its names, and for what is a part of it."""
    return codecs.lookup(encoding).name in {"utf-8", "ascii"}


def cut_spans(decode: Decoder, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
    """Events of plain text whose spans are known; see `Framing.cut_again`."""
    frames = Frames(consumed=len(buffer))
    for start, end in spans:
        append(frames, decode, buffer, (start, end), max(1, buffer.count(b"\n", start, end)))
    return frames


def append(
    frames: Frames, decode: Decoder, buffer: bytes, span: tuple[int, int], lines: int,
    tags: Sequence[str] = (),
) -> None:  # fmt: skip
    """Adds one event whose bytes are `buffer[span[0]:span[1]]`."""
    add(frames, decode, buffer[span[0] : span[1]], span, lines, tags)


def add(
    frames: Frames, decode: Decoder, data: bytes, span: tuple[int, int], lines: int,
    tags: Sequence[str] = (),
) -> None:  # fmt: skip
    """Adds one event with these bytes of text."""
    stripped = data.rstrip(b"\r\n")
    marks = tuple(tags)
    if b"\0" in stripped:
        stripped, runs = _NULS.subn(b"", stripped)
        stripped = stripped.rstrip(b"\r\n")
        marks += (NUL_BYTES,) if runs else ()
    marks += (MULTILINE,) if b"\n" in stripped else ()
    text, damaged = decode(stripped)
    if damaged:
        marks += (INVALID_ENCODING,)
    if marks:
        frames.tags[len(frames.texts)] = marks
    frames.texts.append(text)
    frames.starts.append(span[0])
    frames.ends.append(span[1])
    frames.lines.append(lines)
