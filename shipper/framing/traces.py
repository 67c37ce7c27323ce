"""Which lines belong to a stack trace, or a key, when nothing else says where events begin?

Lines that are indented, or blank, always go on with the event before them; this is about the others.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from shipper.framing.crashes import (
    GO_AHEAD,
    GOROUTINE,
    NODE_PLACE,
    RUBY_PLACE,
    is_of_the_line_before,
)

_LONGEST_LINE = 4096
"""A longer line is none of a stack trace."""

_MOST_FREE_LINES = 50
"""Lines of an exception's message, at most."""

_MOST_KEY_LINES = 200
"""Lines of a private key: one of 16,384 bits has some that many."""

CONTINUES = re.compile(
    rb"[}\])]|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|Wrapped by: |at [\w$.<>]++\("
    rb"|During handling of the above exception|The above exception was the direct cause"
    rb"|--- End of |stack backtrace:|note: (?:run with|Some details)|Stack trace:"
    rb"|#\d+ +(?:0x[0-9a-f]|/|\{main\}|\[internal|[\w.$<>:\\-]++ ?\()|<asynchronous suspension>"
    rb"|\(Use `node |Emitted 'error' event (?:on \w+ instance )?at:|Thrown at:|0x[0-9a-f]++: note: pointer points here|ThreadSanitizer: reported |Next [\w\\]*(?:Exception|Error): "
)
"""Lines that never begin an event."""


class Trace(Enum):
    """What the lines before were part of, as far as it decides on the next one."""

    NONE = auto()
    MESSAGE = auto()  # an exception's message of several lines, or a source line, before its frames
    ONE_LINE = auto()  # exactly one more line belongs to it
    PYTHON = auto()
    PYTHON_DONE = auto()  # its exception's line, or a further one of the message, was the last
    PYTHON_CHAIN = auto()
    PYTHON_CRASH = auto()  # of the interpreter itself, or its threads as they are
    GO = auto()
    NODE = auto()
    SANITIZER = auto()
    SANITIZER_SIGNAL = auto()
    SANITIZER_RACE = auto()
    ERLANG = auto()
    RUBY = auto()
    JSON = auto()
    KEY = auto()  # a private key, from its first line to its last


_HEADS = re.compile(
    rb"(?P<PYTHON>Traceback \(most recent call last\):)"
    rb"|(?P<PYTHON_CHAIN>Exception in thread [^\"]|Exception ignored in|During handling of the above"
    rb"|The above exception was the direct|Task exception was never retrieved|future: <)"
    rb"|(?P<PYTHON_CRASH>Fatal Python error: |(?:Current t|T)hread 0x[0-9a-f]++ (?:\[[^]\n]*+\] )?\(most recent)"
    rb"|(?P<GO>panic: |fatal error: |SIG[A-Z]+: |" + GO_AHEAD + rb"|" + GOROUTINE + rb")"
    rb"|(?P<MESSAGE>Exception in thread \"|Caused by: (?!\[))"
    rb"|(?P<NODE>(?:file://)?/[^ :]++:\d+\r?$|" + NODE_PLACE + rb")"
    rb"|(?P<ONE_LINE>Unhandled [eE]xception:\r?$|thread '[^']*+' (?:\(\d+\) )?panicked at [^ ]+:\d+:\d+:\r?$)"
    rb"|(?P<SANITIZER_SIGNAL>\w+Sanitizer:DEADLYSIGNAL)"
    rb"|(?P<SANITIZER>={18,}\r?$|==\d+==(?:ERROR|WARNING): \w+Sanitizer|WARNING: \w+Sanitizer)"
    rb"|(?P<ERLANG>=[A-Z]+ REPORT====)"
    rb"|(?P<RUBY>" + RUBY_PLACE + rb")"
    rb"|(?P<JSON>[{\[]\r?$)"
)
_LOGGED = re.compile(
    rb"Traceback \(most recent call last\):|" + GOROUTINE + rb"|[^ :]++:\d+:in ['`][^'\n]*+'\r?$"
    rb"|(?:[A-Za-z_$][\w$]*+\.)++[A-Z][\w$]*(?:Exception|Error|Throwable)(?:: |:?\r?$)"
)
"""What a trace begins with that a logger writes behind the line of its entry, and hardly anything else."""
_KEY_BEGINS = re.compile(rb"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}\s*+$")
_KEY_BODY = re.compile(
    rb"[A-Za-z0-9+/=]{1,80}+\s*+$|-{4,5} ?END |(?:Proc-Type|DEK-Info|Comment|Subject|Version|Hash): "
)
_PYTHON_LAST = re.compile(rb"[A-Za-z_][\w.]*+(?:: |:?\r?$)")
_PYTHON_CRASH_BODY = re.compile(
    rb"(?:Current t|T)hread 0x[0-9a-f]++ (?:\[[^]\n]*+\] )?\(most recent|Extension modules: "
    rb"|Python runtime state: |Current thread's C stack trace"
)
_GO_BODY = re.compile(
    GOROUTINE
    + rb"|created by |exit status |\[signal |\[recovered|runtime stack:|PC=|runtime: sp=|\.\.\.\d+ frames"
    rb"|(?:r\w{1,5}|eflags|[cfg]s) +0x"
)
_GO_CALL = re.compile(rb"[\w./%~-]++[(\[]")
TRACEBACK = b"Traceback (most recent call last):"
_ANNOUNCES = (b":", b'"""')
"""How a line of a message ends that has the trace of another process or thread behind it."""
_GROUP = b"  + Exception Group Traceback (most recent call last):"
_FRAME = re.compile(rb"\s++(?:at |\.\.\. )")
_NODE_TAIL = re.compile(rb"Node\.js v\d|\(Use `node ")
_SANITIZER_BODY = re.compile(
    rb"==\d+==|(?:READ|WRITE) of size |0x[0-9a-f]+ is located |(?:freed|allocated|created|previously"
    rb"|unlocked) |Thread T\d|SUMMARY: |Shadow byte|=>0x|(?:Direct|Indirect) leak of|Address 0x|HINT: "
    rb"|This frame has|\w+Sanitizer can not|Uninitialized value|WARNING: \w+Sanitizer|Objects leaked"
)
_RULE = re.compile(rb"={18,}\r?$")


class TraceWalker:
    """Follows a stack trace line by line; `previous` is the line before."""

    def __init__(self) -> None:
        self._trace = Trace.NONE
        self._free = 0
        self.previous = b""

    def begin(self, line: bytes) -> None:
        """An event begins with this line."""
        self._trace = Trace.NONE
        self.enter(line)

    def pass_by(self, line: bytes) -> None:
        """This line is indented or blank."""
        self.previous = line
        if self._trace is Trace.MESSAGE and _FRAME.match(line) is not None:
            self._trace = Trace.NONE
        elif self._trace is Trace.NODE and _FRAME.match(line) is not None:
            self._free = 0
        elif self._trace is Trace.ERLANG and not line.strip():
            self._trace = Trace.NONE

    def is_new_group(self, line: bytes) -> bool:
        """Python indents the first line of an exception group's trace, too."""
        return line.startswith(_GROUP) and self._trace is not Trace.PYTHON_CHAIN

    def follows(self, line: bytes) -> bool:
        """Whether a line that is neither indented nor blank goes on with the trace."""
        if len(line) > _LONGEST_LINE:
            return False
        before = self._trace
        follows = self._follows(line)
        if follows and self._trace is before:
            self.enter(line)
        self.previous = line
        return follows

    def is_another(self, line: bytes) -> bool:
        """Whether a trace of Python begins behind one that is over, and nothing announces it."""
        return (
            self._trace is Trace.PYTHON_DONE
            and line.startswith(TRACEBACK)
            and not self.previous.rstrip().endswith(_ANNOUNCES)
        )

    def is_logged(self, line: bytes) -> bool:
        """Whether a trace begins with this line that belongs to the entry before it."""
        if len(line) > _LONGEST_LINE or _LOGGED.match(line) is None:
            return False
        self.enter(line)
        return True

    def enter(self, line: bytes) -> None:
        """Some lines decide on those behind them, wherever they stand."""
        self.previous = line
        if b"PRIVATE KEY" in line and _KEY_BEGINS.search(line) is not None:
            self._trace, self._free = Trace.KEY, _MOST_KEY_LINES
            return
        head = _HEADS.match(line) if len(line) <= _LONGEST_LINE else None
        if head is None or (self._trace is Trace.NODE and self._free):
            return
        self._trace = Trace[str(head.lastgroup)]
        self._free = _MOST_FREE_LINES

    def _follows(self, line: bytes) -> bool:
        trace = self._trace
        if trace is Trace.MESSAGE or (trace is Trace.NODE and self._free):
            self._free = 0 if _NODE_TAIL.match(line) is not None else self._free - 1
            if not self._free and trace is Trace.MESSAGE:
                self._trace = Trace.NONE
            return True
        if trace is Trace.ONE_LINE:
            self._trace = Trace.NONE
            return True
        if trace is Trace.PYTHON and _PYTHON_LAST.match(line) is not None:
            self._trace = Trace.PYTHON_DONE
            return True
        if trace is Trace.PYTHON_CHAIN and line.startswith((b"Traceback (most", b"future: <")):
            return True
        if trace in _SANITIZERS:
            return self._in_report(line)
        return CONTINUES.match(line) is not None or self._is_body(line)

    def _is_body(self, line: bytes) -> bool:
        trace = self._trace
        if trace is Trace.GO:
            return self._is_of_go(line)
        if trace is Trace.PYTHON_CRASH:
            return _PYTHON_CRASH_BODY.match(line) is not None
        if trace is Trace.NODE:
            return _NODE_TAIL.match(line) is not None
        if trace is Trace.KEY:
            self._free = 0 if line.startswith(b"----") else self._free - 1
            self._trace = Trace.KEY if self._free else Trace.NONE
            return _KEY_BODY.match(line) is not None
        if trace is Trace.RUBY:
            head = _HEADS.match(line)
            return head is not None and head.lastgroup == "RUBY" and b": warning: " not in line
        return trace is Trace.ERLANG or (trace is Trace.JSON and line[:1] == b'"')

    def _is_of_go(self, line: bytes) -> bool:
        if line.startswith(b"fatal error: "):
            return is_of_the_line_before(self.previous, line)
        return _GO_BODY.match(line) is not None or (
            self.previous.startswith((b"\t", b"g", b"...", b"runtime stack:"))
            and line.rstrip().endswith(b")")
            and _GO_CALL.match(line) is not None
        )

    def _in_report(self, line: bytes) -> bool:
        trace = self._trace
        if _RULE.match(line) is not None:
            is_first = trace is Trace.SANITIZER_SIGNAL
            self._trace = Trace.SANITIZER if is_first else Trace.NONE
            return trace is not Trace.SANITIZER
        if _SANITIZER_BODY.match(line) is None:
            return False
        if line.startswith(b"SUMMARY: ThreadSanitizer"):
            self._trace = Trace.SANITIZER_RACE
        elif b"==ABORTING" in line:
            self._trace = Trace.NONE
        return True


_SANITIZERS = frozenset({Trace.SANITIZER, Trace.SANITIZER_SIGNAL, Trace.SANITIZER_RACE})
