"""What does framing give, and what does every way of framing have in common?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

MULTILINE = "multiline"
TRUNCATED = "truncated"
UNTERMINATED = "unterminated"
INVALID_ENCODING = "invalid_encoding"


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
    """The events that a buffer holds, in order; all sequences but `tags` are equally long.

    Attributes:
        texts: The events' texts, without their last line break.
        starts: First byte of each, as an index into the buffer.
        ends: One past the last byte of each, line breaks included.
        lines: Lines in each.
        tags: Index → what is remarkable about that event.
        consumed: Bytes of the buffer that need not be given again: the next event, or the rest
            that may still grow into one, starts here.
        empty_lines: Lines among the consumed ones that belong to no event.
    """

    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    tags: dict[int, tuple[str, ...]] = field(default_factory=dict)
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


class Decoder(Protocol):
    """Bytes of one event → its text, and whether some of them were not in the encoding."""

    def __call__(self, data: bytes) -> tuple[str, bool]:
        """Never raises; bytes that are not in the encoding stay visible as escapes."""
        ...


def make_decoder(encoding: str) -> Decoder:
    """A decoder for an encoding that keeps line breaks as single bytes."""

    def decode(data: bytes) -> tuple[str, bool]:
        try:
            return data.decode(encoding), False
        except UnicodeDecodeError:
            return data.decode(encoding, "backslashreplace"), True

    return decode


def append(
    frames: Frames, decode: Decoder, buffer: bytes, span: tuple[int, int], lines: int,
    tags: Sequence[str] = (),
) -> None:  # fmt: skip
    """Adds one event whose bytes are `buffer[span[0]:span[1]]`."""
    start, end = span
    text, damaged = decode(buffer[start:end].rstrip(b"\r\n"))
    marks = tuple(tags) + ((MULTILINE,) if lines > 1 else ())
    if damaged:
        marks += (INVALID_ENCODING,)
    if marks:
        frames.tags[len(frames.texts)] = marks
    frames.texts.append(text)
    frames.starts.append(start)
    frames.ends.append(end)
    frames.lines.append(lines)
