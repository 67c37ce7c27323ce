"""What does a runtime write of its own accord, when a program ends or an exception is not caught?

No logger has written it, so it is no part of the entry before it. Only a line that ends with a colon
announces it (``the child said:``), as one does that repeats what another process wrote.
"""

from __future__ import annotations

import re

_END = rb"(?=\r?(?:\n|\Z))"
NODE_PLACE = (
    rb"(?:(?:file://)?(?:/|[A-Za-z]:[\\/])[^:\n]{1,500}+(?:(?<=\.[jt]s)|(?<=\.[cm][jt]s)|(?<=\.[jt]sx))"
    rb"|node:[\w/]++|\[(?:eval|stdin|worker eval)\]|evalmachine\.<anonymous>|<anonymous_script>|undefined)"
    rb":\d+" + _END
)
"""Where an exception that Node.js ends with was thrown; the line of source follows."""
GOROUTINE = rb"goroutine \d+ (?:[gm]p?=\w+ ){0,3}\["
GO_AHEAD = rb"runtime: (?:goroutine stack exceeds |program exceeds |failed to create new OS thread )|unexpected fault address "
"""What Go says before its fatal error."""
RUBY_PLACE = rb"(?:<internal:|[A-Za-z]:)?[^ :\n]{1,500}+:\d+:in ['`]"
"""What each frame of Ruby begins with."""

BEGINS = (
    rb"Exception (?:in thread |ignored in)"
    rb"|Fatal Python error: "
    rb"|thread '[^'\n]*+' (?:\(\d+\) )?panicked at "
    rb"|panic: |fatal error: |" + GO_AHEAD +
    rb"|SIG[A-Z]{2,6}: [a-z ]{1,40}+" + _END +
    rb"|" + NODE_PLACE +
    rb"|\(node:\d+\) |(?:error: )?Uncaught (?:\(in promise\) )?[A-Z]\w*+: "
    rb"|" + RUBY_PLACE + rb"[^'\n]*+': [^\r\n]*+(?:(?<=\))|(?<=: unhandled exception))" + _END +
    rb"|Unhandled [eE]xception[.:]|Fatal error[.:] |Stack overflow\." + _END +
    rb"|PHP (?:Fatal error|Parse error|Warning|Notice|Deprecated): "
    rb"|terminate called (?:after|without)|libc\+\+abi: terminating "
)  # fmt: skip
"""How these begin, at the begin of a line."""

_GO_IS_ABOUT_TO_SAY = (b"runtime: ", b"unexpected fault address ")
_IS_NODE_PLACE = re.compile(NODE_PLACE).match
_IS_CARET = re.compile(rb"[ \t]*+\^++\r?$").match


def is_of_the_line_before(previous: bytes, line: bytes) -> bool:
    """Whether a line that looks like the begin of a crash goes on with what the line before says."""
    if previous.rstrip().endswith(b":"):
        return True
    if line.startswith(b"fatal error: "):
        return previous.startswith(_GO_IS_ABOUT_TO_SAY)
    if previous.startswith(b"\tfrom "):
        return True  # the cause of an exception of Ruby
    return _IS_CARET(previous) is not None and _IS_NODE_PLACE(line) is not None


def is_source_ahead(previous: bytes) -> bool:
    """Whether the next line is one of a program's source, whatever it looks like."""
    return _IS_NODE_PLACE(previous) is not None
