"""How do loggers write times, exceptions and messages that are made of parts?

Log4j writes a time as two numbers. Logback, Log4j and structlog write an exception as an object with its
frames. Serilog and Logback write a message as a template, and its values beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from shipper.parsers.port import Fields
from shipper.parsers.templates import render

_MOST_CAUSES = 20
_MOST_FRAMES = 500


def _instant(value: Any) -> Fields | None:  # noqa: ANN401 - JSON
    """Log4j's `instant`."""
    second = value.get("epochSecond") if isinstance(value, dict) else None
    if type(second) is not int or not 0 <= second < 2**33:
        return None
    nano = value.get("nanoOfSecond", 0)
    return {"@timestamp": second * 1_000_000_000 + (nano if type(nano) is int else 0)}


def _java_exception(value: Any) -> Fields | None:  # noqa: ANN401 - JSON
    """Logback's `throwable` and Log4j's `thrown`."""
    kind = _java_type(value)
    if kind is None:
        return None
    fields: Fields = {"error.type": kind, "error.stack_trace": "\n".join(_java_trace(value))}
    if isinstance(value.get("message"), str):
        fields["error.message"] = value["message"]
    return fields


def _java_type(value: Any) -> str | None:  # noqa: ANN401 - JSON
    kind = (value.get("className") or value.get("name")) if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _java_trace(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The lines that Java itself would print."""
    before = ""
    for _ in range(_MOST_CAUSES):
        kind = _java_type(value)
        if kind is None:
            return
        message = value.get("message")
        yield f"{before}{kind}: {message}" if isinstance(message, str) else f"{before}{kind}"
        frames = value.get("stepArray") or value.get("extendedStackTrace")
        if isinstance(frames, list):
            yield from (_java_frame(frame) for frame in frames[:_MOST_FRAMES])
        common = value.get("commonFramesCount") or value.get("commonElementCount")
        if common:
            yield f"\t... {common} more"
        value, before = value.get("cause"), "Caused by: "


def _java_frame(frame: object) -> str:
    if not isinstance(frame, dict):
        return f"\tat {frame}"
    place = frame.get("className") or frame.get("class")
    file = frame.get("fileName") or frame.get("file")
    line = frame.get("lineNumber", frame.get("line"))
    return f"\tat {place}.{frame.get('methodName') or frame.get('method')}({file}:{line})"


def _python_exception(value: Any) -> Fields | None:  # noqa: ANN401 - JSON
    """What structlog's `dict_tracebacks` writes: the exception, then what it came of."""
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        return None
    parts = [part for part in value[:_MOST_CAUSES] if isinstance(part.get("exc_type"), str)]
    if not parts:
        return None
    fields: Fields = {
        "error.type": parts[0]["exc_type"],
        "error.stack_trace": "\n\n".join(map(_python_trace, reversed(parts))),
    }
    if isinstance(parts[0].get("exc_value"), str):
        fields["error.message"] = parts[0]["exc_value"]
    return fields


def _python_trace(part: Mapping[str, Any]) -> str:
    frames = part.get("frames")
    lines = ["Traceback (most recent call last):"]
    for frame in frames[:_MOST_FRAMES] if isinstance(frames, list) else ():
        if isinstance(frame, dict):
            name, line = frame.get("filename"), frame.get("lineno")
            lines.append(f'  File "{name}", line {line}, in {frame.get("name")}')
    return "\n".join([*lines, f"{part['exc_type']}: {part.get('exc_value', '')}"])


OBJECTS: Final[dict[str, Callable[[Any], Fields | None]]] = {
    "instant": _instant, "throwable": _java_exception, "thrown": _java_exception,
    "exception": _python_exception,
}  # fmt: skip
"""Name → what an object, or a list, of that name says; None when it is not of that form."""

_JAVA_PARTS: Final = frozenset({
    "className", "name", "message", "localizedMessage", "stepArray", "extendedStackTrace",
    "commonFramesCount", "commonElementCount", "cause",
})  # fmt: skip
_SAID: Final[Mapping[str, frozenset[str]]] = {
    "instant": frozenset({"epochSecond", "nanoOfSecond"}),
    "throwable": _JAVA_PARTS,
    "thrown": _JAVA_PARTS,
}


def unsaid(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """What an object of `OBJECTS` says beyond what is taken out of it: that stays an attribute."""
    said = _SAID.get(name)
    if said is None or not isinstance(value, dict):
        return value
    return {inner: part for inner, part in value.items() if inner not in said}


COMPOSED: Final = frozenset({"@t", "arguments"})
"""Names that show that an event's message, or its level, depends on other fields."""


def composed(fields: Fields) -> Fields:
    """Fields with the message and the level that an event of Serilog's or Logback's means."""
    if "@t" in fields:
        return _serilog(fields)
    message, arguments = fields.get("message"), fields.get("arguments")
    if isinstance(message, str) and isinstance(arguments, list):
        parts = message.split("{}")
        if 1 < len(parts) <= len(arguments) + 1:
            texts = [*map(str, arguments[: len(parts) - 1]), ""]
            whole = "".join(p + t for p, t in zip(parts, texts, strict=True))
            return {**fields, "message": whole}
    return fields


def _serilog(fields: Fields) -> Fields:
    """Compact events leave out the level that most have, and the message itself."""
    added: Fields = {} if "@l" in fields else {"@l": "Information"}
    template = fields.get("@mt")
    if isinstance(template, str) and "@m" not in fields:
        added["@m"] = render(template, fields, fields.get("@r"))
    return {**added, **fields}
