"""From the query model to Elasticsearch's query language, for a filter context: nothing is scored."""

from __future__ import annotations

from dataclasses import replace

from logboom.errors import QueryError
from logboom.fields import DEFAULT_TEXT_FIELDS, EVENT_FIELDS, FieldType
from logboom.query.analysis import is_unspaced, part_pattern, words
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
from logboom.store.elastic import times, values
from logboom.store.elastic.dsl import (
    NOTHING,
    Dsl,
    all_of,
    any_of,
    exists,
    fuzzy,
    regexp,
    wildcard,
)
from logboom.store.elastic.spelling import searched_name
from logboom.store.elastic.values import Leaf
from logboom.store.values import TimeRange

_ID = "event.id"
_DEEPEST = 25
"""Elasticsearch's own limit for nested `bool` queries is 30."""


def asked(query: Query, within: TimeRange) -> Dsl:
    """A query within a range of event times.

    Raises:
        QueryError: It cannot be asked of Elasticsearch.
    """
    return all_of([translate(query), *times.within(within)])


def translate(query: Query, depth: int = 0) -> Dsl:
    """A query of the same meaning.

    Raises:
        QueryError: It cannot be asked of Elasticsearch.
    """
    if depth > _DEEPEST:
        raise QueryError(
            f"the query is nested more than {_DEEPEST} deep", suggestion="use fewer parentheses"
        )
    match query:
        case MatchAll():
            return {"match_all": {}}
        case And() | Or() | Not():
            return _combination(query, depth + 1)
        case Exists(field):
            return _exists(field)
        case Range():
            return _range(query)
        case _:
            return _leaf(query)


def _combination(query: And | Or | Not, depth: int) -> Dsl:
    match query:
        case And(parts):
            wanted = [translate(part, depth) for part in parts if not isinstance(part, Not)]
            unwanted = [translate(part.part, depth) for part in parts if isinstance(part, Not)]
            return all_of(wanted, but_not=unwanted)
        case Or(parts):
            return any_of([translate(part, depth) for part in parts])
        case Not(part):
            return all_of((), but_not=[translate(part, depth)])


def _leaf(query: Leaf) -> Dsl:
    if query.field is None:
        return any_of([_on_text(query, field) for field in DEFAULT_TEXT_FIELDS])
    match EVENT_FIELDS.get(query.field, FieldType.DYNAMIC):
        case FieldType.TEXT:
            return _on_text(query, query.field)
        case FieldType.DYNAMIC:
            return values.attribute(query, query.field)
        case FieldType.KEYWORD:
            return _on_keyword(query, query.field)
        case kind:
            return _on_value(query, query.field, kind)


def _on_keyword(query: Leaf, field: str) -> Dsl:
    if field == _ID and isinstance(query, Term | Phrase):
        return {"ids": {"values": [query.value]}}
    return values.keyword(query, field)


def _on_value(query: Leaf, field: str, kind: FieldType) -> Dsl:
    """Of a field whose values are numbers, times or addresses."""
    if not isinstance(query, Term | Phrase):
        raise QueryError(
            f"{field} has no patterns, only values and ranges",
            suggestion=f"write {field}:VALUE or {field}:[FROM TO UPTO]",
        )
    match kind:
        case FieldType.DATE:
            value = query.value
            return times.time_range(
                Range(field, value, value, include_lower=True, include_upper=True)
            )
        case FieldType.IP:
            return values.address(field, query.value)
        case _:
            return values.number(field, query.value, kind)


def _on_text(query: Leaf, field: str) -> Dsl:
    name = searched_name(field)
    match query:
        case Term(_, value):
            return _in_a_row(name, words(value), 0)
        case Phrase(_, value, slop):
            return _in_a_row(name, words(value), slop)
        case Wildcard(_, pattern):
            return wildcard(name, pattern.lower())
        case Regex(_, pattern):
            return regexp(name, pattern)
        case Fuzzy(_, value, distance):
            wanted = words(value)
            return all_of([fuzzy(name, word, distance) for word in wanted]) if wanted else NOTHING


def _in_a_row(name: str, wanted: list[str], slop: int) -> Dsl:
    """Words in this order, with at most `slop` others between them."""
    if not wanted:
        return NOTHING
    if any(map(is_unspaced, wanted)):
        return _parts_in_a_row(name, wanted, slop)
    if slop == 0 or len(wanted) == 1:
        # The server cuts words that are longer than it can index just as it did when it indexed.
        return {"match_phrase": {name: {"query": " ".join(wanted)}}}
    clauses = [{"span_term": {name: word}} for word in wanted]
    return {"span_near": {"clauses": clauses, "slop": slop, "in_order": True}}


def _parts_in_a_row(name: str, wanted: list[str], slop: int) -> Dsl:
    """The same, where words of the query may mean all words that they are a part of."""
    meant = [
        {"span_multi": {"match": regexp(name, part_pattern(word))}}
        if is_unspaced(word)
        else {"span_term": {name: word}}
        for word in wanted
    ]
    if len(meant) == 1:
        return regexp(name, part_pattern(wanted[0]))
    return {"span_near": {"clauses": meant, "slop": slop, "in_order": True}}


def _exists(field: str) -> Dsl:
    kind = EVENT_FIELDS.get(field, FieldType.DYNAMIC)
    if kind is FieldType.DYNAMIC:
        return values.exists_below(field)
    if kind is FieldType.TEXT:
        return {"exists": {"field": searched_name(field)}}
    return exists(field)


def _range(query: Range) -> Dsl:
    match EVENT_FIELDS.get(query.field, FieldType.DYNAMIC):
        case FieldType.LONG | FieldType.DOUBLE as kind:
            return values.number_range(query, kind)
        case FieldType.DATE:
            return times.time_range(query)
        case FieldType.IP:
            return values.address_range(query)
        case FieldType.DYNAMIC:
            return values.attribute_range(query)
        case FieldType.TEXT:
            return values.keyword_range(replace(query, field=searched_name(query.field)))
        case _:
            return values.keyword_range(query)
