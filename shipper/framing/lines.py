"""How is a buffer cut when every line is an event?"""

from __future__ import annotations

from itertools import accumulate

from shipper.framing.frames import (
    TRUNCATED,
    UNTERMINATED,
    Frames,
    Limits,
    append,
    make_decoder,
)


class LineFraming:
    """Every line is an event; empty lines are none."""

    def __init__(self, limits: Limits, encoding: str) -> None:
        self._limits = limits
        self._encoding = encoding
        self._decode = make_decoder(encoding)

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        cut = buffer.rfind(b"\n") + 1
        frames = self._whole_lines(buffer, cut)
        self._rest(frames, buffer, cut, ended=ended)
        return frames

    def _whole_lines(self, buffer: bytes, cut: int) -> Frames:
        frames = Frames(consumed=cut)
        if not cut:
            return frames
        lines = buffer[: cut - 1].split(b"\n")
        ends = [end + number for number, end in enumerate(accumulate(map(len, lines)), 1)]
        starts = [0, *ends[:-1]]
        if self._decoded_at_once(frames, lines, buffer[: cut - 1]):
            frames.starts, frames.ends, frames.lines = starts, ends, [1] * len(lines)
            return frames
        for line, start, end in zip(lines, starts, ends, strict=True):
            if not line or line == b"\r":
                frames.empty_lines += 1
            else:
                self._pieces(frames, buffer, start, end)
        return frames

    def _decoded_at_once(self, frames: Frames, lines: list[bytes], text: bytes) -> bool:
        """The usual case: no empty, no overlong and no CRLF line, and all well encoded."""
        if b"" in lines or b"\r" in text or max(map(len, lines)) > self._limits.max_event_bytes:
            return False
        try:
            frames.texts = text.decode(self._encoding).split("\n")
        except UnicodeDecodeError:
            return False
        return len(frames.texts) == len(lines)

    def _pieces(self, frames: Frames, buffer: bytes, start: int, end: int) -> None:
        limit = self._limits.max_event_bytes
        while end - start > limit + 1:
            append(frames, self._decode, buffer, (start, start + limit), 0, (TRUNCATED,))
            start += limit
        append(frames, self._decode, buffer, (start, end), 1)

    def _rest(self, frames: Frames, buffer: bytes, start: int, *, ended: bool) -> None:
        limit = self._limits.max_event_bytes
        while len(buffer) - start > limit:
            append(frames, self._decode, buffer, (start, start + limit), 0, (TRUNCATED,))
            start += limit
        if ended and start < len(buffer):
            append(frames, self._decode, buffer, (start, len(buffer)), 1, (UNTERMINATED,))
            start = len(buffer)
        frames.consumed = max(frames.consumed, start)
