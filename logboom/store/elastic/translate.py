"""From the query model to Elasticsearch's query language."""

from __future__ import annotations

from collections.abc import Callable
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
from logboom.store.port import TimeRange

Dsl = dict[str, Any]
_EVENT_ID = "event.id"
_MAX_EXPANSIONS = 1000
_ESCAPED = frozenset('+-=&|><!(){}[]^"~:/ ')


def translate(query: Query) -> Dsl:  # noqa: PLR0911 - one answer per node of the model
    """The query as Elasticsearch wants it, for a filter context."""
    match query:
        case MatchAll():
            return {"match_all": {}}
        case And(parts):
            return {"bool": {"filter": [translate(part) for part in parts]}}
        case Or(parts):
            return _any(*(translate(part) for part in parts))
        case Not(part):
            return {"bool": {"must_not": [translate(part)]}}
        case Exists(field):
            return _exists(field)
        case Range():
            return _range(query)
        case _:
            return _leaf(query)


def with_times(query: Query, times: TimeRange) -> Dsl:
    """The query, within a range of event times."""
    bounds: dict[str, Any] = {}
    if times.start_us is not None:
        bounds["gte"] = -(-times.start_us // 1000)
    if times.end_us is not None:
        bounds["lt"] = -(-times.end_us // 1000)
    filters = [translate(query)]
    if bounds:
        filters.append({"range": {"@timestamp": {**bounds, "format": "epoch_millis"}}})
    return {"bool": {"filter": filters}}


def _any(*queries: Dsl) -> Dsl:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _leaf(query: Term | Phrase | Wildcard | Regex | Fuzzy) -> Dsl:
    if query.field is None:
        return _any(*(_on_text(query, field) for field in DEFAULT_TEXT_FIELDS))
    if query.field == _EVENT_ID:
        return _on_id(query)
    kind = EVENT_FIELDS.get(query.field, FieldType.DYNAMIC)
    return _BY_TYPE.get(kind, _on_keyword)(query, query.field)


def _on_text(query: Term | Phrase | Wildcard | Regex | Fuzzy, field: str) -> Dsl:
    match query:
        case Term(_, value):
            return {"match_phrase": {field: {"query": value, "zero_terms_query": "none"}}}
        case Phrase(_, value, slop):
            return {"match_phrase": {field: {"query": value, "slop": slop}}}
        case Wildcard(_, pattern):
            return {"wildcard": {field: {"value": pattern, "case_insensitive": True}}}
        case Regex(_, pattern):
            return {
                "regexp": {field: {"value": pattern, "case_insensitive": True, "flags": "NONE"}}
            }
        case Fuzzy(_, value, distance):
            return {"match": {field: {"query": value, "fuzziness": distance, "operator": "and"}}}


def _on_keyword(query: Term | Phrase | Wildcard | Regex | Fuzzy, field: str) -> Dsl:
    match query:
        case Term(_, value) | Phrase(_, value):
            return {"term": {field: value}}
        case Wildcard(_, pattern):
            return {"wildcard": {field: {"value": pattern}}}
        case Regex(_, pattern):
            return {"regexp": {field: {"value": pattern, "flags": "NONE"}}}
        case Fuzzy(_, value, distance):
            return {
                "fuzzy": {
                    field: {
                        "value": value,
                        "fuzziness": distance,
                        "max_expansions": _MAX_EXPANSIONS,
                    }
                }
            }


def _on_dynamic(query: Term | Phrase | Wildcard | Regex | Fuzzy, field: str) -> Dsl:
    """A field whose type is that of the first value that was seen: ask both of its forms."""
    match query:
        case Term(_, value) | Phrase(_, value):
            return _any(
                {"match": {field: {"query": value, "lenient": True}}},
                {"term": {f"{field}.keyword": value}},
            )
        case Wildcard(_, pattern):
            return _lenient(field, _escape(pattern, keep="*?\\"))
        case Regex(_, pattern):
            return _lenient(field, "/" + pattern.replace("/", "\\/") + "/")
        case Fuzzy(_, value, distance):
            return _lenient(field, f"{_escape(value)}~{distance}")


def _on_number(query: Term | Phrase | Wildcard | Regex | Fuzzy, field: str) -> Dsl:
    if isinstance(query, Term | Phrase):
        return {"term": {field: query.value}}
    return _lenient(
        field, _escape(query.pattern, keep="*?\\") if isinstance(query, Wildcard) else "\\ "
    )


def _on_id(query: Term | Phrase | Wildcard | Regex | Fuzzy) -> Dsl:
    if isinstance(query, Term | Phrase):
        return {"ids": {"values": [query.value]}}
    return {"match_none": {}}


_BY_TYPE: dict[FieldType, Callable[[Any, str], Dsl]] = {
    FieldType.TEXT: _on_text,
    FieldType.DYNAMIC: _on_dynamic,
    FieldType.LONG: _on_number,
    FieldType.DOUBLE: _on_number,
    FieldType.IP: _on_number,
}


def _exists(field: str) -> Dsl:
    if field in EVENT_FIELDS:
        return {"exists": {"field": field}}
    return _any({"exists": {"field": field}}, {"exists": {"field": f"{field}.*"}})


def _range(query: Range) -> Dsl:
    bounds: dict[str, Any] = {}
    if query.lower is not None:
        bounds["gte" if query.include_lower else "gt"] = query.lower
    if query.upper is not None:
        bounds["lte" if query.include_upper else "lt"] = query.upper
    kind = EVENT_FIELDS.get(query.field, FieldType.DYNAMIC)
    if kind is FieldType.DYNAMIC and not all(_is_number(end) for end in bounds.values()):
        lower, upper = _range_end(query.lower), _range_end(query.upper)
        opening, closing = "[" if query.include_lower else "{", "]" if query.include_upper else "}"
        return _lenient(query.field, f"{opening}{lower} TO {upper}{closing}")
    return {"range": {query.field: bounds}}


def _range_end(value: str | None) -> str:
    return "*" if value is None else _escape(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lenient(field: str, expression: str) -> Dsl:
    """A value that the field's type cannot have matches nothing, instead of failing the search."""
    return {
        "query_string": {
            "query": f"{_escape(field)}:{expression}",
            "lenient": True,
            "analyze_wildcard": False,
        }
    }


def _escape(text: str, keep: str = "") -> str:
    special = _ESCAPED | (frozenset("*?\\") - frozenset(keep))
    return "".join(f"\\{sign}" if sign in special else sign for sign in text)
