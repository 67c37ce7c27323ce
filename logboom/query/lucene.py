"""What does a text in Lucene's syntax ask for? `docs/queries.md` describes the language.

A parser by hand instead of a grammar's library, because the contract is about what is *not* a
query: every mistake has its place and its mending (docs/adr/0005-query-language.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from logboom.errors import QueryError
from logboom.fields import ATTRIBUTES, FieldType
from logboom.query.chain import Chain, ClassicChain, disjunction, negation
from logboom.query.clauses import Clauses
from logboom.query.colons import Colon, colon_after
from logboom.query.leaves import TEXTS, Field, Leaves, field_of
from logboom.query.model import MatchAll, Query
from logboom.query.names import Neighbours, near_name_note, unit_apart_note
from logboom.query.notes import Note
from logboom.query.scanner import Joint, Scanner, Word, quoted, unescape, unescape_pattern

MAX_LENGTH = 10_000
"""Characters of a query."""
MAX_DEPTH = 100
"""Parentheses in parentheses."""
MAX_CLAUSES = 1_000
"""Words, phrases, ranges and so on."""

_WITH_NEGATIVES = frozenset(
    {FieldType.LONG, FieldType.DOUBLE, FieldType.KEYWORD, FieldType.DYNAMIC}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A query that was understood.

    Attributes:
        query: What it asks for.
        notes: What its writer should know about how it was read; not errors.
    """

    query: Query
    notes: tuple[Note, ...]


def parse_query(
    text: str, *, now_ns: int, zone: tzinfo = UTC, classic: Joint | None = None
) -> Query:
    """Reads a query.

    Args:
        text: What a user typed. Nothing but white space asks for every event.
        now_ns: The present, nanoseconds since the epoch, for times such as ``now-1h``.
        zone: In which times without an offset are read, and days begin.
        classic: Join clauses in Lucene's classic way, those side by side by this; None: in our own.

    Returns:
        The model. And, Or are flat; a negation is never negated again.

    Raises:
        QueryError: When the text is no query, or goes beyond a limit: with the position of the
            trouble, and what to write instead where that can be known.
    """
    return parse_query_with_notes(text, now_ns=now_ns, zone=zone, classic=classic).query


def parse_query_with_notes(
    text: str, *, now_ns: int, zone: tzinfo = UTC, classic: Joint | None = None
) -> Reading:
    """The same, with hints about what may not have been meant so: arguments, errors as there."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"the query has {len(text)} characters; {MAX_LENGTH} is the limit",
            position=MAX_LENGTH,
            suggestion="search for fewer words at a time",
        )
    _refuse_half_characters(text)
    leaves = Leaves(now_ns, zone)
    query = _Parser(text, leaves, classic).read()
    return Reading(query, tuple(leaves.notes))


def _refuse_half_characters(text: str) -> None:
    """Unpaired surrogates are in no event: UTF-8 cannot carry them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            "half of a character stands here",
            position=error.start,
            suggestion="write the whole character",
        ) from None


class _Parser:
    def __init__(self, text: str, leaves: Leaves, classic: Joint | None) -> None:
        self._scanner = Scanner(text)
        self._leaves = leaves
        self._classic = classic
        self._depth = 0
        self._clauses = Clauses(self._scanner, leaves)
        self._count = 0

    def read(self) -> Query:
        scanner = self._scanner
        if not scanner.skip_space():
            return MatchAll()
        query = self._chain(TEXTS)
        if scanner.peek() == ")":
            raise QueryError(
                "this ) closes nothing",
                position=scanner.place,
                suggestion="remove it, or write \\) for the character itself",
            )
        if query is None:
            raise QueryError(
                "there are no letters or digits to search for, and no emojis",
                position=0,
                suggestion="texts are searched by words: write those beside the signs; "
                'a value of signs only is found in its field: attributes.mark:"->"',
            )
        return query

    def _chain(self, field: Field) -> Query | None:
        """Clauses up to the end or to a closing parenthesis; None when nothing is left of them."""
        chain = Chain() if self._classic is None else ClassicChain(self._classic)
        neighbours = Neighbours(field, self._leaves)
        while True:
            self._scanner.skip_space()
            joint = self._scanner.take_joint()
            if joint is not None:
                chain.join(*joint)
                neighbours.part()
            elif self._scanner.peek() in {"", ")"}:
                return chain.query(self._leaves)
            else:
                begin = self._scanner.place
                self._count_one(begin)
                chain.begin(begin)
                clause, plus, is_negated = self._clause(field)
                chain.add(clause, plus, is_negated=is_negated)
                if plus is None and chain.takes_neighbours_together:
                    text = self._scanner.text[begin : self._scanner.place].strip()
                    neighbours.add(clause, Word(text, begin))

    def _count_one(self, place: int) -> None:
        self._count += 1
        if self._count > MAX_CLAUSES:
            raise QueryError(
                f"the query has more than {MAX_CLAUSES} clauses, which is the limit",
                position=place,
                suggestion="search for fewer words at a time",
            )

    def _clause(self, field: Field) -> tuple[Query | None, Word | None, bool]:
        """One clause with what stands before it; its plus sign, if it has one; and whether it was negated."""
        scanner = self._scanner
        negative = False
        plus: Word | None = None
        while not self._negative_number(field) and (prefix := scanner.take_prefix()) is not None:
            self._check_right_of(prefix)
            if prefix.raw == "+":
                plus = prefix
            else:
                negative = not negative
        found = self._operand(field)
        return (negation(found) if negative and found is not None else found), plus, negative

    def _negative_number(self, field: Field) -> bool:
        """True when a minus belongs to the value, in a group: ``count:(-3)`` is ``count:-3``."""
        number = self._scanner.negative_number() if field.kind in _WITH_NEGATIVES else None
        if number is not None:
            self._leaves.note(
                f"{number} in this group was read as the number {number}; "
                f"write NOT {number[1:]} for all but {number[1:]}.",
                self._scanner.place,
            )
        return number is not None

    def _check_right_of(self, prefix: Word) -> None:
        """A sign belongs to what follows it directly; NOT and ! may have space behind them."""
        scanner = self._scanner
        following = scanner.peek()
        if prefix.raw in {"-", "+"} and (following in {"", "+", "-"} or following.isspace()):
            run = scanner.run_around(prefix.position)
            raise QueryError(
                f"{run.raw} stands for no words: {prefix.raw} needs the clause right after it",
                position=prefix.position,
                suggestion=f"leave it out, or put the whole text into quotation marks: "
                f"{quoted(run.raw)}",
            )
        if scanner.skip_space() in {"", ")"} or scanner.take_joint() is not None:
            raise QueryError(
                f"{prefix.raw} has nothing to its right",
                position=prefix.position,
                suggestion=f"add what is not wanted, or write {quoted(prefix.raw)} for the word",
            )

    def _operand(self, field: Field) -> Query | None:
        scanner = self._scanner
        match scanner.peek():
            case "(":
                return self._group(field)
            case '"':
                return self._clauses.phrase(field)
            case "/":
                return self._clauses.slashes(field)
            case "[" | "{" if field is not TEXTS:
                return self._clauses.range(field)
            case "<" | ">" if field is not TEXTS or self._scanner.compares_number():
                return self._clauses.comparison(field)
            case _:
                return self._word(field)

    def _group(self, field: Field) -> Query | None:
        opened = self._scanner.place
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(
                f"parentheses are nested more than {MAX_DEPTH} deep, which is the limit",
                position=opened,
                suggestion="write it with fewer parentheses",
            )
        self._scanner.take("(")
        if self._scanner.skip_space() == ")":
            raise QueryError(
                "there is nothing between these parentheses",
                position=opened,
                suggestion="remove them, or write \\(\\) for the characters themselves",
            )
        inner = self._chain(field)
        if self._scanner.take(")") is None:
            raise QueryError(
                "this ( is never closed",
                position=opened,
                suggestion="add a ), or write \\( for the character itself",
            )
        self._depth -= 1
        self._clauses.suffix(allowed="^")
        return inner

    def _word(self, field: Field) -> Query | None:
        scanner = self._scanner
        begin = scanner.place
        word = scanner.take_word()
        if not word.raw:
            if scanner.text.startswith("::", begin):
                return self._whole_value(field, begin)
            raise self._clauses.misplaced()
        if scanner.peek() != ":":
            return self._clauses.word(field, self._clauses.with_date_math(field, word))
        match colon_after(scanner.text, word, inside=field):
            case Colon.FIELD:
                return self._of_field(word)
            case Colon.TEXT:
                return self._whole_value(field, begin)
            case Colon.UNLIKE_A_FIELD:
                found = self._whole_value(field, begin)
                self._leaves.note(
                    f"{scanner.text[begin : scanner.place]} was read as text; "
                    f"write attributes.{word.raw}:… for a field of that name.",
                    begin,
                )
                return found
            case Colon.FILE_AND_LINE:
                return self._file_and_line(word)
            case Colon.DOUBLED:
                raise QueryError(
                    f"after {word.raw}: comes a second colon",
                    position=scanner.place + 1,
                    suggestion=f"remove it, or write {quoted(scanner.run_around(begin).raw)} "
                    "for the text",
                )

    def _whole_value(self, field: Field, begin: int) -> Query | None:
        """The word at `begin`, its colons included."""
        self._scanner.place = begin
        return self._clauses.word(field, self._clauses.value(field))

    def _file_and_line(self, word: Word) -> Query | None:
        """``main.c:42``, which is a place in a source file, or ``{"main": {"c": 42}}``: either."""
        scanner = self._scanner
        text = self._whole_value(TEXTS, word.position)
        if unescape_pattern(word) is not None:
            return text
        scanner.place = word.position + len(word.raw)
        scanner.take(":")
        field = field_of(unescape(word))
        own = self._clauses.word(field, scanner.take_value())
        written = scanner.text[word.position : scanner.place]
        self._leaves.note(
            f"{written} was read as text, and as the field {field.name}; "
            f"write {quoted(written)} for the text alone, or {ATTRIBUTES}.{word.raw}:… for the field.",
            word.position,
        )
        return disjunction([one for one in (text, own) if one is not None])

    def _of_field(self, word: Word) -> Query | None:
        """The clause of a field whose name was read; the colon is here."""
        scanner = self._scanner
        scanner.take(":")
        name = self._field_name(word)
        spaced = scanner.peek().isspace()
        begin = scanner.place
        if scanner.skip_space() in {"", ")"} or self._operator_follows():
            raise QueryError(
                f"{word.raw}: has no value",
                position=begin - 1,
                suggestion=f"write {word.raw}:* for events that have the field, "
                f"or {quoted(word.raw + ':')} for the text",
            )
        if name == "_exists_":
            return self._exists()
        if name == "*":
            return self._of_any_field()
        near_name_note(name, spaced=spaced, at=word.position, leaves=self._leaves)
        field = field_of(name)
        found = self._value(field)
        unit_apart_note(scanner.text, scanner.place, field=field, leaves=self._leaves)
        return found

    def _operator_follows(self) -> bool:
        """True when AND, OR or NOT is here instead of a value."""
        place = self._scanner.place
        prefix = self._scanner.take_prefix()
        found = self._scanner.take_joint() is not None or (
            prefix is not None and prefix.raw == "NOT"
        )
        self._scanner.place = place
        return found

    def _field_name(self, word: Word) -> str:
        pattern = unescape_pattern(word)
        if pattern is not None and word.raw != "*":
            raise QueryError(
                f"{word.raw} names many fields, and a clause looks into one",
                position=word.position,
                suggestion="name one field, or none to search the texts of an event",
            )
        return "*" if pattern is not None else unescape(word)

    def _exists(self) -> Query:
        is_quoted = self._scanner.peek() == '"'
        word = self._scanner.take_phrase() if is_quoted else self._scanner.take_value()
        if not word.raw or unescape_pattern(word) is not None:
            raise self._clauses.misplaced("write for example _exists_:trace.id")
        self._clauses.suffix(allowed="^")
        return self._leaves.exists(unescape(word, offset=is_quoted))

    def _of_any_field(self) -> Query:
        begin = self._scanner.place
        word = self._scanner.take_value()
        if word.raw == "*":
            self._clauses.suffix(allowed="^")
            return MatchAll()
        raise QueryError(
            "*: stands only before *, for all events",
            position=begin - 2,
            suggestion="leave *: out to search the texts of an event, or name a field",
        )

    def _value(self, field: Field) -> Query | None:
        """What stands after a field's name and its colon."""
        scanner = self._scanner
        sign = scanner.peek()
        if sign in {"(", '"', "/", "[", "{", "<", ">"}:
            return self._operand(field)
        word = self._clauses.value(field)
        if not word.raw:
            raise self._clauses.misplaced()
        self._check_sign(field, word)
        return self._clauses.word(field, word)

    def _check_sign(self, field: Field, word: Word) -> None:
        """``field:-x`` means the opposite in one engine and the value in another."""
        rest = word.raw[1:]
        if word.raw[0] == "!" or (word.raw[0] in "+-" and not rest[:1].isdigit()):
            outside = "" if word.raw[0] == "+" else "-"
            raise QueryError(
                f"a {word.raw[0]} cannot stand before a value",
                position=word.position,
                suggestion=f"write {outside}{field.written}:{rest.lstrip('=')} for events "
                f"{'with' if not outside else 'without'} it, "
                f"or {field.written}:{quoted(word.raw)} for the value itself",
            )
