"""Are these lines wrapped, when nobody says so? Looked up in every buffer, so that a replay agrees."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shipper.framing.frames import Frames, Framing

_CRI = re.compile(rb"(?:\A|\n)\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) std(?:out|err) [PF]")


class DetectingFraming:
    """Takes the wrapper off where there is one.

    Lines without a wrapper become the same events either way.

    Args:
        plain: For buffers without a wrapped line.
        wrapped: For the others.
    """

    def __init__(self, plain: Framing, wrapped: Framing) -> None:
        self._plain = plain
        self._wrapped = wrapped

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        framing = self._wrapped if may_be_wrapped(buffer) else self._plain
        return framing.cut(buffer, ended=ended)

    def begin_behind(self, first_line: str) -> None:
        """See `Framing.begin_behind`."""
        self._plain.begin_behind(first_line)

    def cut_again(self, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
        """See `Framing.cut_again`."""
        framing = self._wrapped if may_be_wrapped(buffer) else self._plain
        return framing.cut_again(buffer, spans)


def may_be_wrapped(buffer: bytes) -> bool:
    """Whether some line looks like one of a container; a cheap look at all of them."""
    if b"std" not in buffer:
        return False
    if b'"stream":"std' in buffer and b'{"log":"' in buffer:
        return True
    return (b" stdout " in buffer or b" stderr " in buffer) and _CRI.search(buffer) is not None
