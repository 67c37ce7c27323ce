"""Does a text match a regular expression, in time that grows with the text alone?

Python's own engine can take for ever on one value, and nothing can stop it. This one follows all
ways through the expression at once, and remembers each step it has worked out.
"""

from __future__ import annotations

from logboom.errors import QueryError
from logboom.query.regexp import Characters, Choice, Node, Repeat, Sequence, parse_regexp

MAX_PLACES = 1_000
"""Characters and branches of an expression once its repetitions are written out."""

_MAX_REMEMBERED = 2_000
_END = 0


class _Step:
    """A set of places in the expression, a bit for each, and where characters lead from there."""

    __slots__ = ("moves", "places")

    def __init__(self, places: int) -> None:
        self.places = places
        self.moves: dict[str, _Step] = {}


class Automaton:
    """An expression that texts are matched against, from end to end. Threads may share it.

    Args:
        node: The expression's syntax tree.

    Raises:
        QueryError: When its repetitions are too many.
    """

    def __init__(self, node: Node) -> None:
        layout = _Layout()
        first = layout.build(node, _END)
        reached = layout.reached_without_character()
        self._characters = layout.characters
        self._follow = [reached[ways[0]] if ways else 0 for ways in layout.ways]
        # In a plain sequence each place leads to the one before it: one shift moves them all.
        self._plain = sum(
            1 << place
            for place, characters in enumerate(layout.characters)
            if characters is not None and self._follow[place] == 1 << (place - 1)
        )
        self._masks: dict[str, int] = {}
        self._first = _Step(reached[first])
        self._steps = {reached[first]: self._first}

    def matches(self, text: str) -> bool:
        """True when the whole text is meant by the expression."""
        step = self._first
        for character in text:
            following = step.moves.get(character)
            if following is None:
                following = self._walk(step, character)
            if not following.places:
                return False
            step = following
        return step.places & (1 << _END) != 0

    def _walk(self, step: _Step, character: str) -> _Step:
        active = step.places & self._mask(character)
        places = (active & self._plain) >> 1
        others = active & ~self._plain
        while others:
            lowest = others & -others
            places |= self._follow[lowest.bit_length() - 1]
            others ^= lowest
        if len(self._steps) >= _MAX_REMEMBERED:
            self._first = _Step(self._first.places)
            self._steps = {self._first.places: self._first}
        known = self._steps.setdefault(places, _Step(places))
        step.moves[character] = known
        return known

    def _mask(self, character: str) -> int:
        """The places that this character may stand at."""
        known = self._masks.get(character)
        if known is not None:
            return known
        code = ord(character)
        mask = sum(
            1 << place
            for place, characters in enumerate(self._characters)
            if characters is not None and characters.contains(code)
        )
        if len(self._masks) >= _MAX_REMEMBERED:
            self._masks = {}
        self._masks[character] = mask
        return mask


def read_regexp(pattern: str, *, at: int) -> Node:
    """Reads an expression of a query, of which an automaton can be made.

    Args:
        pattern: Without the slashes around it.
        at: Where the first slash stands in the query.

    Raises:
        QueryError: It cannot be understood, or its repetitions are too many; with the position in the query.
    """
    try:
        node = parse_regexp(pattern)
        _Layout().build(node, _END)
    except QueryError as error:
        raise QueryError(
            error.what, position=at + 1 + (error.position or 0), suggestion=error.suggestion
        ) from None
    return node


class _Layout:
    """The expression as places, laid out from its end to its beginning.

    Attributes:
        characters: What may stand at a place; None for the end and for branches.
        ways: Where a place leads: one way from a character, any number from a branch.
    """

    def __init__(self) -> None:
        self.characters: list[Characters | None] = [None]
        self.ways: list[list[int]] = [[]]

    def build(self, node: Node, after: int) -> int:
        """Lays a part out in front of a place; returns where it begins."""
        match node:
            case Characters():
                return self._place(node, [after])
            case Sequence(parts):
                for part in reversed(parts):
                    after = self.build(part, after)
                return after
            case Choice(parts):
                return self._place(None, [self.build(part, after) for part in parts])
            case Repeat():
                return self._build_repeat(node, after)

    def _build_repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._place(None, [after])
            self.ways[loop].append(self.build(node.part, loop))
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self._place(None, [self.build(node.part, after), end])
        for _ in range(node.least):
            before, after = after, self.build(node.part, after)
            if after == before:
                break  # nothing was laid, and never will be
        return after

    def _place(self, characters: Characters | None, ways: list[int]) -> int:
        if len(self.ways) > MAX_PLACES:
            raise QueryError(
                "the repetitions of the regular expression are too many",
                suggestion="write * or + instead of large numbers in { }",
            )
        self.characters.append(characters)
        self.ways.append(ways)
        return len(self.ways) - 1

    def reached_without_character(self) -> list[int]:
        """For each place, the characters and the end that branches lead to from it, as bits."""
        is_branch = [c is None and place != _END for place, c in enumerate(self.characters)]
        reached = [0 if branch else 1 << place for place, branch in enumerate(is_branch)]
        changed = True
        while changed:
            changed = False
            for place, ways in enumerate(self.ways):
                if not is_branch[place]:
                    continue
                bits = reached[place]
                for way in ways:
                    bits |= reached[way]
                changed |= bits != reached[place]
                reached[place] = bits
        return reached
