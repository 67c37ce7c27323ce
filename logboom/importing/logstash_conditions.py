"""What does a condition of Logstash say as a query?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.importing.filebeat_processors import quoted
from logboom.importing.logstash_scanner import Token
from logboom.importing.logstash_syntax import Comparison, Condition, Joined, Negation

_NAMES = {
    "loglevel": "log.level", "level": "log.level", "severity": "log.level", "logger": "log.logger",
    "host": "host.name", "program": "process.name", "path": "log.file.path",
}  # fmt: skip
_SIGNS = {"==": "", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


def query_of(condition: Condition) -> str | None:
    """A query that is true for the same events; None when there is none.

    Regular expressions are not translated: ours are over words or whole values.
    """
    if isinstance(condition, Negation):
        inner = query_of(condition.inner)
        return None if inner is None else f"NOT ({inner})"
    if isinstance(condition, Joined):
        return _joined(condition)
    return _comparison(condition)


def _joined(condition: Joined) -> str | None:
    words = set(condition.words)
    parts = [query_of(part) for part in condition.parts]
    if len(words) != 1 or not words <= {"and", "or"} or None in parts:
        return None
    return f" {words.pop().upper()} ".join(f"({part})" for part in parts)


def _comparison(condition: Comparison) -> str | None:
    left, right = condition.left, condition.right
    if not condition.sign:
        return f"_exists_:{field_of(left)}" if left.kind == "selector" else None
    if condition.sign == "in":
        return _membership(left, right)
    if left.kind != "selector" or not isinstance(right, Token) or right.kind == "selector":
        return None
    if condition.sign == "!=":
        return f"NOT {field_of(left)}:{_value(right)}"
    sign = _SIGNS.get(condition.sign)
    return None if sign is None else f"{field_of(left)}:{sign}{_value(right)}"


def _membership(left: Token, right: Token | Sequence[Token] | None) -> str | None:
    if isinstance(right, Token):
        whole = right.kind == "selector" and field_of(right) == "tags" and left.kind == "string"
        return f"tags:{_value(left)}" if whole else None
    if left.kind != "selector" or not right or any(token.kind == "selector" for token in right):
        return None
    return f"{field_of(left)}:({' OR '.join(map(_value, right))})"


def field_of(token: Token) -> str:
    """The field that ``[a][b]`` names, in our terms."""
    return field_name(token.text)


def field_name(text: str) -> str:
    """``[a][b]`` or ``a`` as ``a.b``; usual names of Logstash in ECS's."""
    parts = text.strip("[]").split("][")
    name = ".".join(parts)
    return _NAMES.get(name, name)


def _value(token: Token) -> str:
    return token.text if token.kind == "number" else quoted(token.text)
