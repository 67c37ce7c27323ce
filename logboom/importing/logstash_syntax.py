"""How is a Logstash configuration built? By its grammar, from words to plugins and branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from logboom.errors import ConfigError
from logboom.importing.logstash_scanner import Token, tokens_of

SECTIONS = ("input", "filter", "output")
_COMPARING = frozenset({"==", "!=", "<", ">", "<=", ">=", "=~", "!~"})
_JOINING = frozenset({"and", "or", "xor", "nand"})
_MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin with its settings.

    Attributes:
        values: By name; a codec is a `Plugin`, a hash a dict, settings that come twice are joined.
        lines: Line of each setting.
    """

    name: str
    line: int
    values: dict[str, Any]
    lines: dict[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides and what is between them; without a right side, whether the left one exists."""

    left: Token
    sign: str = ""
    right: Token | Sequence[Token] | None = None


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite."""

    inner: Condition


@dataclass(frozen=True, slots=True)
class Joined:
    """Several conditions with `and`, `or`, `xor` or `nand` between each two of them."""

    parts: Sequence[Condition]
    words: Sequence[str]


Condition = Comparison | Negation | Joined


@dataclass(frozen=True, slots=True)
class Branch:
    """An `if` with its `else if`s; the condition of the last `else` is None."""

    line: int
    arms: Sequence[tuple[Condition | None, Sequence[Step]]]


Step = Plugin | Branch


def parse_logstash(text: str, *, origin: str) -> dict[str, list[Step]]:
    """Reads a configuration.

    Args:
        text: Of the file.
        origin: Its name, for errors.

    Returns:
        The steps of `input`, `filter` and `output`.

    Raises:
        ConfigError: It is none, with the line.
    """
    parser = _Parser(list(tokens_of(text, origin=origin)), origin)
    found: dict[str, list[Step]] = {name: [] for name in SECTIONS}
    while not parser.is_at("end"):
        name = parser.expect("word").text
        if name not in SECTIONS:
            raise parser.trouble(f"{name!r} is no section: there are input, filter and output")
        found[name] += parser.block(0)
    return found


class _Parser:
    """Goes through the words from left to right."""

    def __init__(self, tokens: list[Token], origin: str) -> None:
        self._tokens = tokens
        self._place = 0
        self._origin = origin

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def is_at(self, kind: str, text: str | None = None) -> bool:
        return self.next.kind == kind and text in {None, self.next.text}

    def take(self) -> Token:
        token = self.next
        self._place += 1
        return token

    def expect(self, kind: str, text: str | None = None) -> Token:
        if not self.is_at(kind, text):
            wanted = repr(text) if text is not None else f"a {kind}"
            raise self.trouble(f"{wanted} is missing before {self.next.text or 'the end'!r}")
        return self.take()

    def trouble(self, what: str) -> ConfigError:
        return ConfigError(what, where=f"{self._origin}:{self.next.line}")

    def block(self, depth: int) -> list[Step]:
        if depth > _MAX_DEPTH:
            raise self.trouble("it is nested too deeply")
        self.expect("sign", "{")
        steps: list[Step] = []
        while not self.is_at("sign", "}"):
            steps.append(self._branch(depth) if self.is_at("word", "if") else self._plugin(depth))
        self.take()
        return steps

    def _plugin(self, depth: int) -> Plugin:
        if self.next.kind not in {"word", "string"}:
            raise self.trouble(f"a plugin is missing before {self.next.text or 'the end'!r}")
        name = self.take()
        self.expect("sign", "{")
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not self.is_at("sign", "}"):
            if self.next.kind not in {"word", "string", "selector"}:
                raise self.trouble(f"a setting is missing before {self.next.text or 'the end'!r}")
            key = self.take()
            self.expect("sign", "=>")
            lines.setdefault(key.text, key.line)
            value = self._value(depth + 1)
            values[key.text] = _joined(values[key.text], value) if key.text in values else value
        self.take()
        return Plugin(name.text, name.line, values, lines)

    def _value(self, depth: int) -> Any:  # noqa: ANN401 - values are of any shape
        if depth > _MAX_DEPTH:
            raise self.trouble("it is nested too deeply")
        if self.is_at("sign", "["):
            return self._array(depth)
        if self.is_at("sign", "{"):
            return self._hash(depth)
        token = self.next
        if token.kind == "selector":  # an array of one word
            self.take()
            return [_scalar(Token("word", token.text.strip("[]"), token.line))]
        if token.kind == "word" and self._tokens[self._place + 1][:2] == ("sign", "{"):
            return self._plugin(depth)
        if token.kind not in {"string", "number", "word"}:
            raise self.trouble(f"a value is missing before {token.text or 'the end'!r}")
        return _scalar(self.take())

    def _array(self, depth: int) -> list[Any]:
        self.take()
        found: list[Any] = []
        while not self.is_at("sign", "]"):
            found.append(self._value(depth + 1))
            if self.is_at("sign", ","):
                self.take()
        self.take()
        return found

    def _hash(self, depth: int) -> dict[str, Any]:
        self.take()
        found: dict[str, Any] = {}
        while not self.is_at("sign", "}"):
            if self.next.kind not in {"string", "word", "number", "selector"}:
                raise self.trouble(f"a key is missing before {self.next.text or 'the end'!r}")
            key = self.take().text
            self.expect("sign", "=>")
            found[key] = self._value(depth + 1)
            if self.is_at("sign", ","):
                self.take()
        self.take()
        return found

    def _branch(self, depth: int) -> Branch:
        line = self.take().line
        condition = self._condition(depth)
        arms: list[tuple[Condition | None, Sequence[Step]]] = [(condition, self.block(depth + 1))]
        while self.is_at("word", "else"):
            self.take()
            if self.is_at("word", "if"):
                self.take()
                other = self._condition(depth)
                arms.append((other, self.block(depth + 1)))
            else:
                arms.append((None, self.block(depth + 1)))
                break
        return Branch(line, arms)

    def _condition(self, depth: int) -> Condition:
        if depth > _MAX_DEPTH:
            raise self.trouble("it is nested too deeply")
        parts, words = [self._term(depth + 1)], []
        while self.next.kind == "word" and self.next.text in _JOINING:
            words.append(self.take().text)
            parts.append(self._term(depth + 1))
        return parts[0] if len(parts) == 1 else Joined(parts, words)

    def _term(self, depth: int) -> Condition:
        if self.is_at("sign", "!"):
            self.take()
            return Negation(self._term(depth + 1))
        if self.is_at("sign", "("):
            self.take()
            inner = self._condition(depth + 1)
            self.expect("sign", ")")
            return inner
        left = self._side()
        if self.next.kind == "sign" and self.next.text in _COMPARING:
            return Comparison(left, self.take().text, self._side())
        if self.is_at("word", "in"):
            self.take()
            return Comparison(left, "in", self._sides())
        if self.is_at("word", "not"):
            self.take()
            self.expect("word", "in")
            return Negation(Comparison(left, "in", self._sides()))
        return Comparison(left)

    def _side(self) -> Token:
        if self.next.kind not in {"string", "selector", "number", "word", "pattern"}:
            raise self.trouble(f"a value is missing before {self.next.text or 'the end'!r}")
        return self.take()

    def _sides(self) -> Token | list[Token]:
        if not self.is_at("sign", "["):
            return self._side()
        self.take()
        found: list[Token] = []
        while not self.is_at("sign", "]"):
            found.append(self._side())
            if self.is_at("sign", ","):
                self.take()
        self.take()
        return found


def _scalar(token: Token) -> Any:  # noqa: ANN401 - values are of any shape
    if token.kind == "number":
        return float(token.text) if "." in token.text else int(token.text)
    if token.kind == "word" and token.text in {"true", "false"}:
        return token.text == "true"
    return token.text


def _joined(first: Any, second: Any) -> Any:  # noqa: ANN401 - values are of any shape
    """A setting that comes twice: hashes are one hash, everything else is a list."""
    if isinstance(first, dict) and isinstance(second, dict):
        merged = dict(first)
        for key, value in second.items():
            merged[key] = _joined(merged[key], value) if key in merged else value
        return merged
    before = first if isinstance(first, list) else [first]
    after = second if isinstance(second, list) else [second]
    return [*before, *after]
