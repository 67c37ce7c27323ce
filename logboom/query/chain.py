"""How do AND, OR and mere neighbourhood join clauses?

logboom's own language takes neighbours for wanted together, and AND binds tighter than OR (`Chain`).
Elasticsearch's `query_string` joins as Lucene's classic parser does (`ClassicChain`).
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from logboom.errors import QueryError
from logboom.query.leaves import Leaves
from logboom.query.model import And, Not, Or, Query
from logboom.query.scanner import Joint, Word, quoted


def negation(query: Query) -> Query:
    """Everything but; a negation is undone rather than negated."""
    return query.part if isinstance(query, Not) else Not(query)


def conjunction(parts: list[Query]) -> Query | None:
    """All of them, flat; None for none."""
    flat = [p for part in parts for p in (part.parts if isinstance(part, And) else (part,))]
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def disjunction(parts: list[Query]) -> Query | None:
    """Any of them, flat; None for none."""
    flat = [p for part in parts for p in (part.parts if isinstance(part, Or) else (part,))]
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


class Chain:
    """Clauses side by side. AND and neighbourhood bind alike, and tighter than OR."""

    takes_neighbours_together: ClassVar = True

    def __init__(self) -> None:
        self._groups: list[list[Query | None]] = [[]]
        self._joint: tuple[Joint, Word] | None = None
        self._plus: Word | None = None
        self._neighbours_at: int | None = None

    def join(self, kind: Joint, word: Word) -> None:
        """AND or OR comes next.

        Raises:
            QueryError: When nothing is to its left.
        """
        _check_left_of(word, self._joint, is_first=not self._groups[-1])
        self._joint = kind, word

    def begin(self, position: int) -> None:
        """A clause begins."""
        if self._joint is None and self._groups[-1]:
            self._neighbours_at = position

    def add(self, clause: Query | None, plus: Word | None, *, is_negated: bool) -> None:  # noqa: ARG002 - as `ClassicChain.add`
        """A clause has ended; None when there is nothing in it to look for."""
        if self._joint is not None and self._joint[0] == "OR":
            self._groups.append([])
        self._joint = None
        self._groups[-1].append(clause)
        self._plus = self._plus or plus

    def query(self, leaves: Leaves) -> Query | None:
        """All clauses together, or None when there is nothing to look for in any.

        Raises:
            QueryError: When an operator has nothing to its right, or two contradict.
        """
        _check_right_of(self._joint)
        if len(self._groups) > 1:
            self._check_mixture(leaves)
        ends = [conjunction([p for p in group if p is not None]) for group in self._groups]
        return disjunction([part for part in ends if part is not None])

    def _check_mixture(self, leaves: Leaves) -> None:
        if self._plus is not None:
            raise QueryError(
                "+ asks for what must be there, and OR says that it need not",
                position=self._plus.position,
                suggestion="write +a +(b OR c), or leave the + out",
            )
        if self._neighbours_at is not None:
            leaves.note(
                "Words side by side belong together before OR: a b OR c is (a b) OR c; "
                "write a (b OR c) for the other meaning.",
                self._neighbours_at,
            )


class _Sign(Enum):
    MUST = "must be there"
    MAY = "may be there"
    NOT = "must not be there"


class ClassicChain:
    """Clauses side by side, each of which must be there, may be, or must not: Lucene's classic way.

    AND makes what is on both of its sides wanted, OR optional what would be wanted without it. What is
    optional counts only where nothing is wanted: none of the two binds tighter than the other, and
    `a OR b AND c` wants b and c.

    Args:
        default: Joins neighbours.
    """

    takes_neighbours_together: ClassVar = False

    def __init__(self, default: Joint) -> None:
        self._default = default
        self._clauses: list[tuple[Query, _Sign]] = []
        self._has_begun = False
        self._joint: tuple[Joint, Word] | None = None

    def join(self, kind: Joint, word: Word) -> None:
        """AND or OR comes next; errors as of `Chain`."""
        _check_left_of(word, self._joint, is_first=not self._has_begun)
        self._joint = kind, word

    def begin(self, _position: int) -> None:
        """A clause begins."""
        self._has_begun = True

    def add(self, clause: Query | None, plus: Word | None, *, is_negated: bool) -> None:
        """A clause has ended; None when there is nothing in it to look for."""
        joint = None if self._joint is None else self._joint[0]
        self._joint = None
        if joint == "AND" or (joint == "OR" and self._default == "AND"):
            self._sign_last(joint)
        if clause is None:
            return
        wanted = plus is not None if self._default == "OR" else joint != "OR"
        sign = _Sign.NOT if is_negated else _Sign.MUST if wanted or joint == "AND" else _Sign.MAY
        self._clauses.append((clause, sign))

    def _sign_last(self, joint: Joint) -> None:
        """What an operator makes of the clause to its left."""
        if self._clauses and self._clauses[-1][1] is not _Sign.NOT:
            sign = _Sign.MUST if joint == "AND" else _Sign.MAY
            self._clauses[-1] = (self._clauses[-1][0], sign)

    def query(self, _leaves: Leaves) -> Query | None:
        """All clauses together; errors as of `Chain`."""
        _check_right_of(self._joint)
        signed = {sign: [clause for clause, its in self._clauses if its is sign] for sign in _Sign}
        optional = disjunction(signed[_Sign.MAY])
        wanted = signed[_Sign.MUST] or ([] if optional is None else [optional])
        return conjunction([*wanted, *signed[_Sign.NOT]])


def _check_left_of(word: Word, before: tuple[Joint, Word] | None, *, is_first: bool) -> None:
    if before is not None:
        raise QueryError(
            f"{before[1].raw} is followed by {word.raw}",
            position=word.position,
            suggestion=f"leave one of them out, or write {quoted(word.raw)} for the word",
        )
    if is_first:
        raise QueryError(
            f"{word.raw} has nothing to its left",
            position=word.position,
            suggestion=f"leave it out, or write {quoted(word.raw)} for the word",
        )


def _check_right_of(joint: tuple[Joint, Word] | None) -> None:
    if joint is not None:
        word = joint[1]
        raise QueryError(
            f"{word.raw} has nothing to its right",
            position=word.position,
            suggestion=f"leave it out, or write {quoted(word.raw)} for the word",
        )
