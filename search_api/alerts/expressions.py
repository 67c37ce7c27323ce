"""How is a comparison in `when` of a rule read, and what is said of a mistake in it?

`measure sign number`, for example `error_rate > 5%`, `avg(event.duration) > 1000 ms`, `rate > 0.1/s`,
`p95(event.duration) >= 2s`, `ratio('status:>=500', 'status:*') > 0.01`, `spike(count) > 3`, `absent`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from logboom.errors import ConfigError, QueryError
from logboom.fields import ALIASES, ATTRIBUTES, EVENT_FIELDS, FieldType, resolve
from logboom.query.lucene import parse_query
from logboom.query.model import Query, leaves
from search_api.alerts.measures import (
    OF_A_MEASURE,
    OF_NOTHING,
    OPERATORS,
    WITHOUT_THRESHOLD,
    Condition,
    Kind,
    Measure,
)
from search_api.alerts.thresholds import threshold_of, unit_of

LONGEST = 500
_KEYS = {
    "for": "for", "over": "over", "within": "over", "in": "over", "last": "over", "by": "by",
    "where": "where", "every": "every",
}  # fmt: skip
"""Keys of a rule or its group, by the words that are taken for a part of its condition."""

_KEY = re.compile(rf"\b(?:{'|'.join(_KEYS)})\b", re.IGNORECASE)
_COMPARED = re.compile(r"\s[<>=!]=?\s")
_DURATION = re.compile(r"\d+\s*[a-z]+")
_NO_UNIT = "|".join(("and", "or", "unless", "not", *_KEYS))
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>[<>]=?|[=!]=|=)|(?P<mark>[(),])"
    r"|(?P<word>@?[A-Za-z_][\w.@-]*)|(?P<number>-?\.?\d[\d.,_]*(?:[eE]-?\d+)?)"
    rf"(?P<unit>\s*(?!(?i:{_NO_UNIT})\b)[%/A-Za-zµ][\w/]*)?"
    r"|(?P<other>\S))"
)
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)\Z")
LEAST_LENGTH = 4
"""Names that are shorter are alike by chance."""

_YEAR_NS = 31_536_000_000_000_000
_NUMBERS = frozenset({FieldType.LONG, FieldType.DOUBLE, FieldType.DYNAMIC})
_NO_VALUES = frozenset({FieldType.TEXT, FieldType.DATE})
_INSTEAD = {
    "&": "write `and`", "|": "write `or`", "!": "write `not`, or != between a measure and a number",
    "/": "a share of events is error_rate or ratio('query', 'query')",
    ":": "which events are meant is said in `where`",
    "[": "the length of the window is `over`; rules of Prometheus: `logboom import FILE`",
}  # fmt: skip
_EXAMPLES = "write for example error_rate > 5%, count >= 10 or p95(event.duration) > 800 ms"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition.

    Attributes:
        kind: `word`, `number`, `sign`, `mark`, `text` or `end`.
        text: As written.
        at: Where it begins.
        unit: Behind a number.
    """

    kind: str
    text: str
    at: int
    unit: str = ""


def parse_comparison(
    tokens: Sequence[Token], text: str, *, recovery: str | None = None
) -> Condition:
    """Reads a comparison.

    Args:
        tokens: Of the comparison, at least one.
        text: All of `when`.
        recovery: The threshold at which it recovers, with its unit; None for the same one.

    Raises:
        ConfigError: It is none, with what is wrong, where, and what would be right.
    """
    measure, rest = _measure(tokens, text)
    if measure.kind in WITHOUT_THRESHOLD:
        if rest:
            raise wrong(f"{measure.text} is true or not: it takes no threshold", rest[0])
        if recovery is not None:
            raise ConfigError(f"{measure.text} has no threshold, so none for recovery")
        return Condition(measure, "", 0.0, 0.0, measure.text, "")
    sign, value = _comparison(measure, rest, text)
    threshold = threshold_of(measure, sign, value.text, value.unit)
    shown = f"{measure.text} {sign} {value.text}{_spaced(value.unit)}"
    back = threshold if recovery is None else _recovery(measure, sign, threshold, recovery)
    return Condition(measure, sign, threshold, back, shown, unit_of(measure))


def _spaced(unit: str) -> str:
    return unit if not unit or unit.startswith(("%", "/")) else f" {unit}"


def _comparison(measure: Measure, rest: Sequence[Token], text: str) -> tuple[str, Token]:
    if not rest:
        raise ConfigError(f"{measure.text} is compared to nothing", mend=_EXAMPLES)
    sign = rest[0]
    if sign.kind != "sign":
        raise wrong(f"{sign.text!r} is no comparison", sign, "write one of > >= < <= == !=")
    if sign.text == "=":
        raise wrong("= is no comparison", sign, "write ==, >= or <=")
    if len(rest) < 2 or rest[1].kind != "number":
        at = rest[1] if len(rest) > 1 else Token("end", "", len(text))
        raise wrong("a number is missing after the comparison", at, _EXAMPLES)
    if len(rest) > 2:
        raise wrong(
            f"{rest[2].text!r} is too much behind a comparison", rest[2],
            "join comparisons with `and` or `or`, and say which events are meant in `where`",
        )  # fmt: skip
    return sign.text, rest[1]


def _recovery(measure: Measure, sign: str, threshold: float, text: str) -> float:
    tokens = tokens_of(text)
    if len(tokens) != 1 or tokens[0].kind != "number":
        raise ConfigError(f"{text!r} is no threshold for recovery", mend="write for example 2%")
    try:
        value = threshold_of(measure, sign, tokens[0].text, tokens[0].unit)
    except ConfigError as error:
        raise ConfigError(f"as a threshold for recovery {error.what}", mend=error.mend) from error
    wrong_way = {">": value > threshold, ">=": value > threshold, "<": value < threshold,
                 "<=": value < threshold}.get(sign)  # fmt: skip
    if wrong_way is None:
        raise ConfigError(f"a threshold for recovery makes no sense with {sign}")
    if wrong_way:
        side = "below" if sign.startswith(">") else "above"
        raise ConfigError(
            f"the alert would recover at {text} while it still fires", mend=f"choose a value {side}"
        )
    return value


def tokens_of(text: str) -> list[Token]:
    """The words, signs, numbers and marks of a condition, at least one.

    Raises:
        ConfigError: There is something else in it, or nothing.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"the condition has more than {LONGEST} characters")
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "unit" else "number"
        if kind is None or not match.group().strip():
            continue
        token = Token(kind, match.group(kind), match.start(kind), (match["unit"] or "").strip())
        if kind == "other":
            mend = _INSTEAD.get(token.text, _EXAMPLES)
            raise wrong(f"{token.text!r} has no meaning here", token, mend)
        is_inside = bool(found) and found[-1].text in {"(", ","}
        if kind == "word" and token.text.lower() in _KEYS and not is_inside:
            raise _key_within(token, text)
        found.append(token)
    if not found:
        raise ConfigError("the condition is empty", mend=_EXAMPLES)
    return found


def _key_within(token: Token, text: str) -> ConfigError:
    """What is said of a part of the condition that belongs to a key of its own."""
    key = _KEYS[token.text.lower()]
    rest = _COMPARED.split(_KEY.split(text[token.at + len(token.text) :])[0])[0].strip(" ,)")
    duration = _DURATION.search(rest)
    if key == "by":
        rest = f"[{rest}]"
    elif key == "where":
        rest = f"'{rest}'"
    else:
        rest = duration[0] if duration else "5m"
    place = "to the group" if key == "every" else "beside `when`"
    return wrong(f"{token.text!r} is no part of a condition", token, f"write {key}: {rest} {place}")


def _measure(tokens: Sequence[Token], text: str) -> tuple[Measure, Sequence[Token]]:
    name = tokens[0]
    if name.kind != "word":
        raise wrong("a condition begins with what is measured", name, _EXAMPLES)
    kind, share = _kind(name)
    rest = tokens[1:]
    if kind in OF_NOTHING:
        if rest and rest[0].text == "(":
            raise wrong(
                f"{name.text} takes nothing in parentheses", rest[0],
                "say in `where` which events are meant, and in `over` the length of the window",
            )  # fmt: skip
        return Measure(kind, name.text), rest
    if not rest or rest[0].text != "(":
        raise wrong(f"{name.text} of what?", name, f"write {_example(kind, name.text)}")
    if kind in OF_A_MEASURE:
        inner, after = _measure(rest[1:] or [Token("end", "", len(text))], text)
        if inner.kind in OF_A_MEASURE | WITHOUT_THRESHOLD:
            raise wrong(f"{name.text} cannot be taken of {inner.text}", rest[1])
        return Measure(kind, f"{name.text}({inner.text})", inner=inner), _closed(after, text)
    arguments, after = _arguments(rest[1:], text)
    if kind is Kind.RATIO:
        return _ratio(arguments, name), after
    return _of_field(kind, share, arguments, name), after


def _kind(name: Token) -> tuple[Kind, float | None]:
    percentile = _PERCENTILE.match(name.text)
    if percentile is not None:
        return Kind.PERCENTILE, float(percentile[1]) / 100
    names = {kind.value: kind for kind in Kind if kind is not Kind.PERCENTILE}
    if name.text not in names:
        near = difflib.get_close_matches(name.text, [*names, "p95"], n=1, cutoff=0.5)
        near = ["max"] if name.text == "p100" else near
        if resolve(name.text)[0] in EVENT_FIELDS:
            raise wrong(
                f"{name.text} is a field, and no measure", name,
                f"count its values with distinct({name.text}), or the events that have one: count,"
                f" with where: {name.text}:VALUE",
            )  # fmt: skip
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)} and p95"
        raise wrong(f"nothing is measured as {name.text!r}", name, hint)
    return names[name.text], None


def _example(kind: Kind, name: str) -> str:
    if kind is Kind.RATIO:
        return "ratio('status:>=500', 'status:*')"
    return f"{name}(count)" if kind in OF_A_MEASURE else f"{name}(event.duration)"


def _arguments(tokens: Sequence[Token], text: str) -> tuple[list[Token], Sequence[Token]]:
    found: list[Token] = []
    rest = list(tokens)
    while rest and rest[0].text != ")":
        if rest[0].text != ",":
            found.append(rest[0])
        rest = rest[1:]
    return found, _closed(rest, text)


def _closed(rest: Sequence[Token], text: str) -> Sequence[Token]:
    if not rest or rest[0].text != ")":
        raise wrong("a ) is missing", rest[0] if rest else Token("end", "", len(text)))
    return rest[1:]


def _ratio(arguments: Sequence[Token], name: Token) -> Measure:
    if len(arguments) != 2 or any(one.kind != "text" for one in arguments):
        raise wrong("a ratio is one of two queries", name, f"write {_example(Kind.RATIO, '')}")
    above, below = (parse_where(one.text[1:-1]) for one in arguments)
    shown = f"ratio({', '.join(one.text for one in arguments)})"
    return Measure(Kind.RATIO, shown, parts=(above, below))


def _of_field(kind: Kind, share: float | None, arguments: Sequence[Token], name: Token) -> Measure:
    if len(arguments) != 1 or arguments[0].kind != "word":
        raise wrong(f"{name.text} of which field?", name, f"write {_example(kind, name.text)}")
    written = arguments[0].text
    stored, type_ = known_field(written)
    if kind is not Kind.DISTINCT and type_ not in _NUMBERS:
        raise wrong(
            f"{written} has no numbers, which {name.text} needs", arguments[0],
            f"count different values with distinct({written})",
        )  # fmt: skip
    if type_ in _NO_VALUES:
        raise wrong(f"values of {written} cannot be counted", arguments[0])
    return Measure(kind, f"{name.text}({written})", field=stored, share=share)


def known_field(written: str) -> tuple[str, FieldType]:
    """The stored name and the type of a field.

    Raises:
        ConfigError: It is almost the name of one of the event's own fields.
    """
    stored, type_ = resolve(written)
    is_short = len(written) < LEAST_LENGTH
    if type_ is FieldType.DYNAMIC and not is_short and not written.startswith(f"{ATTRIBUTES}."):
        known = [*EVENT_FIELDS, *ALIASES]
        near = difflib.get_close_matches(written.lower(), known, n=1, cutoff=0.8)
        if near:
            raise ConfigError(
                f"there is no field {written}",
                mend=f"did you mean {near[0]}? A field of your own is {ATTRIBUTES}.{written}",
            )
    return stored, type_


def parse_where(text: str) -> Query:
    """A query whose meaning does not depend on when it is asked, and whose fields are known.

    Raises:
        ConfigError: It is none.
    """
    try:
        queries = [parse_query(text, now_ns=now_ns) for now_ns in (_YEAR_NS, 3 * _YEAR_NS)]
    except QueryError as error:
        raise ConfigError(f"{text!r} is no query: {error}") from error
    if queries[0] != queries[1]:
        raise ConfigError(f"{text!r} depends on the present (`now`)", mend="leave the time out")
    for name in fields_in(queries[0]):
        known_field(name if name in text else name.removeprefix(f"{ATTRIBUTES}."))
    return queries[0]


def fields_in(query: Query) -> list[str]:
    """Stored names of the fields that a query asks for and that are not the event's own."""
    names = (leaf.field for leaf in leaves(query))
    return [name for name in names if name is not None and name not in EVENT_FIELDS]


def wrong(what: str, token: Token, mend: str | None = None) -> ConfigError:
    """A mistake, and where it is."""
    return ConfigError(what, where=f"character {token.at + 1}", mend=mend)


SIGNS = tuple(OPERATORS)
"""What can stand between measure and threshold."""
