"""How is a query asked of a day's index?"""

from __future__ import annotations

from tantivy import FieldType as Kind
from tantivy import Occur, Query

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, DEFAULT_TEXT_FIELDS, EVENT_FIELDS, FieldType
from logboom.query import model
from logboom.query.analysis import words
from logboom.store.local import patterns
from logboom.store.local.attributes import (
    AttributeQueries,
    attribute_exists,
    attribute_leaf,
    misfit,
)
from logboom.store.local.combine import all_of, any_of, none_of, nothing, regex
from logboom.store.local.entry import split_id
from logboom.store.local.schema import (
    ABSENT,
    FOREIGN_ID,
    ID,
    INDEXED_NUMBERS,
    NOTED,
    PRESENT,
    SCHEMA,
    TIME,
)
from logboom.store.local.seen import position_query
from logboom.store.local.values import (
    ip_range,
    number_range,
    parse_date,
    parse_network,
    parse_number,
)

Leaf = model.Term | model.Phrase | model.Wildcard | model.Regex | model.Fuzzy

_DEEPEST = 200


class Translator:
    """Turns the query model into tantivy's queries. They fit every day: the schema is the same."""

    def __init__(self) -> None:
        self._attributes = AttributeQueries()

    def translate(self, query: model.Query) -> Query:
        """The tantivy query with the same meaning.

        Raises:
            QueryError: The query cannot be asked of this store.
        """
        return self._node(query, 0)

    def _node(self, query: model.Query, depth: int) -> Query:
        if depth > _DEEPEST:
            raise QueryError("the query is nested too deeply")
        match query:
            case model.MatchAll():
                return Query.all_query()
            case model.And(parts):
                return self._conjunction(parts, depth + 1)
            case model.Or(parts):
                return any_of(*(self._node(part, depth + 1) for part in parts))
            case model.Not(part):
                return none_of(self._node(part, depth + 1))
            case model.Range():
                return self._range(query)
            case model.Exists(field):
                return self._exists(field)
            case _ if query.field is None:
                return any_of(*(_on_text(query, name) for name in DEFAULT_TEXT_FIELDS))
            case _:
                return self._on_field(query, query.field)

    def _conjunction(self, parts: tuple[model.Query, ...], depth: int) -> Query:
        wanted = [self._node(part, depth) for part in parts if not isinstance(part, model.Not)]
        unwanted = [self._node(p.part, depth) for p in parts if isinstance(p, model.Not)]
        return Query.boolean_query(
            [(Occur.Must, query) for query in wanted or [Query.all_query()]]
            + [(Occur.MustNot, query) for query in unwanted]
        )

    def _on_field(self, query: Leaf, name: str) -> Query:
        if name == ID:
            return _on_id(query)
        if name.startswith(ATTRIBUTES + "."):
            return attribute_leaf(query, name)
        match EVENT_FIELDS.get(name):
            case FieldType.TEXT:
                return _on_text(query, name)
            case FieldType.KEYWORD:
                return _on_keyword(query, name)
            case FieldType.LONG | FieldType.DOUBLE | FieldType.DATE as kind:
                return self._on_number(query, name, kind)
            case FieldType.IP:
                return self._on_ip(query, name)
            case _:
                return nothing()

    def _on_number(self, query: Leaf, name: str, kind: FieldType) -> Query:
        value = _exact_value(query, name, "[500 TO 599]")
        number = parse_date(value) if kind is FieldType.DATE else parse_number(value)
        if number is None:
            return misfit(name, value)
        if kind is not FieldType.DOUBLE and not isinstance(number, int):
            return nothing()
        if name in INDEXED_NUMBERS and abs(number) < 2**63:
            return Query.term_query(SCHEMA, name, number)
        return number_range(name, kind, number, number)

    def _on_ip(self, query: Leaf, name: str) -> Query:
        value = _exact_value(query, name, "10.1.0.0/16")
        ends = parse_network(value)
        if ends is None:
            return misfit(name, value)
        return Query.range_query(SCHEMA, name, Kind.IpAddr, *ends)

    def _range(self, query: model.Range) -> Query:
        name = query.field
        if name.startswith(ATTRIBUTES + "."):
            return self._attributes.range(query)
        open_ends = {"include_lower": query.include_lower, "include_upper": query.include_upper}
        match None if name == ID else EVENT_FIELDS.get(name):
            case FieldType.TEXT | FieldType.KEYWORD:
                return regex(name, patterns.from_range(query.lower, query.upper, **open_ends))
            case FieldType.LONG | FieldType.DOUBLE | FieldType.DATE as kind:
                lower, upper = (_bound(end, name, kind) for end in (query.lower, query.upper))
                return number_range(name, kind, lower, upper, **open_ends)
            case FieldType.IP:
                return ip_range(name, query.lower, query.upper, **open_ends)
            case _:
                raise QueryError(f"{name} cannot be compared with < and >")

    def _exists(self, name: str) -> Query:
        if name in {TIME, ID}:
            return Query.all_query()
        if name.startswith(ATTRIBUTES + "."):
            return attribute_exists(name)
        if name == "message":
            return none_of(Query.term_query(SCHEMA, PRESENT, ABSENT))
        noted = Query.term_query(SCHEMA, PRESENT, name)
        if name in NOTED or name not in EVENT_FIELDS:
            return noted
        return any_of(Query.exists_query(name), noted)


def _on_text(query: Leaf, name: str) -> Query:
    match query:
        case model.Term(_, value):
            return _phrase(name, words(value), 0)
        case model.Phrase(_, value, slop):
            return _phrase(name, words(value), slop)
        case model.Wildcard(_, pattern):
            return regex(name, patterns.from_wildcard(pattern.lower()))
        case model.Regex(_, pattern):
            return regex(name, patterns.from_lucene(pattern))
        case model.Fuzzy(_, value, distance):
            return all_of(
                *(Query.fuzzy_term_query(SCHEMA, name, one, distance) for one in words(value))
            )


def _phrase(name: str, phrase: list[str], slop: int) -> Query:
    if not phrase:
        return nothing()
    if len(phrase) == 1:
        return Query.term_query(SCHEMA, name, phrase[0])
    return Query.phrase_query(SCHEMA, name, list(phrase), slop)


def _on_keyword(query: Leaf, name: str) -> Query:
    match query:
        case model.Term(_, value) | model.Phrase(_, value, _):
            return Query.term_query(SCHEMA, name, value)
        case model.Wildcard(_, pattern):
            return regex(name, patterns.from_wildcard(pattern))
        case model.Regex(_, pattern):
            return regex(name, patterns.from_lucene(pattern))
        case model.Fuzzy(_, value, distance):
            return Query.fuzzy_term_query(SCHEMA, name, value, distance)


def _on_id(query: Leaf) -> Query:
    if not isinstance(query, model.Term | model.Phrase):
        raise QueryError("an event's id can only be looked up whole", suggestion="write id:VALUE")
    return id_query(query.value)


def id_query(event_id: str) -> Query:
    """The document of an event id."""
    foreign = Query.term_query(SCHEMA, FOREIGN_ID, event_id)
    position = split_id(event_id)
    if position is None:
        return foreign
    return any_of(position_query(position[0], position[1], position[1]), foreign)


def _exact_value(query: Leaf, name: str, example: str) -> str:
    if isinstance(query, model.Term | model.Phrase):
        return query.value
    raise QueryError(
        f"{name} has no patterns, only values and ranges", suggestion=f"write {name}:{example}"
    )


def _bound(text: str | None, name: str, kind: FieldType) -> int | float | None:
    if text is None:
        return None
    value = parse_date(text) if kind is FieldType.DATE else parse_number(text)
    if value is None:
        what = "times" if kind is FieldType.DATE else "numbers"
        raise QueryError(f"{name} is compared with {what}, and {text!r} is none")
    return value
