"""Which exception of a chain is the one that all others came from?"""

from __future__ import annotations

import re
from dataclasses import dataclass

_JAVA_CAUSE = re.compile(r"^[ \t]*Caused by: ", re.MULTILINE)
_JAVA_WRAPPED = re.compile(r"^Wrapped by: ", re.MULTILINE)
_JAVA_SUPPRESSED = re.compile(r"^[ \t]+Suppressed: ", re.MULTILINE)
_NET_CAUSE = re.compile(r"^ *---> (?:\(Inner Exception #\d+\) )?", re.MULTILINE)
_NET_END = re.compile(r"^ +--- End of inner exception stack trace ---", re.MULTILINE)
_NODE_CAUSE = re.compile(r"^[ \t]*\[cause\]: ", re.MULTILINE)
_PYTHON_NEXT = re.compile(
    r"^(?:The above exception was the direct cause of|During handling of the above exception)",
    re.MULTILINE,
)
_PHP_NEXT = re.compile(r"^Next ", re.MULTILINE)
_TYPE = re.compile(r"((?:[A-Za-z_$][\w$]*[.$\\:]{1,2}){0,20}[A-Za-z_$][\w$]{0,200})(?=[:\s(\[]|$)")
_PYTHON_TYPE = re.compile(r"^([A-Za-z_][\w.]{0,200})(?=: |:?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cause:
    """The exception that a trace began with.

    Attributes:
        kind: Its class; None where the trace is that of one exception only.
        trace: The part of the trace that is about it.
    """

    kind: str | None
    trace: str


def root_cause(trace: str) -> Cause:
    """The innermost exception of a chain, or the whole trace where there is no chain."""
    if "Traceback (most recent call last)" in trace:
        return _python(trace)
    trace = trace[: _end(_JAVA_SUPPRESSED, trace)]
    wrapped = _JAVA_WRAPPED.search(trace)
    if wrapped is not None:
        return Cause(None, trace[: wrapped.start()])
    following = _PHP_NEXT.search(trace)
    if following is not None and "Stack trace:" in trace:
        return Cause(None, trace[: following.start()])
    for mark in (_JAVA_CAUSE, _NODE_CAUSE):
        starts = [found.end() for found in mark.finditer(trace)]
        if starts:
            return _from(trace[starts[-1] :])
    return _dot_net(trace)


def _from(part: str) -> Cause:
    found = _TYPE.match(part)
    return Cause(None if found is None else found[1], part)


def _dot_net(trace: str) -> Cause:
    starts = [found.end() for found in _NET_CAUSE.finditer(trace)]
    if not starts:
        return Cause(None, trace)
    inner = trace[starts[-1] :]
    return _from(inner[: _end(_NET_END, inner)])


def _python(trace: str) -> Cause:
    """Python writes the first exception first; its class stands behind its frames."""
    following = _PYTHON_NEXT.search(trace)
    if following is None:
        return Cause(None, trace)
    part = trace[: following.start()]
    kinds = _PYTHON_TYPE.findall(part[part.rfind("\n  ") + 1 :])
    return Cause(kinds[-1] if kinds else None, part)


def _end(mark: re.Pattern[str], text: str) -> int:
    found = mark.search(text)
    return len(text) if found is None else found.start()
