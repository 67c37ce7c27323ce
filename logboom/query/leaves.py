"""What does one clause of a query mean, given the type of its field?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from logboom.errors import QueryError
from logboom.fields import EVENT_FIELDS, FieldType, resolve
from logboom.query.analysis import LONGEST_PART, folded, is_unspaced, words
from logboom.query.automaton import read_regexp
from logboom.query.costs import Costs
from logboom.query.enclosing import (
    LEVEL,
    EmptyRange,
    End,
    are_texts_like_numbers,
    levels_between,
    nothing_between,
)
from logboom.query.model import (
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
from logboom.query.notes import Note
from logboom.query.regexp import print_regexp
from logboom.query.scanner import quoted
from logboom.query.times import Span, iso_text, parse_span
from logboom.query.values import (
    read_address,
    read_level,
    read_lower_whole,
    read_network,
    read_number,
    read_upper_whole,
    read_whole,
)
from logboom.query.wildcards import by_words, is_everything

MAX_TIMES = 100
"""Different times of one query: plain words take milliseconds each."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a clause looks.

    Attributes:
        name: Stored name, or None for the texts of an event.
        kind: How its values compare.
        written: As the user named it.
    """

    name: str | None
    kind: FieldType
    written: str


TEXTS = Field(None, FieldType.TEXT, "")
"""Where words without a field are looked for."""


def field_of(written: str) -> Field:
    """The field that a user calls so."""
    return Field(*resolve(written), written)


class Leaves:
    """Makes the leaves of one query's model, and notes what its writer should know.

    Args:
        now_ns: The present, nanoseconds since the epoch.
        zone: Of times that name none.

    Attributes:
        notes: In the order in which the clauses came.
    """

    def __init__(self, now_ns: int, zone: tzinfo) -> None:
        self._now_ns = now_ns
        self._zone = zone
        self._spans: dict[str, Span] = {}
        self._costs = Costs()
        self.notes: list[Note] = []

    def note(self, text: str, position: int) -> None:
        """Keeps a hint."""
        self.notes.append(Note(text, position))

    def term(self, field: Field, text: str, *, at: int) -> Query | None:
        """The field has this value; None when there is no word in it that could be looked for.

        Raises:
            QueryError: When the field cannot have this value.
        """
        if field.name is None or field.kind is FieldType.TEXT:
            return Term(field.name, text) if self._has_words(text, at) else None
        name = field.name
        match field.kind:
            case FieldType.DATE:
                span = self._span(text, at)
                return Range(
                    name,
                    iso_text(span.start_us),
                    iso_text(span.end_us),
                    include_lower=True,
                    include_upper=False,
                )
            case FieldType.LONG:
                return Term(name, read_whole(field.written, text, at=at))
            case FieldType.DOUBLE:
                return Term(name, str(read_number(field.written, text, at=at)))
            case FieldType.IP:
                return Term(name, read_network(field.written, text, at=at))
            case _:
                return Term(name, read_level(text, at=at) if name == LEVEL else text)

    def phrase(self, field: Field, text: str, slop: int, *, at: int) -> Query | None:
        """Words in a row, or the whole value of a field that does not consist of words.

        Raises:
            QueryError: When the field cannot have this value.
        """
        if field.kind is FieldType.TEXT:
            return Phrase(field.name, text, slop) if self._has_words(text, at) else None
        if slop:
            self.note(f"{field.written} is compared as a whole, so ~{slop} has no effect on it", at)
        return self.term(field, text, at=at)

    def wildcard(self, field: Field, pattern: str, *, at: int) -> Query | None:
        """Values, or words of a text, that look like this.

        Raises:
            QueryError: When the values of the field are no texts.
        """
        if is_everything(pattern):
            return MatchAll() if field.name is None else self.exists(field.written)
        if pattern.startswith(("*", "?")):
            self._costs.add_pattern(at=at)
        if field.kind is FieldType.TEXT:
            found, note = by_words(field.name, pattern, at)
            if note is not None:
                self.note(note, at)
            return found
        name = self._patterned(field, pattern, at)
        return Wildcard(name, pattern.lower() if name == LEVEL else pattern, at)

    def regex(self, field: Field, pattern: str, *, at: int) -> Query:
        """Values, or words of a text, that an expression matches.

        Raises:
            QueryError: When the expression cannot be understood, or fits no such field.
        """
        self._costs.add_pattern(at=at)
        is_text = field.kind is FieldType.TEXT
        node = read_regexp(folded(pattern) if is_text else pattern, at=at)
        if not is_text:
            self._patterned(field, f"/{pattern}/", at)
        elif any(character.isspace() for character in pattern):
            self.note(
                "A regular expression on a text is matched against single words, which have no "
                'spaces; put a phrase into "".',
                at,
            )
        if pattern.isalnum():
            self.note(
                f"/{pattern}/ is read as a regular expression; to find the text with its "
                f'slashes, write "/{pattern}/".',
                at,
            )
        printed = print_regexp(node, lower_case=is_text or field.name == LEVEL)
        return Regex(field.name, printed, at)

    def fuzzy(self, field: Field, text: str, distance: int, *, at: int) -> Query | None:
        """A word, or a whole value, but for some letters.

        Raises:
            QueryError: When there is not exactly one word, or the values of the field are no texts.
        """
        if distance == 0:
            return self.term(field, text, at=at)
        self._costs.add_fuzzy(text, at=at)
        if field.kind is FieldType.TEXT:
            found = words(text)
            if len(found) != 1:
                near = " ".join(f"{word}~{distance}" for word in found)
                raise QueryError(
                    f"~ is for one word, and {text!r} has {len(found)}",
                    position=at,
                    suggestion=f"write {near}" if near else "leave the ~ out",
                )
            return Fuzzy(field.name, found[0], distance)
        name = self._patterned(field, f"{text}~", at)
        return Fuzzy(name, text.lower() if name == LEVEL else text, distance)

    def exists(self, name: str) -> Query:
        """The field, or any field of the object, has a value."""
        stored, kind = resolve(name)
        if kind is FieldType.DYNAMIC:
            inner = [known for known in EVENT_FIELDS if known.startswith(f"{name}.")]
            if inner:
                return Or((*(Exists(known) for known in inner), Exists(stored)))
        return Exists(stored)

    def between(self, field: Field, lower: End | None, upper: End | None, *, at: int) -> Query:
        """Values from one end to the other; None is open.

        Raises:
            QueryError: When an end is no value of the field, or the ends are swapped.
        """
        if field.name is None:
            raise QueryError(
                "a range or comparison needs a field",
                position=at,
                suggestion="write for example status:>=500, or put the text into quotation marks",
            )
        if lower is None and upper is None:
            return self.exists(field.written)
        if field.name == LEVEL:
            return levels_between(lower, upper, at) or self._nothing(field, lower, upper, at)
        low, high = self._ends(field, lower, upper)
        if field.kind is FieldType.DYNAMIC and are_texts_like_numbers(lower, upper):
            self.note(
                f"{field.written} was compared as a text, because not each end is a number: "
                "values that are numbers are not found.",
                at,
            )
        if nothing_between(field.kind, low, high):
            return self._nothing(field, lower, upper, at)
        return Range(
            field.name,
            None if low is None else low.text,
            None if high is None else high.text,
            include_lower=low is not None and low.included,
            include_upper=high is not None and high.included,
        )

    def _nothing(self, field: Field, lower: End | None, upper: End | None, at: int) -> Query:
        """The query of a range with nothing in it, unless its ends are swapped: an error then."""
        loose = replace(field, kind=FieldType.DOUBLE) if field.kind is FieldType.LONG else field
        closed = (end and replace(end, included=True) for end in (lower, upper))
        if field.name != LEVEL and nothing_between(loose.kind, *self._ends(loose, *closed)):
            raise EmptyRange(
                "nothing lies in this range: its lower end is above its upper end",
                position=at,
                suggestion="swap the ends",
            )
        self.note("Nothing lies in this range: it leaves out all that its ends enclose.", at)
        return Not(MatchAll())

    def _ends(
        self, field: Field, lower: End | None, upper: End | None
    ) -> tuple[End | None, End | None]:
        """The ends as the model wants them, each included or not as it then has to be."""
        return (
            None if lower is None else self._end(field, lower, is_lower=True),
            None if upper is None else self._end(field, upper, is_lower=False),
        )

    def _end(self, field: Field, end: End, *, is_lower: bool) -> End:
        at, text = end.position, end.text
        match field.kind:
            case FieldType.DATE:
                return self._date_end(end, is_lower=is_lower)
            case FieldType.LONG:
                read = read_lower_whole if is_lower else read_upper_whole
                whole = read(field.written, text, included=end.included, at=at)
                return End(whole, included=True, position=at)
            case FieldType.DOUBLE:
                text = str(read_number(field.written, text, at=at))
            case FieldType.IP:
                text = read_address(field.written, text, at=at)
            case FieldType.TEXT:
                text = _one_word(text, at)
            case FieldType.DYNAMIC if text.startswith("now") or "||" in text:
                raise self.no_time(field, at=at)
            case _:
                pass
        return End(text, end.included, at)

    def no_time(self, field: Field, *, at: int) -> QueryError:
        """The error about date math for a field whose values are no times."""
        return QueryError(
            f"{field.written} is compared as a number or a text, not as a time",
            position=at,
            suggestion=f"write {field.written}:>={quoted(iso_text(self._now_ns // 1000))}",
        )

    def _date_end(self, end: End, *, is_lower: bool) -> End:
        """``2024-01-31`` is a whole day: all of it is included, or none of it.

        In the model the lower end of a time is always included, and the upper end never.
        """
        span = self._span(end.text, end.position)
        begins = end.included == is_lower
        moment = span.start_us if begins else span.end_us
        return End(iso_text(moment), included=is_lower, position=end.position)

    def _span(self, text: str, at: int) -> Span:
        """What a time names; of an instant, its microsecond."""
        known = self._spans.get(text)
        if known is not None:
            return known
        if len(self._spans) >= MAX_TIMES:
            raise QueryError(
                f"the query has more than {MAX_TIMES} different times, which is the limit",
                position=at,
                suggestion="write ranges instead of single times",
            )
        try:
            span = parse_span(text, now_ns=self._now_ns, zone=self._zone)
        except QueryError as error:
            raise QueryError(error.what, position=at, suggestion=error.suggestion) from None
        self._spans[text] = Span(span.start_us, max(span.end_us, span.start_us + 1))
        return self._spans[text]

    def _has_words(self, text: str, at: int) -> bool:
        found = words(text)
        if text == "|":
            self.note("| begins no command: what follows it was searched for, too.", at)
        elif not found:
            self.note(
                f"{text!r} has no letters, digits or emojis, and texts are searched by words: "
                "it was left out.",
                at,
            )
        elif any(len(word) > LONGEST_PART and is_unspaced(word) for word in found):
            self.note(
                f"Of a word of more than {LONGEST_PART} characters, in a script without spaces, the "
                f"first {LONGEST_PART} are compared.",
                at,
            )
        return bool(found)

    def _patterned(self, field: Field, pattern: str, at: int) -> str:
        """The stored name of a field whose values are texts."""
        if field.name is not None and field.kind in {FieldType.KEYWORD, FieldType.DYNAMIC}:
            return field.name
        name = field.written
        match field.kind:
            case FieldType.LONG | FieldType.DOUBLE:
                read_number(name, pattern, at=at)
            case FieldType.IP:
                read_network(name, pattern, at=at)
            case _:
                pass
        raise QueryError(
            f"{name} is a time, and {pattern!r} is none",
            position=at,
            suggestion=f"write for example {name}:2024-01 or {name}:[2024-01-01 TO 2024-01-31]",
        )


def _one_word(text: str, at: int) -> str:
    found = words(text)
    if len(found) != 1:
        raise QueryError(
            f"ranges of a text go from word to word, and {text!r} has {len(found)}",
            position=at,
            suggestion="write one word at each end",
        )
    return found[0]
