"""What does a query in Elasticsearch's own language ask for, in logboom's one model?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any

from logboom.fields import DEFAULT_TEXT_FIELDS, FieldType
from logboom.query.analysis import words
from logboom.query.chain import conjunction, disjunction, negation
from logboom.query.enclosing import EmptyRange, End
from logboom.query.leaves import TEXTS, Field, Leaves, field_of
from logboom.query.lucene import MAX_CLAUSES, parse_query
from logboom.query.model import MatchAll, Query
from search_api.elasticsearch_api.alternatives import NOTHING, at_least, clauses, near
from search_api.elasticsearch_api.attribute_numbers import with_numbers
from search_api.elasticsearch_api.bodies import (
    an_object,
    as_list,
    as_text,
    check_names,
    check_not_metadata,
    only_entry,
)
from search_api.elasticsearch_api.moments import time_text, zone_of
from search_api.elasticsearch_api.refusals import PARSING, Refused, unsupported

MAX_DEPTH = 30

_HARMLESS = frozenset({"boost", "_name", "rewrite", "lenient"})
_ENDS = {"gt": (0, False), "gte": (0, True), "lt": (1, False), "lte": (1, True)}
_ALL_FIELDS = ("*", "_all")
_OF_WORDS = frozenset(
    {
        "query", "operator", "minimum_should_match", "fuzziness", "analyzer", "zero_terms_query",
        "auto_generate_synonyms_phrase_query", "max_expansions", "prefix_length",
        "fuzzy_transpositions", "slop", *_HARMLESS,
    }
)  # fmt: skip
_OF_QUERY_STRING = frozenset(
    {
        "query", "default_operator", "analyze_wildcard", "allow_leading_wildcard", "default_field",
        "fields", "time_zone", "enable_position_increments", "fuzzy_max_expansions",
        "phrase_slop", "escape", "type", *_HARMLESS,
    }
)  # fmt: skip
_SIGNS = re.compile(r"[*?\\]")


class QueryReader:
    """Reads one request's queries.

    Args:
        now_ns: The present, ns since the epoch, for times such as ``now-1h``.
    """

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._leaves = Leaves(now_ns, UTC)
        self._count = 0

    def read(self, body: object) -> Query:
        """The query of an object such as ``{"term": {"log.level": "error"}}``.

        Raises:
            Refused: This API has no such query, or it is not written so.
            QueryError: A field cannot have this value.
        """
        return with_numbers(self._read(body, 0))

    def _read(self, body: object, depth: int) -> Query:
        kind, content = only_entry(body, "a query")
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_CLAUSES:
            raise Refused(f"a query has at most {MAX_CLAUSES} clauses, {MAX_DEPTH} deep")
        if kind == "bool":
            return self._bool(an_object(content, "bool"), depth + 1)
        if kind == "constant_score":
            return self._read(an_object(content, "constant_score").get("filter"), depth + 1)
        reader = self._readers().get(kind)
        if reader is None:
            known = ", ".join(self.kinds())
            raise Refused(
                f"logboom's Elasticsearch API does not have the query {kind!r}; it has bool, "
                f"constant_score, {known}",
                kind=PARSING,
            )
        return reader(an_object(content, kind)) or NOTHING

    def kinds(self) -> list[str]:
        """The queries that are read, but for those that others are in."""
        return sorted(self._readers())

    def _readers(self) -> dict[str, Callable[[dict[str, Any]], Query | None]]:
        return {
            "match_all": lambda _: MatchAll(),
            "match_none": lambda _: NOTHING,
            "match": self._match,
            "match_phrase": self._match_phrase,
            "multi_match": self._multi_match,
            "term": self._term,
            "terms": self._terms,
            "ids": self._ids,
            "range": self._range,
            "exists": self._exists,
            "prefix": self._prefix,
            "wildcard": self._wildcard,
            "regexp": self._regexp,
            "fuzzy": self._fuzzy,
            "query_string": self._query_string,
        }

    def _bool(self, content: dict[str, Any], depth: int) -> Query:
        check_names(
            content,
            {"must", "filter", "should", "must_not", "minimum_should_match", "adjust_pure_negative",
             *_HARMLESS},
            "bool",
        )  # fmt: skip
        must, filters, should, must_not = (
            [self._read(one, depth) for one in as_list(content.get(name))]
            for name in ("must", "filter", "should", "must_not")
        )
        wanted = [*must, *filters, *(negation(one) for one in must_not)]
        if should:
            optional = MatchAll() if must or filters else disjunction(should) or NOTHING
            least = content.get("minimum_should_match", 0)
            wanted.append(self._at_least(should, least, optional))
        return conjunction([one for one in wanted if one != MatchAll()]) or MatchAll()

    def _at_least(self, parts: list[Query], least: object, otherwise: Query) -> Query:
        """As `at_least`; the clauses that it makes count among those of the request."""
        found = at_least(parts, least, otherwise=otherwise, room=MAX_CLAUSES - self._count)
        self._count += max(0, clauses(found) - sum(map(clauses, parts)))
        return found

    def _match(self, content: dict[str, Any]) -> Query | None:
        name, value = only_entry(content, "match")
        options = value if isinstance(value, dict) else {"query": value}
        return self._words(_field(name), options, "match")

    def _words(self, field: Field, options: dict[str, Any], what: str) -> Query | None:
        check_names(options, _OF_WORDS, what)
        _check_fuzzy(options)
        text = as_text(options.get("query"), f"the query of {what}")
        if field.kind is not FieldType.TEXT:
            return self._value(field, text)
        wanted = words(text)
        if not wanted and options.get("zero_terms_query") == "all":
            return MatchAll()
        fuzziness = options.get("fuzziness")
        found = [
            self._leaves.fuzzy(field, word, _edits(fuzziness, word), at=0)
            if fuzziness is not None
            else self._leaves.term(field, word, at=0)
            for word in wanted
        ]
        parts = [part for part in found if part is not None]
        if str(options.get("operator", "or")).lower() == "and":
            return conjunction(parts)
        any_of_them = disjunction(parts)
        if any_of_them is None:
            return None
        return self._at_least(parts, options.get("minimum_should_match", 1), any_of_them)

    def _match_phrase(self, content: dict[str, Any]) -> Query | None:
        name, value = only_entry(content, "match_phrase")
        options = value if isinstance(value, dict) else {"query": value}
        return self._phrase(_field(name), options)

    def _phrase(self, field: Field, options: dict[str, Any]) -> Query | None:
        check_names(options, _OF_WORDS, "match_phrase")
        text = as_text(options.get("query"), "the query of match_phrase")
        slop = options.get("slop", 0)
        if not isinstance(slop, int) or slop < 0:
            raise Refused("slop must be a whole number", kind=PARSING)
        if field.kind is not FieldType.TEXT:
            return self._value(field, text)
        return near(self._leaves, field, text, slop)

    def _multi_match(self, content: dict[str, Any]) -> Query | None:
        check_names(content, {"fields", "type", "tie_breaker", *_OF_WORDS}, "multi_match")
        kind = content.get("type", "best_fields")
        options = {key: one for key, one in content.items() if key in _OF_WORDS}
        names = [str(name).partition("^")[0] for name in as_list(content.get("fields"))]
        fields = [TEXTS] if not names or set(names) & set(_ALL_FIELDS) else map(_field, names)
        if kind == "phrase":
            return disjunction([one for f in fields if (one := self._phrase(f, options))])
        if kind not in {"best_fields", "most_fields"}:
            raise unsupported(f"the type {kind!r} of multi_match", "it has best_fields and phrase")
        found = (self._words(field, options, "multi_match") for field in fields)
        return disjunction([one for one in found if one is not None])

    def _term(self, content: dict[str, Any]) -> Query | None:
        name, value = _simple(content, "term", "value")
        return self._value(_field(name), as_text(value, "the value of term"))

    def _terms(self, content: dict[str, Any]) -> Query | None:
        name, values = only_entry(
            {key: one for key, one in content.items() if key not in _HARMLESS}, "terms"
        )
        if not isinstance(values, list):
            raise unsupported("terms that are looked up in another index", "name them in a list")
        field = _field(name)
        self._count += len(values)
        if self._count > MAX_CLAUSES:
            raise Refused(f"a query has at most {MAX_CLAUSES} clauses")
        found = (self._value(field, as_text(value, "a value of terms")) for value in values)
        return disjunction([one for one in found if one is not None])

    def _ids(self, content: dict[str, Any]) -> Query | None:
        check_names(content, {"values", *_HARMLESS}, "ids")
        return self._terms({"event.id": as_list(content.get("values"))})

    def _value(self, field: Field, text: str) -> Query | None:
        """The field has this value; digits are milliseconds where it is a time."""
        if field.kind is FieldType.DATE:
            text = time_text(text, None)
        return self._leaves.term(field, text, at=0)

    def _range(self, content: dict[str, Any]) -> Query | None:
        name, options = only_entry(content, "range")
        options = an_object(options, "range")
        check_names(options, {*_ENDS, "format", "time_zone", "relation", *_HARMLESS}, "range")
        field = _field(name)
        ends: list[End | None] = [None, None]
        for key, (side, included) in _ENDS.items():
            value = options.get(key)
            if value is None:
                continue
            if ends[side] is not None:
                raise Refused(f"range has two ends on the side of {key}", kind=PARSING)
            is_time = field.kind is FieldType.DATE
            text = (
                time_text(value, options.get("format")) if is_time else as_text(value, f"the {key}")
            )
            ends[side] = End(text, included, 0)
        leaves = self._in_zone(zone_of(options.get("time_zone")))
        try:
            return leaves.between(field, *ends, at=0)
        except EmptyRange:
            return None

    def _in_zone(self, zone: tzinfo) -> Leaves:
        return self._leaves if zone is UTC else Leaves(self._now_ns, zone)

    def _exists(self, content: dict[str, Any]) -> Query:
        check_names(content, {"field", *_HARMLESS}, "exists")
        name = as_text(content.get("field"), "the field of exists")
        check_not_metadata(name)
        return self._leaves.exists(name)

    def _prefix(self, content: dict[str, Any]) -> Query | None:
        name, value = _simple(content, "prefix", "value")
        text = as_text(value, "the value of prefix")
        pattern = _SIGNS.sub(lambda sign: "\\" + sign[0], text) + "*"
        return self._leaves.wildcard(_field(name), pattern, at=0)

    def _wildcard(self, content: dict[str, Any]) -> Query | None:
        name, value = _simple(content, "wildcard", "value", "wildcard")
        pattern = as_text(value, "the value of wildcard")
        return self._leaves.wildcard(_field(name), pattern, at=0)

    def _regexp(self, content: dict[str, Any]) -> Query:
        name, value = _simple(content, "regexp", "value", "flags", "max_determinized_states")
        return self._leaves.regex(_field(name), as_text(value, "the value of regexp"), at=0)

    def _fuzzy(self, content: dict[str, Any]) -> Query | None:
        name, value = only_entry(content, "fuzzy")
        options = value if isinstance(value, dict) else {"value": value}
        check_names(
            options,
            {"value", "fuzziness", "max_expansions", "prefix_length", "transpositions", *_HARMLESS},
            "fuzzy",
        )
        _check_fuzzy(options)
        text = as_text(options.get("value"), "the value of fuzzy")
        edits = _edits(options.get("fuzziness", "AUTO"), text)
        return self._leaves.fuzzy(_field(name), text, edits, at=0)

    def _query_string(self, content: dict[str, Any]) -> Query:
        check_names(content, _OF_QUERY_STRING, "query_string")
        names = [*as_list(content.get("default_field")), *as_list(content.get("fields"))]
        named = {str(name).partition("^")[0] for name in names}
        if named and not named & set(_ALL_FIELDS) and named != set(DEFAULT_TEXT_FIELDS):
            raise unsupported("fields of query_string", "write field:(…) in the query itself")
        return lucene_query(
            as_text(content.get("query"), "the query of query_string"),
            str(content.get("default_operator", "OR")),
            now_ns=self._now_ns,
            zone=zone_of(content.get("time_zone")),
        )


def lucene_query(text: str, operator: str, *, now_ns: int, zone: tzinfo = UTC) -> Query:
    """A query in Lucene's syntax: logboom's own language, but for how clauses are joined.

    Args:
        text: What the user typed; nothing finds nothing.
        operator: Joins words side by side; Elasticsearch's default is OR.
        now_ns: The present.
        zone: Of times without an offset.

    Raises:
        QueryError: It cannot be read.
        Refused: There is no such operator.
    """
    upper = operator.upper()
    if upper not in {"AND", "OR"}:
        raise Refused("default_operator must be AND or OR", kind=PARSING)
    if not text.strip():
        return NOTHING
    return parse_query(text, now_ns=now_ns, zone=zone, classic="AND" if upper == "AND" else "OR")


def _field(name: str) -> Field:
    """The field of a name; patterns of names are refused, and what an index knows besides the event."""
    if "*" in name:
        raise unsupported(f"the field {name!r}", "name one field")
    check_not_metadata(name)
    found = field_of(name)
    return replace(found, written=name)


def _simple(content: dict[str, Any], what: str, *keys: str) -> tuple[str, Any]:
    """Field and value of a query that is written ``{field: value}`` or ``{field: {value: …}}``."""
    name, value = only_entry(content, what)
    if not isinstance(value, dict):
        return name, value
    if value.get("case_insensitive"):
        raise unsupported(f"case_insensitive in {what}", "texts are compared so anyway")
    check_names(value, {*keys, "case_insensitive", *_HARMLESS}, what)
    return name, value.get("value", value.get("wildcard"))


def _check_fuzzy(options: Mapping[str, Any]) -> None:
    """Sees that letters may differ everywhere in a word, and be swapped.

    Raises:
        Refused: They may not.
    """
    if str(options.get("prefix_length", 0)) != "0":
        raise unsupported("prefix_length", "all letters may differ")
    for name in ("transpositions", "fuzzy_transpositions"):
        if str(options.get(name, True)).lower() != "true":
            raise unsupported(f"{name}: {options[name]}", "letters that are swapped are one edit")


def _edits(fuzziness: object, word: str) -> int:
    if str(fuzziness).upper() == "AUTO":
        return sum(len(word) >= length for length in (3, 6))
    if str(fuzziness) in {"0", "1", "2"}:
        return int(str(fuzziness))
    raise unsupported(f"fuzziness: {fuzziness}", "it has AUTO, 0, 1 and 2")


def together(queries: Iterable[Query]) -> Query:
    """All of them."""
    return conjunction([one for one in queries if one != MatchAll()]) or MatchAll()
