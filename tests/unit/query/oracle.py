"""Which events match a query, worked out in the slowest and plainest way?

It shares nothing with the evaluator but the model: words are cut character by character, regular
expressions are Python's, distances are tried edit by edit, phrases place by place.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any

from logboom.fields import DEFAULT_TEXT_FIELDS, EVENT_FIELDS, FieldType
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


def matches(query: Query, event: dict[str, Any]) -> bool:
    match query:
        case And(parts):
            return all(matches(part, event) for part in parts)
        case Or(parts):
            return any(matches(part, event) for part in parts)
        case Not(part):
            return not matches(part, event)
        case Exists(field):
            return any(path == field or path.startswith(field + ".") for path, _ in leaves(event))
        case MatchAll():
            return True
        case _:
            fields = DEFAULT_TEXT_FIELDS if query.field is None else (query.field,)
            return any(on_field(query, name, event) for name in fields)


def leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        return [
            leaf
            for key, value in node.items()
            for leaf in leaves(value, f"{path}.{key}" if path else key)
        ]
    if isinstance(node, list):
        return [leaf for item in node for leaf in leaves(item, path)]
    return [] if node is None else [(path, node)]


def on_field(query: Any, field: str, event: dict[str, Any]) -> bool:
    values = [value for path, value in leaves(event) if path == field]
    kind = EVENT_FIELDS.get(field, FieldType.DYNAMIC)
    if kind is FieldType.TEXT:
        return any(on_words(query, cut(value)) for value in values)
    return any(on_value(query, kind, value) for value in values)


def cut(text: str) -> list[str]:
    found, word = [], ""
    for sign in folded(text) + " ":
        if sign.isalnum():
            word += sign.lower()
        elif word:
            found.append(word)
            word = ""
    return found


def folded(text: str) -> str:
    """The letters, digits and their accents in the form NFKC, run by run."""
    made, run = "", ""
    for sign in text + " ":
        if unicodedata.category(sign)[0] in "LNM" or sign.isalnum():
            run += sign
        else:
            made += unicodedata.normalize("NFKC", run) + sign
            run = ""
    return made


def on_words(query: Any, found: list[str]) -> bool:
    match query:
        case Term(_, value):
            return in_a_row(cut(value), found, 0)
        case Phrase(_, value, slop):
            return in_a_row(cut(value), found, slop)
        case Fuzzy(_, value, distance):
            return any(word in edited(value, distance, word) for word in found)
        case _:
            return any(on_string(query, word) for word in found)


def in_a_row(wanted: list[str], found: list[str], slop: int) -> bool:
    return any(
        all(means(word, found[place]) for word, place in zip(wanted, places, strict=True))
        and places[-1] - places[0] - len(wanted) + 1 <= slop
        for places in combinations(range(len(found)), len(wanted))
    )


SCRIPTS = (
    "CJK ",
    "HIRAGANA",
    "KATAKANA",
    "BOPOMOFO",
    "HANGUL",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "TIBETAN",
)


def means(wanted: str, word: str) -> bool:
    if not any(unicodedata.name(sign, "").startswith(SCRIPTS) for sign in wanted):
        return word == wanted
    heads = [word[:at] for at in range(len(word)) if word[at : at + len(wanted)] == wanted]
    return any(looked_into(head) for head in heads)


def looked_into(head: str) -> bool:
    plain = re.match(r"[a-z0-9]*", head)[0]  # type: ignore[index]
    return len(plain) <= 4 or (len(plain) <= 16 and plain.isalpha())


def edited(text: str, distance: int, target: str) -> set[str]:
    """Everything that at most `distance` edits make of a text, with the target's letters.

    No place is edited twice: a swap is not followed by a change inside of it.
    """
    if distance == 0:
        return {text}
    made = {text} | edited(text, distance - 1, target)
    for place in range(len(text) + 1):
        head, tail = text[:place], text[place:]
        rests = edited(tail[1:], distance - 1, target)
        if tail:
            made |= {head + rest for rest in rests}
            made |= {head + sign + rest for sign in set(target) for rest in rests}
        made |= {
            head + sign + rest
            for sign in set(target)
            for rest in edited(tail, distance - 1, target)
        }
        if len(tail) > 1:
            made |= {head + tail[1] + tail[0] + r for r in edited(tail[2:], distance - 1, target)}
    return made


def on_string(query: Any, text: str) -> bool:
    match query:
        case Wildcard(_, pattern):
            return re.fullmatch(globbed(pattern), text, re.DOTALL) is not None
        case Regex(_, pattern):
            return re.fullmatch(pattern, text, re.DOTALL) is not None
        case Fuzzy(_, value, distance):
            return text in edited(value, distance, text)
        case Range(_, lower, upper, with_lower, with_upper):
            return inside(text, lower, upper, with_lower, with_upper)
        case _:
            return bool(text == query.value)


def globbed(pattern: str) -> str:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    special = {"*": ".*", "?": "."}
    return "".join(special.get(part) or re.escape(part[-1]) for part in parts)


def inside(value: Any, lower: Any, upper: Any, with_lower: bool, with_upper: bool) -> bool:
    above = lower is None or value > lower or (with_lower and value == lower)
    return above and (upper is None or value < upper or (with_upper and value == upper))


def on_value(query: Any, kind: FieldType, value: Any) -> bool:
    if kind is FieldType.DYNAMIC:
        return on_dynamic(query, value)
    if kind is FieldType.KEYWORD:
        return on_string(query, value)
    read: Any = {
        FieldType.LONG: int,
        FieldType.DATE: datetime.fromisoformat,
        FieldType.IP: in_ipv6,
    }[kind]
    match query:
        case Range(_, lower, upper, with_lower, with_upper):
            low = None if lower is None else read(lower)
            high = None if upper is None else read(upper)
            return inside(read(value), low, high, with_lower, with_upper)
        case Term(_, text) | Phrase(_, text):
            if kind is FieldType.IP:
                network = ip_network(text, strict=False)
                return in_ipv6(network[0]) <= in_ipv6(value) <= in_ipv6(network[-1])
            return bool(read(value) == read(text))
        case _:
            return False


def in_ipv6(address: Any) -> int:
    text = str(address)
    return int(ip_address(text if ":" in text else f"::ffff:{text}"))


def number(text: str | None) -> float | int | None:
    if text is None or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return None
    return float(text) if "." in text else int(text)


def on_dynamic(query: Any, value: Any) -> bool:
    match query:
        case Range(_, lower, upper, with_lower, with_upper):
            ends = [number(end) for end in (lower, upper)]
            numeric = all(
                (end is None) == (text is None)
                for end, text in zip(ends, (lower, upper), strict=True)
            )
            if isinstance(value, bool) or isinstance(value, str) == numeric:
                return False
            low, high = ends if numeric else (lower, upper)
            return inside(value, low, high, with_lower, with_upper)
        case Term(_, text) | Phrase(_, text):
            if isinstance(value, bool):
                return text == ("true" if value else "false")
            return bool(value == text if isinstance(value, str) else value == number(text))
        case _:
            return isinstance(value, str) and on_string(query, value)
