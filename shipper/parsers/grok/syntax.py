"""From a regular expression in Oniguruma's syntax to its tree.

Oniguruma is the engine of Logstash and, as Joni, of Elasticsearch. Python's own spellings of groups
are taken, too. A repetition of a repetition with a plus, as in ``a{2}+``, is possessive, as it is
everywhere but in Ruby. What `re` has no words for is refused, never given another meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from shipper.parsers.grok.charset import one_of
from shipper.parsers.grok.classes import SyntaxTrouble, quoted, read_class, read_escape
from shipper.parsers.grok.tree import (
    DOT,
    EMPTY,
    Assertion,
    Atomic,
    BackReference,
    Capture,
    Chars,
    Choice,
    Kind,
    Look,
    Node,
    Repeat,
    Series,
)

_COUNT = re.compile(r"\{(\d{0,5})(?:(,)(\d{0,5}))?\}")
_FLAGS = re.compile(r"\(\?([imsxau]*)(?:-([imsx]+))?([:)])")
_NAME = re.compile(r"\(\?P?<([^<>=!]+)>|\(\?'([^']+)'")
_LOOKS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}
_ASSERTIONS = {"A": r"\A", "G": r"\A", "z": r"\Z", "Z": "$", "b": r"\b", "B": r"\B"}
_KINDS = {"?": Kind.LAZY, "+": Kind.POSSESSIVE}
_MAX_NESTING = 120
_REFUSED = {
    "K": "\\K (keep) is not supported: name the part that is wanted",
    "X": "\\X is not supported",
    "g": "\\g<…> (calling a group) is not supported: give the part a name in the definitions",
    "N": "\\N is not supported: write [^\\n]",
    "O": "\\O is not supported: a dot takes line breaks, too",
}


@dataclass(frozen=True, slots=True)
class _Flags:
    folds: bool = False
    is_spaced: bool = False


@dataclass(slots=True)
class _Reader:
    text: str
    place: int = 0
    depth: int = 0
    names: list[str | None] = field(default_factory=list)
    references: list[tuple[int | str, int]] = field(default_factory=list)

    def read(self, flags: _Flags) -> Node:
        """Alternatives, up to a closing parenthesis or the end."""
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise SyntaxTrouble("its groups are nested too deeply", self.place)
        options = []
        while True:
            items, flags = self._series(flags)
            options.append(items[0] if len(items) == 1 else Series(tuple(items)))
            if not self.text.startswith("|", self.place):
                break
            self.place += 1
        self.depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _series(self, flags: _Flags) -> tuple[list[Node], _Flags]:
        items: list[Node] = []
        while self.place < len(self.text) and self.text[self.place] not in "|)":
            if flags.is_spaced and self._skips_space():
                continue
            if (found := _FLAGS.match(self.text, self.place)) and found[3] == ")":
                self.place = found.end()
                flags = _changed(flags, found)
                continue
            items.append(self._repeated(self._atom(flags), flags))
        return items, flags

    def _skips_space(self) -> bool:
        sign = self.text[self.place]
        if sign == "#":
            end = self.text.find("\n", self.place)
            self.place = len(self.text) if end < 0 else end
            return True
        self.place += sign.isspace()
        return sign.isspace()

    def _repeated(self, atom: Node, flags: _Flags) -> Node:
        while self.place < len(self.text):
            if flags.is_spaced and self._skips_space():
                continue
            bounds = self._bounds()
            if bounds is None:
                break
            kind = _KINDS.get(self.text[self.place : self.place + 1], Kind.GREEDY)
            self.place += kind is not Kind.GREEDY
            atom = Repeat(atom, *bounds, kind)
        return atom

    def _bounds(self) -> tuple[int, int | None] | None:
        sign = self.text[self.place]
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if sign in simple:
            self.place += 1
            return simple[sign]
        count = _COUNT.match(self.text, self.place) if sign == "{" else None
        if count is None or not (count[1] or count[3]):
            return None
        low = int(count[1] or 0)
        high = low if count[2] is None else int(count[3]) if count[3] else None
        if high is not None and high < low:
            raise SyntaxTrouble("a repetition's upper bound is below its lower one", self.place)
        self.place = count.end()
        return low, high

    def _atom(self, flags: _Flags) -> Node:
        sign = self.text[self.place]
        if sign == "(":
            return self._group(flags)
        if sign == "[":
            chars, self.place = read_class(self.text, self.place, folds=flags.folds)
            return chars
        if sign == "\\":
            return self._escape(flags)
        if sign in "*+?":
            raise SyntaxTrouble(f"there is nothing that {sign} could repeat", self.place)
        self.place += 1
        if sign == ".":
            return DOT
        return Assertion(sign) if sign in "^$" else _literal(sign, flags)

    def _escape(self, flags: _Flags) -> Node:
        begin = self.place
        found = read_escape(self.text, begin + 1)
        if found is not None:
            self.place = found.end
            if found.literal is not None:
                return _literal(found.literal, flags)
            return Chars(f"[{found.inner}]", found.chars)
        sign = self.text[begin + 1]
        self.place = begin + 2
        if sign in _ASSERTIONS:
            return Assertion(_ASSERTIONS[sign])
        if sign == "R":
            line_break = Chars(r"[\n\v\f\r\x85\u2028\u2029]", one_of("\n\v\f\r\x85\u2028"))
            pair = Series((_literal("\r", _Flags()), _literal("\n", _Flags())))
            return Atomic(Choice((pair, line_break)))
        if sign.isdigit():
            return self._reference(re.compile(r"\\(\d{1,2})"), begin)
        if sign == "k":
            return self._reference(re.compile(r"\\k[<']([^<>']+)[>']"), begin)
        raise SyntaxTrouble(_REFUSED.get(sign, f"\\{sign} means nothing"), begin)

    def _reference(self, form: re.Pattern[str], begin: int) -> Node:
        found = form.match(self.text, begin)
        if found is None:
            raise SyntaxTrouble("a reference to a group is not complete", begin)
        self.place = found.end()
        target: int | str = int(found[1]) - 1 if found[1].isdigit() else found[1]
        self.references.append((target, begin))
        return BackReference(target)

    def _group(self, flags: _Flags) -> Node:
        begin = self.place
        if self.text.startswith("(?#", begin):
            self.place = self._closing(begin)
            return EMPTY
        if reference := re.match(r"\(\?P=(\w+)\)", self.text[begin : begin + 100]):
            self.place = begin + reference.end()
            self.references.append((reference[1], begin))
            return BackReference(reference[1])
        for opening, (ahead, negative) in _LOOKS.items():
            if self.text.startswith(opening, begin):
                return Look(self._body(begin + len(opening), flags, begin), ahead, negative)
        if self.text.startswith("(?>", begin):
            return Atomic(self._body(begin + 3, flags, begin))
        if found := _FLAGS.match(self.text, begin):
            return self._body(found.end(), _changed(flags, found), begin)
        name = _NAME.match(self.text, begin)
        if name is None and self.text.startswith("(?", begin):
            raise SyntaxTrouble(f"{self.text[begin : begin + 4]}… begins no known group", begin)
        number = len(self.names)
        self.names.append((name[1] or name[2]) if name else None)
        body = self._body(name.end() if name else begin + 1, flags, begin)
        return Capture(body, self.names[number], number)

    def _closing(self, begin: int) -> int:
        end = self.text.find(")", begin)
        if end < 0:
            raise SyntaxTrouble("a comment is not closed", begin)
        return end + 1

    def _body(self, place: int, flags: _Flags, begin: int) -> Node:
        self.place = place
        body = self.read(flags)
        if not self.text.startswith(")", self.place):
            raise SyntaxTrouble("a parenthesis is not closed", begin)
        self.place += 1
        return body


def _changed(flags: _Flags, found: re.Match[str]) -> _Flags:
    on, off = found[1], found[2] or ""
    return _Flags(
        folds=("i" in on or flags.folds) and "i" not in off,
        is_spaced=("x" in on or flags.is_spaced) and "x" not in off,
    )


def _literal(character: str, flags: _Flags) -> Chars:
    chars = one_of(character)
    if flags.folds and character.swapcase() != character:
        return Chars(quoted(character), (chars | one_of(character.swapcase())).folded(), None, True)
    return Chars(quoted(character), chars, character)


def read_expression(text: str) -> Node:
    """Reads a regular expression.

    Args:
        text: In Oniguruma's syntax.

    Returns:
        Its tree; plain groups are captures only where a reference needs them.

    Raises:
        SyntaxTrouble: When it cannot be read, or has no counterpart in `re`.
    """
    reader = _Reader(text)
    tree = reader.read(_Flags())
    if reader.place < len(text):
        raise SyntaxTrouble("there is a closing parenthesis too many", reader.place)
    for target, place in reader.references:
        known = (
            0 <= target < len(reader.names) if isinstance(target, int) else target in reader.names
        )
        if not known:
            raise SyntaxTrouble("it refers to a group that there is not", place)
    return tree
