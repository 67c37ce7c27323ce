"""How is a query asked of a day's index?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from math import comb

from tantivy import FieldType as Kind
from tantivy import Occur, Query

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, DEFAULT_TEXT_FIELDS, EVENT_FIELDS, FieldType
from logboom.query import model
from logboom.query.analysis import is_unspaced, part_pattern, words
from logboom.query.numbers import parse_number
from logboom.store.local import leaves, patterns
from logboom.store.local.combine import all_of, any_of, none_of, nothing, regex
from logboom.store.local.entry import split_id
from logboom.store.local.leaves import Leaf
from logboom.store.local.number_ranges import Ranges, Span
from logboom.store.local.schema import (
    ADDRESS,
    APART,
    CREATED,
    FOREIGN_ID,
    ID,
    INGESTED,
    MESSAGE,
    NO_MESSAGE,
    OFFSET,
    PRESENT,
    SCHEMA,
    TAGS,
    TIME,
    TOKENS,
)
from logboom.store.local.seen import position_query
from logboom.store.local.tokens import PRESENT_TOKEN, tokens
from logboom.store.local.values import (
    address_range,
    parse_date,
    parse_network,
    whole_range,
)

_DEEPEST = 200
_MOST_SPACINGS = 500
_MOST_SPACINGS_OF_PARTS = 50
_DATES = {"event.created": CREATED, "event.ingested": INGESTED}
_OWN_NAMES = {**APART, **_DATES, "@timestamp": TIME, "log.offset": OFFSET, "client.ip": ADDRESS}


class Translator:
    """Turns the query model into tantivy's queries. They fit every day: the schema is the same."""

    def __init__(self) -> None:
        self._ranges = Ranges()

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
            case model.And() | model.Or() | model.Not():
                return self._combination(query, depth + 1)
            case model.Range():
                return self._range(query)
            case model.Exists(field):
                return _exists(field)
            case model.Wildcard() | model.Regex():
                return self._pattern(query)
            case _:
                return self._leaf(query)

    def _pattern(self, query: model.Wildcard | model.Regex) -> Query:
        """As `_leaf`; what it refuses is told with where it stands."""
        try:
            return self._leaf(query)
        except QueryError as error:
            raise QueryError(error.what, position=query.at, suggestion=error.suggestion) from error

    def _combination(self, query: model.And | model.Or | model.Not, depth: int) -> Query:
        match query:
            case model.And(parts):
                return self._conjunction(parts, depth)
            case model.Or(parts):
                return any_of(*(self._node(part, depth) for part in parts))
            case model.Not(part):
                return none_of(self._node(part, depth))

    def _conjunction(self, parts: tuple[model.Query, ...], depth: int) -> Query:
        wanted = [self._node(part, depth) for part in parts if not isinstance(part, model.Not)]
        unwanted = [self._node(p.part, depth) for p in parts if isinstance(p, model.Not)]
        return Query.boolean_query(
            [(Occur.Must, query) for query in wanted or [Query.all_query()]]
            + [(Occur.MustNot, query) for query in unwanted]
        )

    def _leaf(self, query: Leaf) -> Query:
        name = query.field
        if name is None:
            return any_of(*(_on_text(query, _own_name(text)) for text in DEFAULT_TEXT_FIELDS))
        if name == ID or name in TOKENS:
            return _on_whole(query, name)
        match EVENT_FIELDS.get(name):
            case FieldType.TEXT:
                return _on_text(query, _own_name(name))
            case FieldType.LONG | FieldType.DOUBLE | FieldType.DATE | FieldType.IP as kind:
                return self._on_value(query, name, kind)
            case FieldType.KEYWORD if name in APART or name == TAGS:
                return _on_keyword(query, _own_name(name))
            case _:
                return leaves.leaf(query, name)

    def _on_value(self, query: Leaf, name: str, kind: FieldType) -> Query:
        if not isinstance(query, model.Term | model.Phrase):
            raise QueryError(
                f"{name} has no patterns, only values and ranges",
                suggestion=f"write {name}:VALUE or {name}:[FROM TO UPTO]",
            )
        value = query.value
        if kind is FieldType.IP:
            ends = parse_network(value)
            if ends is not None:
                return Query.range_query(SCHEMA, ADDRESS, Kind.IpAddr, *ends)
        elif kind is FieldType.DATE or name in _OWN_NAMES:
            read = parse_date if kind is FieldType.DATE else parse_number
            if read(value) is not None:
                return self._range(model.Range(name, value, value, True, True))
        if kind is FieldType.DATE:
            return leaves.strings(name, value)
        return leaves.leaf(query, name)

    def _range(self, query: model.Range) -> Query:
        name = query.field
        match EVENT_FIELDS.get(name):
            case FieldType.TEXT | FieldType.KEYWORD if name in _OWN_NAMES or name in {
                MESSAGE,
                TAGS,
            }:
                pattern = patterns.from_ends(query)
                return nothing() if pattern is None else regex(_own_name(name), pattern)
            case FieldType.KEYWORD if name != ID and name not in TOKENS:
                return leaves.between_strings(query)
            case None if name.startswith(ATTRIBUTES + "."):
                return self._attribute_range(query)
            case FieldType.IP:
                return address_range(query)
            case kind:
                return self._value_range(query, kind)

    def _value_range(self, query: model.Range, kind: FieldType | None) -> Query:
        if kind is FieldType.DATE:
            return self._date_range(query)
        if kind in {FieldType.LONG, FieldType.DOUBLE}:
            return self._number_range(query)
        raise QueryError(f"{query.field} cannot be compared with < and >")

    def _number_range(self, query: model.Range) -> Query:
        lower, upper = (
            None if end is None else _number(end, query.field) for end in (query.lower, query.upper)
        )
        if query.field in _OWN_NAMES:
            return whole_range(_own_name(query.field), query, lower, upper)
        span = Span(lower, upper, query.include_lower, query.include_upper)
        within = self._ranges.within(query.field, span)
        if not query.field.startswith(ATTRIBUTES + "."):
            return within
        return any_of(within, leaves.between_numbers(query.field, span))

    def _date_range(self, query: model.Range) -> Query:
        lower, upper = (
            None if end is None else _date(end, query.field) for end in (query.lower, query.upper)
        )
        return whole_range(_own_name(query.field), query, lower, upper)

    def _attribute_range(self, query: model.Range) -> Query:
        ends = [end for end in (query.lower, query.upper) if end is not None]
        if all(parse_number(end) is not None for end in ends):
            return self._number_range(query)
        return leaves.between_strings(query)


def _own_name(name: str) -> str:
    """The index's name of a field that stands apart."""
    return _OWN_NAMES.get(name, name)


def _on_text(query: Leaf, name: str) -> Query:
    match query:
        case model.Term(_, value):
            return _phrase(name, words(value), 0)
        case model.Phrase(_, value, slop):
            return _phrase(name, words(value), slop)
        case model.Wildcard(_, pattern):
            return regex(name, patterns.from_wildcard(pattern.lower()))
        case model.Regex(_, pattern):
            return regex(name, patterns.from_regexp(pattern))
        case model.Fuzzy(_, value, distance):
            fuzzy = (Query.fuzzy_term_query(SCHEMA, name, one, distance) for one in words(value))
            return all_of(*fuzzy)


def _phrase(name: str, phrase: list[str], slop: int) -> Query:
    if not phrase:
        return nothing()
    if any(map(is_unspaced, phrase)):
        return _parts(name, phrase, slop)
    if len(phrase) == 1:
        return Query.term_query(SCHEMA, name, phrase[0])
    if slop == 0:
        return Query.phrase_query(SCHEMA, name, list(phrase))
    _check_slop(len(phrase), slop, _MOST_SPACINGS)
    # tantivy's own slop takes one word for two: each way to space the words is asked for instead.
    return any_of(
        *(
            Query.phrase_query(SCHEMA, name, list(zip(places, phrase, strict=True)))
            for places in _spacings(len(phrase), slop)
        )
    )


def _parts(name: str, phrase: list[str], slop: int) -> Query:
    """Words in a row, of which some mean all words that they are a part of."""
    meant = [
        patterns.from_regexp(part_pattern(word)) if is_unspaced(word) else patterns.literal(word)
        for word in phrase
    ]
    if len(meant) == 1:
        return regex(name, meant[0])
    _check_slop(len(meant), slop, _MOST_SPACINGS_OF_PARTS)
    return any_of(
        *(
            Query.regex_phrase_query(SCHEMA, name, list(zip(places, meant, strict=True)))
            for places in _spacings(len(meant), slop)
        )
    )


def _check_slop(count: int, slop: int, most: int) -> None:
    """Sees that there are not too many ways to space the words of a phrase.

    Raises:
        QueryError: There are.
    """
    if comb(count - 1 + slop, slop) > most:
        raise QueryError(
            f"{count} words with up to {slop} others between them would cost too much",
            suggestion="write a smaller number after the ~, or fewer words",
        )


def _spacings(words_count: int, slop: int) -> Iterator[list[int]]:
    """The places that words in a row can take with at most `slop` others between them."""
    for others in combinations_with_replacement(range(words_count), slop):
        yield [n + sum(1 for before in others if before < n) for n in range(words_count)]


def _on_keyword(query: Leaf, name: str) -> Query:
    match query:
        case model.Term(_, value) | model.Phrase(_, value, _):
            return Query.term_query(SCHEMA, name, value)
        case model.Wildcard(_, pattern):
            return regex(name, patterns.from_wildcard(pattern))
        case model.Regex(_, pattern):
            return regex(name, patterns.from_regexp(pattern))
        case model.Fuzzy(_, value, distance):
            return Query.fuzzy_term_query(SCHEMA, name, value, distance)


def _on_whole(query: Leaf, name: str) -> Query:
    if not isinstance(query, model.Term | model.Phrase):
        raise QueryError(f"{name} can only be looked up whole", suggestion=f"write {name}:VALUE")
    if name == ID:
        return id_query(query.value)
    return all_of(*(_token(name, number) for number in tokens(query.value)))


def _token(name: str, number: int) -> Query:
    return Query.term_query(SCHEMA, TOKENS[name], number)


def id_query(event_id: str) -> Query:
    """The document of an event id."""
    foreign = Query.term_query(SCHEMA, FOREIGN_ID, event_id)
    position = split_id(event_id)
    if position is None:
        return foreign
    return any_of(position_query(position[0], position[1], position[1]), foreign)


def _exists(name: str) -> Query:
    if name in {"@timestamp", "event", ID}:
        return Query.all_query()
    if name == MESSAGE:
        return none_of(Query.term_query(SCHEMA, PRESENT, NO_MESSAGE))
    if name in TOKENS:
        return _token(name, PRESENT_TOKEN)
    if name == "log":
        return any_of(Query.exists_query(OFFSET), leaves.exists(name))
    if name in {TAGS, "log.offset", *_DATES}:
        return any_of(Query.exists_query(_own_name(name)), leaves.exists(name))
    return leaves.exists(name)


def _number(text: str, name: str) -> int | float:
    number = parse_number(text)
    if number is None:
        raise QueryError(f"{name} is compared with numbers, and {text!r} is none")
    return number


def _date(text: str, name: str) -> int:
    time_us = parse_date(text)
    if time_us is None:
        raise QueryError(f"{name} is compared with times, and {text!r} is none")
    return time_us
