"""Does this text carry a stack trace, and of which exception?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from shipper.parsers.port import Fields

_MOST_LINES = 50
_LONGEST_LINE = 1000

_AT = re.compile(r"\n[ \t]++(?:at |\.\.\. \d+ (?:more|common|lines))")
_TYPE = re.compile(
    r"(?:Exception in thread \"[^\"]*+\" |Unhandled exception\. |Uncaught |Caused by: |\[)?"
    r"((?:[A-Za-z_$][\w$]*+[.$])*+[A-Za-z_$][\w$]*+)(?: \[(\w+)\])?(?:: |$)"
)
_INLINE_TYPE = re.compile(r"(?<![\w.$])((?:[\w$]++\.)*+[A-Z][\w$]*+)(?=: |$)")
_IS_ERROR = re.compile(
    r".*(?:Error|Exception|Throwable|Failure|Fault|Interrupt|Abort|Death)$|.+\.[A-Z]\w*$"
)
_INNER = re.compile(r"\n[ \t]*+--->|\] \{\n|\n[ \t]++Suppressed: ")

_TRACEBACK = "Traceback (most recent call last):"
_TRACEBACKS = re.compile(rf"^(?:  \+ Exception Group )?{re.escape(_TRACEBACK)}", re.MULTILINE)
_PYTHON_LAST = re.compile(r"([A-Za-z_][\w.]*+)(?:: |:?$)")
_PYTHON_CRASH = re.compile(r"^Fatal Python error: (.*)", re.MULTILINE)
_CPP = re.compile(
    r"^terminate called after throwing an instance of '([^'\n]++)'\n {2}what\(\):  (.*)",
    re.MULTILINE,
)
_GO = re.compile(r"^(panic|fatal error): (.*)", re.MULTILINE)
_GO_DUMP = re.compile(r"^goroutine \d+ (?:[gm]p?=\w+ ){0,3}\[", re.MULTILINE)
_RUST = re.compile(r"^thread '[^'\n]*+' (?:\(\d+\) )?panicked at ", re.MULTILINE)
_RUST_END = re.compile(r"^(?:stack backtrace:|note: )", re.MULTILINE)
_RUBY = re.compile(r"^(?:<internal:|[A-Za-z]:)?[^ :\n]++:\d+:in [`'][^'\n]*+': (.*)", re.MULTILINE)
_RUBY_TYPE = re.compile(r"(.*) \(([A-Z][\w:]*+)\)$")
_RUBY_LOGGED = re.compile(
    r" \(([A-Z][\w:]*+)\)\n(?=(?:<internal:|[A-Za-z]:)?[^ :\n]++:\d+:in [`'][^'\n]*+'(?:\n|\Z))"
)
_RUBY_LOGGER = re.compile(r"[DIWEFA], \[[^\]\n]*+\] {1,2}[A-Z]++ -- [^:\n]*+: ")
_PHP = re.compile(
    r"(?:Uncaught (?:exception ')?|^Next |^)([A-Z][\w\\]*+)'?(?:: | with message ')", re.MULTILINE
)
_PHP_MERE = frozenset({"Warning", "Notice", "Deprecated"})
"""What PHP says before a message that is about no error; Xdebug adds a trace to it."""
_PHP_PLACE = re.compile(r"'? in [^ \n]*?\.php(?::\d+|\(\d+\))")
_SANITIZER = re.compile(
    r"^(?:==\d+==(?:ERROR|WARNING)|WARNING): (\w+Sanitizer): (.*)", re.MULTILINE
)
_UNDEFINED = re.compile(r"^[^ :\n]++:\d+:\d+: runtime error: (.*)", re.MULTILINE)
_DART = re.compile(r"^Unhandled exception:\n(?:([A-Z]\w*+): )?(.*)", re.MULTILINE)
_ELIXIR = re.compile(r"^\*\* \(([A-Z][\w.]*+|exit|throw|EXIT)\) (.*)", re.MULTILINE)
_ERLANG = re.compile(
    r"with exit value:\n\{+(\w+)|^\*\* exception (?:error|exit|throw): (\w+)", re.MULTILINE
)


def extract_error(text: str) -> Fields | None:
    """Finds a stack trace in the text of an event.

    Returns:
        `error.type`, `error.message` (where there is one) and `error.stack_trace`, or None.
    """
    if "\n" not in text:
        return None
    for marker, read in _LANGUAGES:
        if marker in text:
            found = read(text)
            if found is not None:
                return found
    return None


def _fields(kind: str | None, message: str | None, trace: str) -> Fields:
    fields: Fields = {"error.stack_trace": trace}
    if kind:
        fields["error.type"] = kind
    if message and message.strip():
        fields["error.message"] = message.strip()
    return fields


def _python(text: str) -> Fields:
    """The last exception of a chain is the one that was not handled."""
    first, *others = [match.start() for match in _TRACEBACKS.finditer(text)] or [
        text.index(_TRACEBACK)
    ]
    last = others[-1] if others else first
    trace = text[first:]
    gutter = "  | " if text.startswith("  + ", last) else ""
    place = text.index("\n", last) + 1 if "\n" in text[last:] else len(text)
    for line in text[place:].split("\n"):
        own = line.removeprefix(gutter)
        if own[:1].strip() and (not gutter or own != line):
            match = _PYTHON_LAST.match(own)
            if match is None:
                break
            whole = own[match.end() :] if gutter else text[place + match.end() :]
            return _fields(match[1], whole, trace)
        place += len(line) + 1
    return _fields(None, None, trace)


def _python_crash(text: str) -> Fields | None:
    match = _PYTHON_CRASH.search(text)
    if match is None:
        return None
    return _fields("Fatal Python error", match[1], text[match.start() :])


def _cpp(text: str) -> Fields | None:
    match = _CPP.search(text)
    return None if match is None else _fields(match[1], match[2], text[match.start() :])


def _at_frames(text: str) -> Fields | None:
    """Java, Kotlin, Scala, .NET and JavaScript: the exception stands in front of its frames."""
    frame = _AT.search(text)
    if frame is None:
        return None
    for begin, line in _lines_before(text, frame.start()):
        match = _TYPE.match(line)
        if match is None or not _is_error(match[1], match[2]):
            match = next((m for m in _INLINE_TYPE.finditer(line) if _IS_ERROR.match(m[1])), None)
        if match is not None:
            message = text[begin + match.end() : frame.start()].removeprefix(": ")
            inner = _INNER.search(message)
            message = message[: inner.start()] if inner is not None else message
            return _fields(match[1], message, text[begin + match.start(1) :])
    return {"error.stack_trace": text[frame.start() + 1 :]}


def _is_error(name: str, in_brackets: str | None) -> bool:
    """Node.js writes the class in brackets behind a name of one's own, or a code behind the class."""
    return any(_IS_ERROR.match(kind) is not None for kind in (name, in_brackets or ""))


def _lines_before(text: str, end: int) -> Iterator[tuple[int, str]]:
    """Lines in front of a place, the nearest first; of long ones only the begin."""
    for _ in range(_MOST_LINES):
        begin = text.rfind("\n", 0, end) + 1
        if not text[begin : begin + 1].isspace():
            yield begin, text[begin : min(end, begin + _LONGEST_LINE)]
        if begin == 0:
            return
        end = begin - 1


def _go(text: str) -> Fields | None:
    match = _GO.search(text)
    if match is None:
        dump = _GO_DUMP.search(text)
        return None if dump is None else {"error.stack_trace": text[dump.start() :]}
    stop = text.find("\n\ngoroutine ", match.start(2))
    message = text[match.start(2) : stop] if stop >= 0 else match[2]
    return _fields(match[1], message.split("\n[signal ")[0], text[match.start() :])


def _rust(text: str) -> Fields | None:
    match = _RUST.search(text)
    if match is None:
        return None
    head, _, rest = text[match.end() :].partition("\n")
    stop = _RUST_END.search(rest)
    message = rest[: stop.start()] if stop is not None else rest
    if head.startswith("'"):  # before Rust 1.73 the message stood in the same line
        message = head[1:].rpartition("', ")[0]
    return _fields("panic", message, text[match.start() :])


def _ruby(text: str) -> Fields | None:
    match = _RUBY.search(text)
    kind = None if match is None else _RUBY_TYPE.match(match[1])
    if match is None or kind is None:
        return None
    return _fields(kind[2], kind[1], text[match.start() :])


def _ruby_logged(text: str) -> Fields | None:
    """As Ruby's Logger writes an exception: its class behind the message, and frames alone."""
    match = _RUBY_LOGGED.search(text)
    if match is None:
        return None
    head = _RUBY_LOGGER.match(text)
    begin = text.rfind("\n", 0, match.start()) + 1 if head is None else head.end()
    return _fields(match[1], text[begin : match.start()], text[begin:])


def _php(text: str) -> Fields | None:
    stop = text.find("\nStack trace:")
    match = next((m for m in _PHP.finditer(text, 0, stop) if m[1] not in _PHP_MERE), None)
    if match is None:
        return None
    place = _PHP_PLACE.search(text, match.end(), stop)
    message = text[match.end() : place.start() if place is not None else stop]
    return _fields(match[1], message, text[match.start(1) :])


def _sanitizer(text: str) -> Fields | None:
    match = _SANITIZER.search(text)
    if match is None:
        return None
    kind = match[2].split(" on ", 1)[0].split(" (", 1)[0]
    return _fields(f"{match[1]}: {kind}", match[2], text[match.start() :])


def _undefined(text: str) -> Fields | None:
    match = _UNDEFINED.search(text)
    if match is None:
        return None
    return _fields("UndefinedBehaviorSanitizer", match[1], text[match.start() :])


def _dart(text: str) -> Fields | None:
    match = _DART.search(text)
    return None if match is None else _fields(match[1], match[2], text[match.start() :])


def _elixir(text: str) -> Fields | None:
    match = _ELIXIR.search(text)
    return None if match is None else _fields(match[1], match[2], text[match.start() :])


def _erlang(text: str) -> Fields | None:
    match = _ERLANG.search(text)
    if match is None:
        return None
    return _fields(match[1] or match[2], None, text)


_LANGUAGES: tuple[tuple[str, Callable[[str], Fields | None]], ...] = (
    (_TRACEBACK, _python),
    ("Fatal Python error: ", _python_crash),
    ("terminate called after ", _cpp),
    ("Sanitizer: ", _sanitizer),
    (": runtime error: ", _undefined),
    ("panicked at ", _rust),
    ("goroutine ", _go),
    ("\nStack trace:", _php),
    ("Unhandled exception:\n", _dart),
    ("\tfrom ", _ruby),
    (":in ", _ruby_logged),
    (" at ", _at_frames),
    ("\tat ", _at_frames),
    ("** (", _elixir),
    ("with exit value:", _erlang),
    ("** exception ", _erlang),
)
