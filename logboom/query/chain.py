"""How do AND, OR and mere neighbourhood join clauses?

logboom's own language takes neighbours for wanted together (`Chain`). Elasticsearch's `query_string`
takes them for alternatives, unless it is told otherwise (`LooseChain`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
        if self._joint is not None:
            before = self._joint[1].raw
            raise QueryError(
                f"{before} is followed by {word.raw}",
                position=word.position,
                suggestion=f"leave one of them out, or write {quoted(word.raw)} for the word",
            )
        if not self._groups[-1]:
            raise QueryError(
                f"{word.raw} has nothing to its left",
                position=word.position,
                suggestion=f"leave it out, or write {quoted(word.raw)} for the word",
            )
        self._joint = kind, word

    def begin(self, position: int) -> None:
        """A clause begins."""
        if self._joint is None and self._groups[-1]:
            self._neighbours_at = position

    def add(self, clause: Query | None, plus: Word | None) -> None:
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
        if self._joint is not None:
            word = self._joint[1]
            raise QueryError(
                f"{word.raw} has nothing to its right",
                position=word.position,
                suggestion=f"leave it out, or write {quoted(word.raw)} for the word",
            )
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


@dataclass(slots=True)
class _Part:
    """Clauses that an operator joins, or one alone."""

    chain: Chain = field(default_factory=Chain)
    clauses: int = 0
    has_sign: bool = False

    def decides_alone(self) -> bool:
        """True when it must be there, or must not, whatever its neighbours are."""
        return self.clauses == 1 and self.has_sign


class LooseChain:
    """Clauses side by side that are alternatives, but for those with a sign.

    What AND or OR joins is one clause among its neighbours. `+a` must be there and makes those without
    a sign optional; `-a` must not.
    """

    takes_neighbours_together: ClassVar = False

    def __init__(self) -> None:
        self._parts = [_Part()]
        self._is_joined = False

    def join(self, kind: Joint, word: Word) -> None:
        """AND or OR comes next; errors as of `Chain`."""
        self._parts[-1].chain.join(kind, word)
        self._is_joined = True

    def begin(self, position: int) -> None:
        """A clause begins."""
        if self._parts[-1].clauses and not self._is_joined:
            self._parts.append(_Part())
        self._parts[-1].chain.begin(position)

    def add(self, clause: Query | None, plus: Word | None) -> None:
        """A clause has ended; None when there is nothing in it to look for."""
        part = self._parts[-1]
        part.chain.add(clause, plus)
        part.clauses += 1
        part.has_sign = plus is not None or isinstance(clause, Not)
        self._is_joined = False

    def query(self, leaves: Leaves) -> Query | None:
        """All clauses together; errors as of `Chain`."""
        found = [(part, part.chain.query(leaves)) for part in self._parts]
        given = [(part, query) for part, query in found if query is not None]
        wanted = [query for part, query in given if part.decides_alone()]
        optional = [query for part, query in given if not part.decides_alone()]
        if optional and all(isinstance(query, Not) for query in wanted):
            wanted = [either for either in (disjunction(optional),) if either is not None] + wanted
        return conjunction(wanted)
