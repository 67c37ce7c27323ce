"""From a text in Lucene's syntax to the query model, or to an error that says where and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo

from logboom.errors import QueryError
from logboom.fields import resolve
from logboom.query.model import (
    And,
    Exists,
    Fuzzy,
    MatchAll,
    Not,
    Or,
    Phrase,
    Query,
    Regex,
    Wildcard,
)
from logboom.query.scanner import Scanner, Word, has_wildcard, unescape
from logboom.query.values import Values

MAX_LENGTH = 10_000
MAX_DEPTH = 100
MAX_CLAUSES = 1_000
_TAIL = re.compile(r"(?P<fuzzy>~(?P<distance>[0-2](?:\.\d+)?)?)?(?P<boost>\^\d+(?:\.\d+)?)?$")
_SLOP = re.compile(r"(?:~(\d{1,4}))?(?:\^\d+(?:\.\d+)?)?")
_RANGE_ENDS = frozenset(" \t\r\n]}")
_Make = Callable[[], Query]


def parse_query(text: str, *, now_ns: int, zone: tzinfo = UTC) -> Query:
    """Reads a query; `docs/queries.md` describes the syntax.

    Args:
        text: What a user typed; nothing matches everything.
        now_ns: The present, for times such as ``now-1h``; ns since the epoch.
        zone: Of times that name none.

    Raises:
        QueryError: With the position and a suggestion.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"the query has {len(text)} characters, and {MAX_LENGTH} at most are allowed",
            position=MAX_LENGTH,
        )
    return _Parser(text, Values(now_ns, zone)).parse()


class _Parser:
    def __init__(self, text: str, values: Values) -> None:
        self._scanner = Scanner(text)
        self._values = values
        self._depth = 0
        self._clauses = 0

    def parse(self) -> Query:
        if self._scanner.at_end:
            return MatchAll()
        query = self._any_of(None)
        if not self._scanner.at_end:
            raise QueryError(
                f"nothing was opened that this {self._scanner.peek()} could close",
                position=self._scanner.place,
                suggestion="remove it, or write \\) for the character itself",
            )
        return query

    def _any_of(self, field: str | None) -> Query:
        parts = [self._all_of(field)]
        while self._scanner.operator() == "OR":
            at = self._scanner.place
            self._scanner.take_operator()
            self._expect_operand("OR", at)
            parts.append(self._all_of(field))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self, field: str | None) -> Query:
        self._expect_operand(None, self._scanner.place)
        parts = [self._one(field)]
        while not self._scanner.at_end and self._scanner.peek() != ")":
            operator = self._scanner.operator()
            if operator == "OR":
                break
            if operator == "AND":
                at = self._scanner.place
                self._scanner.take_operator()
                self._expect_operand("AND", at)
            parts.append(self._one(field))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _expect_operand(self, operator: str | None, at: int) -> None:
        scanner = self._scanner
        missing = scanner.at_end or scanner.peek() == ")"
        if not missing and scanner.operator() not in {"AND", "OR"}:
            return
        if operator is not None:
            raise QueryError(
                f"something must follow {operator}",
                position=at,
                suggestion=f'add what is wanted, or write "{operator}" for the word itself',
            )
        if missing:
            raise QueryError("the parentheses are empty", position=at, suggestion="remove them")
        raise QueryError(
            f"something must stand before {scanner.operator()}",
            position=scanner.place,
            suggestion="remove it, or put it into quotation marks to find the word itself",
        )

    def _one(self, field: str | None) -> Query:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise QueryError(f"more than {MAX_CLAUSES} parts", position=self._scanner.place)
        scanner = self._scanner
        if scanner.operator() == "NOT":
            at = scanner.place
            scanner.take_operator()
            self._expect_operand("NOT", at)
            return Not(self._nested(lambda: self._one(field)))
        if scanner.peek() in {"-", "+"} and self._sign_counts():
            negative = scanner.peek() == "-"
            scanner.place += 1
            part = self._nested(lambda: self._one(field))
            return Not(part) if negative else part
        if scanner.peek() == "(":
            return self._group(field)
        return self._clause(field)

    def _sign_counts(self) -> bool:
        """A sign belongs to what follows it directly; alone it is a word."""
        follows = self._scanner.text[self._scanner.place + 1 : self._scanner.place + 2]
        return bool(follows) and not follows.isspace() and follows not in "-+)"

    def _group(self, field: str | None) -> Query:
        begin = self._scanner.place
        self._scanner.place += 1
        inner = self._nested(lambda: self._any_of(field))
        self._scanner.skip_space()
        if not self._scanner.take(")"):
            raise QueryError(
                "the parenthesis is never closed", position=begin, suggestion="add a ) at the end"
            )
        boost = re.compile(r"\^\d+(?:\.\d+)?").match(self._scanner.text, self._scanner.place)
        if boost is not None:
            self._scanner.place = boost.end()
        return inner

    def _nested(self, make: _Make) -> Query:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(f"nested more than {MAX_DEPTH} deep", position=self._scanner.place)
        query = make()
        self._depth -= 1
        return query

    def _clause(self, field: str | None) -> Query:
        name = self._scanner.field() if field is None else None
        if name is None:
            return self._value(field)
        written = unescape(name.raw)
        if written == "_exists_":
            return Exists(resolve(unescape(self._scanner.word().raw))[0])
        if written == "*" or (written == "_all" and self._scanner.take("*")):
            return MatchAll()
        return self._of_field(resolve(written)[0])

    def _of_field(self, field: str) -> Query:
        if self._scanner.peek() == "(":
            return self._group(field)
        return self._value(field)

    def _value(self, field: str | None) -> Query:
        scanner = self._scanner
        sign = scanner.peek()
        if sign == '"':
            return self._phrase(field)
        if sign == "/":
            found = scanner.regex()
            if found is not None:
                return self._regex(field, found)
        if field is not None and sign in {"[", "{"}:
            return self._range(field)
        if field is not None and sign in {">", "<"}:
            return self._comparison(field)
        return self._term(field)

    def _phrase(self, field: str | None) -> Query:
        word = self._scanner.quoted()
        tail = _SLOP.match(self._scanner.text, self._scanner.place)
        slop = 0
        if tail is not None:
            self._scanner.place = tail.end()
            slop = int(tail[1] or 0)
        if field is None or self._values.is_text(field):
            return Phrase(field, unescape(word.raw), slop)
        return self._values.term(field, unescape(word.raw), word.position)

    def _regex(self, field: str | None, word: Word) -> Query:
        pattern = word.raw.replace("\\/", "/")
        try:
            re.compile(pattern)
        except re.error as error:
            raise QueryError(
                f"/{word.raw}/ is not a regular expression: {error}", position=word.position
            ) from None
        return Regex(field, pattern)

    def _term(self, field: str | None) -> Query:
        word = self._scanner.word()
        if not word.raw:
            raise QueryError(
                f"{self._scanner.peek()!r} cannot stand here",
                position=self._scanner.place,
                suggestion="put the text into quotation marks",
            )
        tail = _TAIL.search(word.raw)
        raw = word.raw[: tail.start()] if tail is not None and tail.start() > 0 else word.raw
        if raw == "*":
            return MatchAll() if field is None else Exists(field)
        if raw == "*:*":
            return MatchAll()
        if has_wildcard(raw):
            return Wildcard(field, raw)
        if tail is not None and tail["fuzzy"] and len(raw) < len(word.raw):
            return Fuzzy(field, unescape(raw), int(float(tail["distance"] or 2)))
        return self._values.term(field, unescape(raw), word.position)

    def _comparison(self, field: str) -> Query:
        sign = next(s for s in (">=", "<=", ">", "<") if self._scanner.take(s))
        self._scanner.skip_space()
        at = self._scanner.place
        quoted = self._scanner.peek() == '"'
        word = self._scanner.quoted() if quoted else self._scanner.word()
        if not word.raw:
            raise QueryError(f"a value must follow {sign}", position=at)
        value = unescape(word.raw)
        return self._values.comparison(field, sign, value, word.position)

    def _range(self, field: str) -> Query:
        begin = self._scanner.place
        include_lower = self._scanner.peek() == "["
        self._scanner.place += 1
        lower = self._range_end(begin)
        self._scanner.skip_space()
        if not self._scanner.take("TO"):
            raise self._broken_range(begin)
        upper = self._range_end(begin)
        self._scanner.skip_space()
        include_upper = self._scanner.peek() == "]"
        if not (self._scanner.take("]") or self._scanner.take("}")):
            raise self._broken_range(begin)
        return self._values.range(
            field, (lower, include_lower), (upper, include_upper), position=begin
        )

    def _range_end(self, begin: int) -> str | None:
        self._scanner.skip_space()
        quoted = self._scanner.peek() == '"'
        word = self._scanner.quoted() if quoted else self._scanner.word(_RANGE_ENDS)
        if not word.raw:
            raise self._broken_range(begin)
        return None if word.raw == "*" and not quoted else unescape(word.raw)

    def _broken_range(self, begin: int) -> QueryError:
        return QueryError(
            "the range is not complete",
            position=begin,
            suggestion="write [from TO to], with * for an open end, { } to leave the ends out",
        )
