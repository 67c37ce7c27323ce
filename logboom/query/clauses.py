"""How is one clause written: a word, a phrase, a regular expression, a range or a comparison?"""

from __future__ import annotations

import re

from logboom.errors import QueryError
from logboom.fields import FieldType
from logboom.query.enclosing import End
from logboom.query.foreign import comparison_note, instead
from logboom.query.leaves import TEXTS, Field, Leaves
from logboom.query.model import Query
from logboom.query.names import operator_note
from logboom.query.scanner import Scanner, Word, quoted, unescape, unescape_pattern

MAX_SLOP = 1_000
"""Moves that a phrase's words may make."""

_BOOST = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_SLOP = re.compile(r"0*(\d{1,4})", re.ASCII)
_DISTANCES = {"": 2, "0": 0, "1": 1, "2": 2, "0.0": 0, "1.0": 1, "2.0": 2}
_TYPOGRAPHIC_MARKS = frozenset("“”„«»")
_LIKE_A_REGEX = re.compile(r"\.[*+]|\\[dws]")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d", re.ASCII)
_MISPLACED = frozenset("[]{}~^\\:")


class Clauses:
    """Reads the clauses of a query where its scanner stands."""

    def __init__(self, scanner: Scanner, leaves: Leaves) -> None:
        self._scanner = scanner
        self._leaves = leaves

    def phrase(self, field: Field) -> Query | None:
        """Quoted text; its mark is here."""
        word = self._scanner.take_phrase()
        distance = self.suffix(allowed="~^")
        if self._scanner.peek() == ":":
            name = word.raw.replace(" ", "\\ ")
            raise self.misplaced(f"write the field's name without quotation marks: {name}:…")
        slop = 0 if distance is None else _slop(distance)
        return self._leaves.phrase(field, unescape(word, offset=1), slop, at=word.position)

    def slashes(self, field: Field) -> Query | None:
        """A regular expression, or a path: ``/api/v1`` has no word's end after its second slash."""
        found = self._scanner.take_slashes()
        if found is not None:
            self.suffix(allowed="^")
            return self._leaves.regex(field, found.raw, at=found.position)
        word = self._scanner.take_value()
        if _LIKE_A_REGEX.search(word.raw):
            raise QueryError(
                "this begins like a regular expression, but no / ends it",
                position=word.position,
                suggestion="write \\/ for each slash inside of /…/, "
                "or put a path into quotation marks",
            )
        return self.word(field, word)

    def range(self, field: Field) -> Query:
        """Two ends in brackets; the opening one is here."""
        scanner = self._scanner
        opened = scanner.place
        opening = scanner.take("[", "{")
        lower = self._bound(opened)
        scanner.skip_space()
        if scanner.take_bound().raw != "TO":
            raise _broken_range(opened)
        upper = self._bound(opened)
        scanner.skip_space()
        closing = scanner.take("]", "}")
        if closing is None:
            raise _broken_range(opened)
        self.suffix(allowed="^")
        return self._leaves.between(
            field,
            None if lower is None else End(lower[0], opening == "[", lower[1]),
            None if upper is None else End(upper[0], closing == "]", upper[1]),
            at=opened,
        )

    def _bound(self, opened: int) -> tuple[str, int] | None:
        """One end of a range and its position; None for ``*``."""
        if self._scanner.skip_space() == '"':
            phrase = self._scanner.take_phrase()
            return unescape(phrase, offset=1), phrase.position
        word = self._scanner.take_bound()
        if word.raw in {"", "TO"}:
            raise _broken_range(opened)
        return None if word.raw == "*" else (unescape(word), word.position)

    def comparison(self, field: Field) -> Query:
        """A value with ``>``, ``>=``, ``<`` or ``<=`` before it; the sign is here."""
        scanner = self._scanner
        begin = scanner.place
        sign = scanner.take(">=", "<=", ">", "<") or ""
        is_quoted = scanner.skip_space() == '"'
        word = scanner.take_phrase() if is_quoted else self.value(field)
        if not is_quoted and not word.raw:
            raise QueryError(
                f"{sign} has nothing to its right",
                position=begin,
                suggestion=f"write for example {field.written}:{sign}5",
            )
        self.suffix(allowed="^")
        end = End(unescape(word, offset=is_quoted), "=" in sign, word.position)
        if sign[0] == ">":
            return self._leaves.between(field, end, None, at=begin)
        return self._leaves.between(field, None, end, at=begin)

    def value(self, field: Field) -> Word:
        """A word in which colons are characters like others, with its date math; may be empty."""
        return self.with_date_math(field, self._scanner.take_value())

    def with_date_math(self, field: Field, word: Word) -> Word:
        """The word that was read, and the date math that follows it: ``2024-01-31||-1d/d``.

        Raises:
            QueryError: When it would be a date in a field that is compared otherwise.
        """
        is_time = field.kind is FieldType.DATE
        if not is_time and (field is TEXTS or _DATE.match(word.raw) is None):
            return word
        whole = self._scanner.take_date_math(word)
        if whole is not word and not is_time:
            raise self._leaves.no_time(field, at=word.position)
        return whole

    def word(self, field: Field, word: Word) -> Query | None:
        """The leaf for a word that was read, with what follows it."""
        if field is TEXTS:
            self._scanner.take("()")  # of a function: signs between words, as in any text
        distance = self.suffix(allowed="~^")
        if self._scanner.peek() in _MISPLACED:
            raise self.misplaced()
        if _has_typographic_mark(word.raw):
            raise QueryError(
                "typographic quotation marks make no phrase",
                position=word.position,
                suggestion='write "…" with straight marks, or leave them out',
            )
        # A ? in the address of a page begins what follows its path.
        is_address = _ADDRESS.match(word.raw) is not None and "*" not in word.raw
        pattern = None if is_address else unescape_pattern(word)
        operator_note(word, self._leaves)
        if field is TEXTS:
            comparison_note(self._scanner.text, word.position, self._leaves)
        if distance is None:
            if pattern is not None:
                return self._leaves.wildcard(field, pattern, at=word.position)
            return self._leaves.term(field, unescape(word), at=word.position)
        if pattern is not None or distance.raw not in _DISTANCES:
            raise QueryError(
                "after a word without wildcards, ~ takes a distance of 0, 1 or 2",
                position=distance.position,
                suggestion="write for example conection~1",
            )
        edits = _DISTANCES[distance.raw]
        return self._leaves.fuzzy(field, unescape(word), edits, at=word.position)

    def suffix(self, *, allowed: str) -> Word | None:
        """Moves past ``~…`` and ``^…``; returns what stands after the first, if that is there."""
        suffix = self._scanner.take_suffix()
        if suffix.distance is not None and "~" not in allowed:
            raise QueryError(
                "~ belongs to a word or a phrase",
                position=suffix.position,
                suggestion="leave it out",
            )
        if suffix.boost is not None and _BOOST.fullmatch(suffix.boost) is None:
            raise QueryError(
                "^ takes a number",
                position=suffix.position,
                suggestion="leave it out, or write \\^ for the character itself",
            )
        if suffix.distance is None:
            return None
        return Word(suffix.distance, suffix.position)

    def misplaced(self, suggestion: str | None = None) -> QueryError:
        """The error about a character that cannot stand where the scanner is."""
        scanner = self._scanner
        sign = scanner.peek()
        run = scanner.run_around(min(scanner.place, len(scanner.text) - 1))
        if not sign:
            what = "the query ends too early"
        elif sign == "\\":
            what = "the backslash at the end escapes nothing"
        elif sign in "[{<>":
            what = f"{sign} needs a field before it"
        else:
            what = f"{sign} cannot stand here"
        return QueryError(
            what,
            position=scanner.place,
            suggestion=suggestion
            or instead(scanner.text, scanner.place)
            or f"for the text itself write {quoted(run.raw)}",
        )


def _slop(word: Word) -> int:
    match = _SLOP.fullmatch(word.raw)
    if match is not None and int(match[1]) <= MAX_SLOP:
        return int(match[1])
    raise QueryError(
        f"after a phrase, ~ takes how many moves its words may make, up to {MAX_SLOP}",
        position=word.position,
        suggestion="write for example ~2",
    )


def _broken_range(opened: int) -> QueryError:
    return QueryError(
        "this range is not complete",
        position=opened,
        suggestion="write [from TO to] with an upper-case TO, * for an open end, "
        'and "" around ends with spaces',
    )


def _has_typographic_mark(raw: str) -> bool:
    """True when a mark that is not escaped begins or ends the word."""
    return raw[0] in _TYPOGRAPHIC_MARKS or (raw[-1] in _TYPOGRAPHIC_MARKS and raw[-2:-1] != "\\")
