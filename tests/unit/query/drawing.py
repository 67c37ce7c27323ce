"""How are queries, texts and events drawn for property tests?"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from logboom.fields import EVENT_FIELDS, LEVELS, FieldType
from logboom.query.chain import conjunction, disjunction, negation
from logboom.query.model import (
    Exists,
    Fuzzy,
    MatchAll,
    Phrase,
    Query,
    Range,
    Regex,
    Term,
    Wildcard,
)
from logboom.query.regexp import parse_regexp, print_regexp
from logboom.query.times import iso_text
from logboom.query.values import address_number

_CHARACTERS = st.characters(exclude_categories=("Cs", "Cn", "Co"))
_FEW = st.sampled_from("ab")
TEXTS = st.text(_FEW, min_size=1, max_size=3) | st.sampled_from(
    ["AND", "or", "TO", "-1", "5", "ä가"]
)
ANY_TEXTS = TEXTS | st.text(_CHARACTERS, min_size=1, max_size=8)
WORDS = st.sampled_from(["a", "b", "ab", "aab", "가나", "나", "a가", "검색", "5"])
_TEXT_FIELDS = st.sampled_from([None, "message", "error.message"])
_KEYWORDS = st.sampled_from(
    [n for n, k in EVENT_FIELDS.items() if k is FieldType.KEYWORD and n != "log.level"]
)
_NAMES = st.sampled_from(
    ["attributes.k", "attributes.key", "attributes.a.b", "attributes.level"]
) | (st.text(_CHARACTERS, min_size=1, max_size=5).map(lambda text: f"attributes.{text}"))
_LONGS = st.integers(-(2**63), 2**63 - 1)
_MOMENTS_US = st.integers(-(10**15), 10**16)
_IPS = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str).filter(
    lambda text: IPv6Address(text).ipv4_mapped is None
)


@st.composite
def patterns(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A canonical pattern with at least one wildcard, and something beside ``*``."""
    parts = draw(st.lists(texts | st.sampled_from(["*", "?"]), min_size=2, max_size=4))
    parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from("*?")))
    pattern = "".join(
        part if part in {"*", "?"} else "".join(f"\\{c}" if c in "*?\\" else c for c in part)
        for part in parts
    )
    return pattern if pattern.strip("*") else pattern + "?"


@st.composite
def regexps(draw: st.DrawFn) -> str:
    """An expression in its canonical form."""
    base = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\.", "/".replace("/", "\\/")])
    inner = st.recursive(
        base,
        lambda one: st.one_of(
            st.tuples(one, one).map("".join),
            st.tuples(one, one).map(lambda pair: f"({pair[0]}|{pair[1]})"),
            st.tuples(one, st.sampled_from("?*+")).map(lambda pair: f"({pair[0]}){pair[1]}"),
            one.map(lambda text: f"({text}){{1,2}}"),
        ),
        max_leaves=6,
    )
    return print_regexp(parse_regexp(draw(inner)))


def _text_leaves() -> st.SearchStrategy[Query]:
    return st.one_of(
        st.builds(Term, _TEXT_FIELDS, WORDS),
        st.builds(
            Phrase, _TEXT_FIELDS, st.lists(WORDS, min_size=1).map(" ".join), st.integers(0, 3)
        ),
        st.builds(Wildcard, _TEXT_FIELDS, patterns(st.sampled_from(["a", "b", "가"]))),
        st.builds(Regex, _TEXT_FIELDS, regexps()),
        st.builds(Fuzzy, _TEXT_FIELDS, WORDS, st.integers(1, 2)),
    )


def _value_leaves(names: st.SearchStrategy[str]) -> st.SearchStrategy[Query]:
    return st.one_of(
        st.builds(Term, names, ANY_TEXTS),
        st.builds(Wildcard, names, patterns(ANY_TEXTS)),
        st.builds(Regex, names, regexps()),
        st.builds(Fuzzy, names, ANY_TEXTS, st.integers(1, 2)),
        st.builds(Exists, names),
    )


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    """A canonical range on a field of any type."""
    name, values, closed = draw(
        st.sampled_from(
            [
                ("process.pid", _LONGS, (True, True)),
                ("@timestamp", _MOMENTS_US, (True, False)),
                ("client.ip", _IPS, None),
                ("attributes.k", _LONGS, None),
                ("service.name", TEXTS, None),
            ]
        )
    )
    ends: list[Any] = draw(st.lists(values, min_size=1, max_size=2))
    ends.sort(key=_sort_key)
    ends = [iso_text(end) if name == "@timestamp" else str(end) for end in ends]
    lower, upper = (ends[0], ends[-1]) if draw(st.booleans()) else (ends[0], None)
    if upper is None and draw(st.booleans()):
        lower, upper = upper, lower
    include = closed or (draw(st.booleans()), draw(st.booleans()))
    if lower == upper:
        include = (True, True)
        assume(closed != (True, False))
    return Range(
        name,
        lower,
        upper,
        include_lower=lower is not None and include[0],
        include_upper=upper is not None and include[1],
    )


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, str) and (":" in value or value.count(".") == 3) and "T" not in value:
        return 0, address_number(value)
    return 0, value


def leaves() -> st.SearchStrategy[Query]:
    """Leaves as the parser makes them."""
    return st.one_of(
        _text_leaves(),
        _value_leaves(_KEYWORDS),
        _value_leaves(_NAMES),
        ranges(),
        st.builds(Term, st.just("log.level"), st.sampled_from(LEVELS)),
        st.builds(Term, st.just("http.response.status_code"), _LONGS.map(str)),
        st.builds(Term, st.just("client.ip"), _IPS),
        st.just(MatchAll()),
    )


def queries(leaf: st.SearchStrategy[Query] | None = None) -> st.SearchStrategy[Query]:
    """Models as the parser makes them: And and Or flat, no negated negation."""

    def joined(one: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
        several = st.lists(one, min_size=2, max_size=4)
        return st.one_of(several.map(conjunction), several.map(disjunction), one.map(negation))

    return st.recursive(
        leaves() if leaf is None else leaf,
        joined,
        max_leaves=8,
    )


_PIECES = st.sampled_from(
    [*' ()[]{}"/\\:*?~^+-!<>=&|', "AND", "OR", "NOT", "TO", "&&", "||", ">=", "level:", "status:",
     "time:", "ip:", "message:", "k:", "_exists_:", "*:*", "now-1h/d", "10.0.0.0/8", "::", "a", "b",
     "500", "error", "~1", "^2", "\\u0041", "2024-01-01", "가", "“"]
)  # fmt: skip
QUERY_TEXTS = st.lists(_PIECES, max_size=14).map("".join) | st.text(max_size=40)
"""Texts that look like queries, and texts that do not."""
