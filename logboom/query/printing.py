"""How is a query written, so that reading it again gives the same model?"""

from __future__ import annotations

from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS, FieldType, resolve
from logboom.query.colons import is_like_a_file
from logboom.query.model import (
    And,
    Exists,
    Fuzzy,
    MatchAll,
    Not,
    Or,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)
from logboom.query.scanner import quoted
from logboom.query.wildcards import signs

_SPECIAL = frozenset(' \t\r\n\\+-!():^[]"{}~*?|&/<>=“”„«»')
_Leaf = Term | Phrase | Wildcard | Regex | Fuzzy | Range | Exists
_OPERATORS = frozenset({"AND", "OR", "NOT"})


def format_query(query: Query) -> str:
    """Writes a query in Lucene's syntax, for links and for showing.

    Args:
        query: A model as `parse_query` gives it: And, Or flat, no negated negations.

    Returns:
        A text that `parse_query` makes the same model of, whatever the time and the zone.
    """
    match query:
        case And(parts):
            return " AND ".join(_inside(part) for part in parts)
        case Or(parts):
            return " OR ".join(_inside(part) for part in parts)
        case Not(part):
            return f"NOT {_inside(part)}"
        case MatchAll():
            return "*:*"
        case _:
            return ("" if query.field is None else f"{_name(query.field)}:") + _leaf(query)


def _inside(query: Query) -> str:
    text = format_query(query)
    return f"({text})" if isinstance(query, And | Or) else text


def _leaf(leaf: _Leaf) -> str:
    match leaf:
        case Exists():
            return "*"
        case Range():
            return _range(leaf)
        case Wildcard(_, pattern):
            return "".join(
                sign if is_wildcard else _escaped_sign(sign) for sign, is_wildcard in signs(pattern)
            )
        case _:
            return _value(leaf)


def _value(leaf: Term | Phrase | Regex | Fuzzy) -> str:
    match leaf:
        case Term(_, value):
            return _escaped(value) if value else '""'
        case Phrase(_, value, slop):
            return quoted(value) + (f"~{slop}" if slop else "")
        case Regex(_, pattern):
            return f"/{pattern}/"
        case Fuzzy(_, value, distance):
            return f"{_escaped(value)}~{distance}"


def _range(query: Range) -> str:
    opening = "[" if query.include_lower or query.lower is None else "{"
    closing = "]" if query.include_upper or query.upper is None else "}"
    return f"{opening}{_end(query.lower)} TO {_end(query.upper)}{closing}"


def _end(text: str | None) -> str:
    return "*" if text is None else quoted(text)


def _name(field: str) -> str:
    """The shortest name that means this field, escaped."""
    if EVENT_FIELDS.get(field, FieldType.DYNAMIC) is not FieldType.DYNAMIC:
        return field
    short = field.removeprefix(f"{ATTRIBUTES}.")
    is_safe = short not in ALIASES and resolve(short)[0] == field and len(short) > 1
    is_safe = is_safe and short[0].isalpha()  # a digit or a sign would begin something else
    is_safe = is_safe and not is_like_a_file(short)
    is_safe = is_safe and not any(known.startswith(f"{short}.") for known in EVENT_FIELDS)
    return _escaped(short if is_safe else field)


def _escaped(text: str) -> str:
    if text in _OPERATORS:
        return f"\\u{ord(text[0]):04x}{text[1:]}"
    return "".join(map(_escaped_sign, text))


def _escaped_sign(sign: str) -> str:
    return f"\\{sign}" if sign in _SPECIAL or sign.isspace() else sign
