"""Does this text carry a stack trace, and of which exception?"""

from __future__ import annotations

import re

from shipper.parsers.port import Fields

_JVM_HEAD = re.compile(
    r"^(?:Exception in thread \"[^\"\n]*\" |.*?\b)?((?:[a-z_$][\w$]*\.)+[A-Z][\w$]*)(?:: ([^\n]*))?\n(?:\s+at |\t?\.\.\. \d+ more)",
    re.MULTILINE,
)
_JVM_FRAME = re.compile(r"^\s+at [\w$.<>/@-]+\([^)\n]*\)", re.MULTILINE)
_PYTHON_LAST = re.compile(r"^([A-Za-z_][\w.]*)(?:: ((?:.|\n)*))?\Z")
_NODE_HEAD = re.compile(
    r"^(?:Uncaught )?(\w*(?:Error|Exception))(?: \[\w+\])?(?:: ([^\n]*))?\n\s+at ", re.MULTILINE
)
_GO_HEAD = re.compile(r"^(panic|fatal error): ([^\n]*)\n(?:.|\n)*?^goroutine \d+ \[", re.MULTILINE)
_TRACEBACK = "Traceback (most recent call last):"


def extract_error(text: str) -> Fields | None:
    """Finds a stack trace in the text of an event.

    Returns:
        `error.type`, `error.message` (where there is one) and `error.stack_trace`, or None.
    """
    if "\n" not in text:
        return None
    if _TRACEBACK in text:
        return _python(text)
    if "\n\tat " in text or "\n    at " in text or "\n   at " in text or "\n  at " in text:
        return _at_frames(text)
    return _go(text) if "\ngoroutine " in text else None


def _fields(kind: str, message: str | None, trace: str) -> Fields:
    fields: Fields = {"error.type": kind, "error.stack_trace": trace}
    if message:
        fields["error.message"] = message
    return fields


def _at_frames(text: str) -> Fields | None:
    for head in (_NODE_HEAD, _JVM_HEAD):
        match = head.search(text)
        if match is not None:
            return _fields(match[1], match[2], text[match.start(1) :])
    frame = _JVM_FRAME.search(text)
    return None if frame is None else {"error.stack_trace": text[frame.start() :]}


def _python(text: str) -> Fields | None:
    trace = text[text.index(_TRACEBACK) :]
    last = trace[trace.rindex(_TRACEBACK) :].split("\n")[1:]
    for number, line in enumerate(last):
        if line and not line[0].isspace() and not line.startswith(("|", "+")):
            match = _PYTHON_LAST.match("\n".join(last[number:]).rstrip())
            if match is not None:
                return _fields(match[1], match[2], trace)
            break
    return {"error.stack_trace": trace}


def _go(text: str) -> Fields | None:
    match = _GO_HEAD.search(text)
    return None if match is None else _fields(match[1], match[2], text[match.start() :])
