"""What does an expression of Prometheus over our own metrics ask, in terms of events?

Only the forms that rules over logs are written in; whatever else there is cannot be translated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER = r"(?P<number>[-+]?[0-9.]+(?:e[-+]?\d+)?)"
_COMPARED = r" ?(?P<sign>>=|<=|==|!=|>|<) ?" + _NUMBER


def _metric(name: str) -> str:
    """A metric with labels; its groups are called after `name`."""
    return (
        rf"logboom_log_(?P<{name}kind>events|errors|requests|duration_seconds)"
        rf"_(?P<{name}part>total|bucket|sum|count)(?:\{{(?P<{name}labels>[^{{}}]*)\}})?"
    )


def _range(name: str) -> str:
    return rf"\[(?P<{name}over>[0-9smhdw]+)\]"


def _term(name: str) -> str:
    """A rate or an increase, summed or not; `by` may stand before or behind."""
    return (
        rf"(?P<{name}sum>sum)? ?(?:by ?\((?P<{name}by1>[^()]*)\))? ?\(?"
        rf"(?P<{name}function>rate|increase|irate)\({_metric(name)}{_range(name)}\)\)?"
        rf"(?: ?by ?\((?P<{name}by2>[^()]*)\))?"
    )


_ONE: Final = re.compile(_term("a_") + _COMPARED + r"\Z")
_TWO: Final = re.compile(
    _term("a_") + r" ?/ ?\(?" + _term("b_") + r"(?: ?> ?0\))?" + _COMPARED + r"\Z"
)
_QUANTILE: Final = re.compile(
    r"histogram_quantile\( ?(?P<quantile>[0-9.]+) ?, ?" + _term("a_") + r" ?\)" + _COMPARED + r"\Z"
)
_ABSENT: Final = re.compile(
    r"absent(?:_over_time)?\(" + _metric("a_") + "(?:" + _range("a_") + r")?\)\Z"
)
_FLIPPED: Final = re.compile(_NUMBER + r" ?(?P<sign>>=|<=|==|!=|>|<) ?(?P<rest>\D.*)\Z")
_WRAPPED: Final = re.compile(r"\((?P<rest>.+)\)(?P<compared>" + _COMPARED + r")\Z")
_MIRRORED: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_AVERAGE: Final = re.compile(r"_sum\b.*/.*_count\b.*" + _COMPARED + r"\Z")
_LABEL: Final = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|\Z)')
FIELDS: Final = {"service_name": "service.name", "level": "log.level"}
_SERVICE: Final = "service_name"
"""The only label of our metrics that alerts of imported rules have under another name for certain."""

_CLASS: Final = re.compile(r"([1-5])(?:xx|\.\.|\.\+|\.\*)\Z")
_STATUS: Final = re.compile(r"\bstatus\s*=")
_WORD: Final = re.compile(r"[\w.-]+\Z")
_KINDS: Final = {
    "events": "", "errors": "tags:error", "requests": "status:[100 TO 599]",
    "duration_seconds": "_exists_:event.duration",
}  # fmt: skip


class NotTranslatable(Exception):
    """An expression that has no counterpart; its text says why."""


def label_of(name: str) -> str:
    """How alerts of imported rules call a label of those of Prometheus."""
    return FIELDS[_SERVICE] if name == _SERVICE else name


@dataclass(frozen=True, slots=True)
class Asked:
    """What an expression asks, as a rule of ours says it."""

    when: str
    over: str
    by: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class _Term:
    function: str
    kind: str
    part: str
    where: str
    over: str
    by: tuple[str, ...]


def translate(expression: str) -> Asked:
    """What an expression asks.

    Args:
        expression: Of a rule.

    Raises:
        NotTranslatable: It has no counterpart.
    """
    text = re.sub(r"\s+", " ", expression).strip().replace("( ", "(").replace(" )", ")")
    text = _number_last(text)
    for pattern, read in (
        (_ONE, _one), (_TWO, _two), (_QUANTILE, _quantile), (_ABSENT, _absent)
    ):  # fmt: skip
        match = pattern.match(text)
        if match is not None:
            return read(match)
    raise NotTranslatable(_why_not(text))


def _number_last(text: str) -> str:
    """The same with the number behind the sign, and no parentheses around what is before it."""
    flipped = _FLIPPED.match(text)
    if flipped is not None:
        sign = _MIRRORED.get(flipped["sign"], flipped["sign"])
        text = f"{flipped['rest']} {sign} {flipped['number']}"
    wrapped = _WRAPPED.match(text)
    is_whole = wrapped is not None and _is_balanced(wrapped["rest"])
    return f"{wrapped['rest']}{wrapped['compared']}" if wrapped and is_whole else text


def _is_balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


def _why_not(text: str) -> str:
    if "logboom_log_" not in text:
        average = _AVERAGE.search(text)
        told = "is over metrics that are not of logs: leave it to Prometheus"
        if average is None:
            return told
        when = f"avg(event.duration) {average['sign']} {average['number']} s"
        return f"{told}, or write `when: {when}` where logs tell durations"
    if re.search(r"\boffset\b", text):
        measure = "errors" if "logboom_log_errors_" in text else "count"
        return f"compares with another time: write for instance `when: spike({measure}) > 2`, which compares with what is usual"
    return "has a form that no rule of ours has"


def _one(match: re.Match[str]) -> Asked:
    term, sign, number = _read(match, "a_"), match["sign"], match["number"]
    if term.kind == "duration_seconds" and term.part != "count":
        raise NotTranslatable("sums durations, which says little: compare their average")
    if term.function == "increase":
        return Asked(f"count {sign} {number}", term.over, term.by, term.where)
    return Asked(f"rate {sign} {number}/s", term.over, term.by, term.where)


def _two(match: re.Match[str]) -> Asked:
    above, below = _read(match, "a_"), _read(match, "b_")
    sign, number = match["sign"], match["number"]
    if above.over != below.over or above.by != below.by:
        raise NotTranslatable("divides by another window, or by other series")
    if (above.part, below.part) == ("sum", "count"):
        return Asked(f"avg(event.duration) {sign} {number} s", above.over, above.by, below.where)
    common = below.where
    if (above.kind, below.kind) == ("errors", "events") and above.where == _both(
        "tags:error", common
    ):
        return Asked(f"error_rate {sign} {number}", above.over, above.by, common)
    ratio = f"ratio('{above.where or '*:*'}', '{below.where or '*:*'}') {sign} {number}"
    return Asked(ratio, above.over, above.by, "")


def _quantile(match: re.Match[str]) -> Asked:
    term = _read(match, "a_")
    if term.part != "bucket":
        raise NotTranslatable("takes a quantile of something that is no histogram")
    by = tuple(name for name in term.by if name != "le")
    percent = f"{float(match['quantile']) * 100:g}"
    when = f"p{percent}(event.duration) {match['sign']} {match['number']} s"
    return Asked(when, term.over, by, term.where)


def _absent(match: re.Match[str]) -> Asked:
    where = _where(match["a_kind"], match["a_labels"])
    return Asked("absent", match["a_over"] or "5m", (), where)


def _read(match: re.Match[str], prefix: str) -> _Term:
    kind, part = match[f"{prefix}kind"], match[f"{prefix}part"]
    if (part == "total") == (kind == "duration_seconds"):
        raise NotTranslatable(f"asks for logboom_log_{kind}_{part}, which there is not")
    listed = match[f"{prefix}by1"] or match[f"{prefix}by2"]
    is_summed = match[f"{prefix}sum"] is not None
    by = _by(listed) if listed is not None else () if is_summed else ("service.name",)
    return _Term(
        match[f"{prefix}function"], kind, part, _where(kind, match[f"{prefix}labels"]),
        match[f"{prefix}over"], by,
    )  # fmt: skip


def _by(listed: str) -> tuple[str, ...]:
    found = []
    for name in (part.strip() for part in listed.split(",") if part.strip()):
        if name != "le" and name not in FIELDS:
            raise NotTranslatable(f"is split by {name}, which no event has")
        found.append(FIELDS.get(name, name))
    return tuple(found)


def _where(kind: str, labels: str | None) -> str:
    text, place = labels or "", 0
    is_class = kind == "requests" and _STATUS.search(text) is not None
    where = "" if is_class else _KINDS[kind]  # a class of status says more than any
    while text[place:].strip():
        match = _LABEL.match(text, place)
        if match is None:
            raise NotTranslatable(f"has labels that cannot be read: {{{text}}}")
        where, place = _both(where, _condition(match[1], match[2], match[3])), match.end()
    return where


def _condition(name: str, sign: str, value: str) -> str:
    if name == "status":
        found = _CLASS.match(value)
        if found is None or sign not in {"=", "=~"}:
            raise NotTranslatable(f'asks for status{sign}"{value}"')
        return f"status:[{found[1]}00 TO {found[1]}99]"
    if name not in FIELDS:
        raise NotTranslatable(f"asks for the label {name}, which no event has")
    values = value.split("|") if "~" in sign else [value]
    shown = [one.replace(".*", "*").replace(".+", "*") for one in values]
    if not all(_WORD.match(one.replace("*", "")) or one == "*" for one in shown):
        raise NotTranslatable(f'asks for {name}{sign}"{value}"')
    field = FIELDS[name]
    text = f"{field}:{shown[0]}" if len(shown) == 1 else f"{field}:({' OR '.join(shown)})"
    return f"NOT {text}" if sign.startswith("!") else text


def _both(one: str, other: str) -> str:
    return f"{one} AND {other}" if one and other else one or other
