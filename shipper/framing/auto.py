"""Where do events begin when nobody says so?

Two sources of knowledge: what a first line looks like in this very file (a time, a level, a brace),
and what never begins an event (an indented line, `Caused by:`, the end of a traceback).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

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
_SHAPE_PATTERNS = tuple(re.compile(shape) for shape in _SHAPES)
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
    """Learns the shape of this source's entries, and knows stack traces."""

    def __init__(self) -> None:
        self._shape: re.Pattern[bytes] | None = None

    def starts(self, lines: Sequence[bytes]) -> list[int]:
        """See `StartRule.starts`."""
        self._learn(lines[0])
        found = [0]
        trace = _trace_begun(lines[0])
        for number in range(1, len(lines)):
            line = lines[number]
            if line[:1] in _INDENTED_OR_EMPTY:
                continue
            if not self._is_entry(line):
                follows, trace = _follow(trace, line)
                if follows or self._shape is not None:
                    continue
            found.append(number)
            trace = _trace_begun(line)
            self._learn(line)
        return found

    def every_line_is_an_event(self, buffer: bytes) -> bool:
        """JSON lines: each begins with a brace, and the last whole one ends with one."""
        last_break = buffer.rfind(b"\n")
        if buffer[:1] != b"{" or last_break < 0:
            return False
        rest = buffer[last_break + 1 : last_break + 2]
        whole_lines = buffer.count(b"\n")
        braces = 1 + buffer.count(b"\n{")
        if braces != whole_lines + (rest != b""):
            return False
        return buffer[max(0, last_break - 2) : last_break].rstrip().endswith(b"}")

    def complete(self, lines: Sequence[bytes]) -> bool:
        """A JSON object on one line is whole."""
        last = lines[-1]
        return len(lines) == 1 and last[:1] == b"{" and last.rstrip()[-1:] == b"}"

    def _is_entry(self, line: bytes) -> bool:
        if line[:1] == b"{":
            return True
        if self._shape is None:
            return False
        if self._shape.match(line) is not None:
            return True
        return _CONTINUES.match(line) is None and _ANY_SHAPE.match(line) is not None

    def _learn(self, line: bytes) -> None:
        """A first line teaches what the entries of this source look like."""
        if self._shape is None or self._shape.match(line) is None:
            fitting = (shape for shape in _SHAPE_PATTERNS if shape.match(line) is not None)
            self._shape = next(fitting, self._shape)


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
