"""Where do events begin when nobody says so?

Two sources of knowledge: what a first line looks like in this very file (a time, a level, a brace),
and what never begins an event (an indented line, `Caused by:`, the end of a traceback).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from shipper.framing.rules import Walker

_SHAPES: tuple[bytes, ...] = (
    rb"[\[(<\"']?\d{4}[-/.]\d\d[-/.]\d\d[T \]_:]",
    rb"\[(?:\d|TRACE|DEBUG|INFO|WARN|ERROR|FATAL|[A-Z][a-z]{2} )",
    rb"(?:<\d{1,3}>(?:\d )?)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT)",
    rb"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,39}|[\w.-]+) \S+ \S+ \[\d\d/[A-Z]",
    rb"[IWEF]\d{4} \d\d:\d\d:\d\d\.",
    rb"\d\d:\d\d:\d\d[.,: \]]",
    rb"\d{1,2}/(?:\d{1,2}|[A-Z][a-z]{2})/\d{2,4}[ :]",
    rb"\d{10}(?:\d{3})?(?:[.,]\d+)?[ \t:]",
    rb"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b[ \]:|-]",
    rb"(?:time|ts|t|level|lvl|at|msg)=\S",
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z][a-z]{2} |[A-Z][a-z]{2} \d\d?, \d{4} ",
)
_ANY_SHAPE = re.compile(b"|".join(b"(?:%s)" % shape for shape in _SHAPES))

_CONTINUES = re.compile(
    rb"[}\])]|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|Wrapped by: |at [\w$.<>]+\("
    rb"|During handling of the above exception|The above exception was the direct cause"
    rb"|--- End of |stack backtrace:|note: (?:run with|Some details)|#\d+ |Stack trace:"
)
_INDENTED_OR_EMPTY = frozenset((b" ", b"\t", b"", b"\r"))
_TRACEBACK = b"Traceback (most recent call last):"
_CHAIN = (b"During handling of the above exception", b"The above exception was the direct cause")
_GO_HEAD = re.compile(rb"panic: |fatal error: |SIG[A-Z]+: ")
_GO_BODY = re.compile(
    rb"goroutine \d+ |[\w./*()\[\]{}-]+\(.*\)\r?$|created by |exit status |\[signal "
)


class _Trace(Enum):
    """Which stack trace, if any, the last line was part of."""

    NONE = 0
    PYTHON = 1
    PYTHON_CHAIN = 2
    GO = 3


class AutoRule:
    """Learns whether this source's entries have a shape, and knows stack traces."""

    def __init__(self) -> None:
        self._known = False

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        if text[:1] == b"{" and text.count(b"\n{") == text.count(b"\n"):
            return text.split(b"\n")
        lines = text.split(b"\n")
        walker = self.walker()
        walker.begin(lines[0])
        firsts = [0]
        for number in range(1, len(lines)):
            line = lines[number]
            if line[:1] not in _INDENTED_OR_EMPTY and not walker.follows(line):
                firsts.append(number)
                walker.begin(line)
        stops = [*firsts[1:], len(lines)]
        return [b"\n".join(lines[a:b]) for a, b in zip(firsts, stops, strict=True)]

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        return _AutoWalker(known=self._known)

    def is_complete(self, event: bytes) -> bool:
        """A JSON object on one line is whole."""
        return event[:1] == b"{" and event.rstrip()[-1:] == b"}" and b"\n" not in event

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`."""
        if not self._known:
            self._known = any(_has_shape(event) for event in events)


def _has_shape(line: bytes) -> bool:
    return _ANY_SHAPE.match(line) is not None and _CONTINUES.match(line) is None


class _AutoWalker:
    """Line by line; `known`: entries of this source have a shape."""

    def __init__(self, *, known: bool) -> None:
        self._known = known
        self._trace = _Trace.NONE

    def begin(self, line: bytes) -> None:
        """See `Walker.begin`."""
        self._trace = _trace_begun(line)
        self._known = self._known or _has_shape(line)

    def follows(self, line: bytes) -> bool:
        """See `Walker.follows`."""
        if line[:1] in _INDENTED_OR_EMPTY:
            return True
        if line[:1] == b"{" or _has_shape(line):
            return False
        follows, self._trace = _follow(self._trace, line)
        return follows or self._known


def _trace_begun(line: bytes) -> _Trace:
    if line.startswith(_TRACEBACK):
        return _Trace.PYTHON
    return _Trace.GO if _GO_HEAD.match(line) is not None else _Trace.NONE


def _follow(trace: _Trace, line: bytes) -> tuple[bool, _Trace]:
    """Does a line that is not indented go on with the trace, and where is the trace then?"""
    if line.startswith(_CHAIN):
        return True, _Trace.PYTHON_CHAIN
    if line.startswith(_TRACEBACK):
        return trace is _Trace.PYTHON_CHAIN, _Trace.PYTHON
    if trace is _Trace.PYTHON:  # `Type: message` closes the traceback
        return True, _Trace.NONE
    if trace is _Trace.GO and _GO_BODY.match(line) is not None:
        return True, _Trace.GO
    return _CONTINUES.match(line) is not None, trace
