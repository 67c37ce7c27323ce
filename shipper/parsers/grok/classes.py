"""What does a character class or an escape of Oniguruma's syntax mean?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shipper.parsers.grok.charset import (
    DIGITS,
    NOTHING,
    SPACES,
    WORDS,
    CharSet,
    of_range,
    one_of,
)
from shipper.parsers.grok.tree import Chars


class SyntaxTrouble(Exception):
    """A regular expression that cannot be read, or cannot be said in Python's `re`.

    Args:
        what: What is wrong, in one clause.
        position: Where, in characters from the expression's beginning.
    """

    def __init__(self, what: str, position: int) -> None:
        super().__init__(what)
        self.what = what
        self.position = position


_HEX = "0-9A-Fa-f"
_CLASS_ESCAPES: Mapping[str, tuple[str, CharSet]] = {
    "d": (r"\d", DIGITS), "D": (r"\D", DIGITS.negated()),
    "w": (r"\w", WORDS), "W": (r"\W", WORDS.negated()),
    "s": (r"\s", SPACES), "S": (r"\S", SPACES.negated()),
}  # fmt: skip
_POSIX: Mapping[str, str] = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "ascii": r"\x00-\x7f", "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f", "digit": r"\d", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\s", "upper": "A-Z", "xdigit": _HEX, "word": r"\w",
}  # fmt: skip
_CONTROLS: Mapping[str, str] = {
    "t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b",
}  # fmt: skip
_CODE = re.compile(r"x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|(0[0-7]{0,2})")
_NAMED_CLASS = re.compile(r"\[:(\^?)([a-z]{1,12}):\]")
_PROPERTY = re.compile(r"\{(\^?)([A-Za-z]{1,12})\}")


@dataclass(frozen=True, slots=True)
class Escape:
    """What a backslash and what follows it stand for: a set, or one character.

    Attributes:
        end: Where the text goes on.
        inner: How it is written within a class.
    """

    end: int
    inner: str
    chars: CharSet
    literal: str | None


def quoted(character: str) -> str:
    """A character as `re` takes it, in a class and elsewhere."""
    if character.isalnum() or character in " _\"'/,;:=@<>%!~`" or ord(character) > 127:
        return character
    controls = {control: f"\\{letter}" for letter, control in _CONTROLS.items() if letter != "e"}
    return controls.get(character) or (
        "\\" + character if character.isprintable() else f"\\x{ord(character):02x}"
    )


def read_escape(text: str, place: int) -> Escape | None:
    """Reads what is behind a backslash where it means one character out of a set.

    Args:
        text: The expression.
        place: Of what follows the backslash.

    Returns:
        None where it means something else: an assertion, a reference.

    Raises:
        SyntaxTrouble: When it means nothing.
    """
    if place >= len(text):
        raise SyntaxTrouble("it ends with a backslash", place)
    sign = text[place]
    if sign in _CLASS_ESCAPES:
        return Escape(place + 1, *_CLASS_ESCAPES[sign], None)
    if sign in "hH":
        chars = _named(_HEX)
        inner = _HEX if sign == "h" else r"\x00-/:-@G-`g-\U0010ffff"
        return Escape(place + 1, inner, chars if sign == "h" else chars.negated(), None)
    if sign in "pP":
        return _property(text, place, negative=sign == "P")
    if sign in _CONTROLS:
        return _single(place + 1, _CONTROLS[sign])
    if code := _CODE.match(text, place):
        number = int(code[1] or code[2] or code[3] or code[4], 8 if code[4] else 16)
        if number > 0x10FFFF:
            raise SyntaxTrouble("there is no such character", place)
        return _single(code.end(), chr(number))
    return None if sign.isalnum() else _single(place + 1, sign)


def _single(end: int, character: str) -> Escape:
    return Escape(end, quoted(character), one_of(character), character)


def _property(text: str, place: int, *, negative: bool) -> Escape:
    match = _PROPERTY.match(text, place + 1)
    name = match[2].lower() if match else ""
    if match is None or name not in _POSIX:
        raise SyntaxTrouble(
            f"\\p{{…}} knows {', '.join(sorted(_POSIX))}; other properties are not supported", place
        )
    chars = _named(_POSIX[name])
    if negative is bool(match[1]):
        return Escape(match.end(), _POSIX[name], chars, None)
    return Escape(match.end(), _outside(_POSIX[name], place), chars.negated(), None)


def _named(inner: str) -> CharSet:
    return read_class(f"[{inner}]", 0)[0].chars


def _outside(inner: str, place: int) -> str:
    """The content of a class that holds what `inner` does not."""
    opposite = {r"\d": r"\D", r"\s": r"\S", r"\w": r"\W"}
    if inner in opposite:
        return opposite[inner]
    chars = _named(inner)
    if chars.whole or chars.partial:
        raise SyntaxTrouble("this set cannot be turned round within another one", place)
    absent = chars.negated().ascii
    return "".join(f"\\x{number:02x}" for number in range(128) if absent >> number & 1) + (
        "\\x80-\\U0010ffff"
    )


def read_class(text: str, place: int, *, folds: bool = False) -> tuple[Chars, int]:
    """Reads a character class, nested ones and POSIX names in it included.

    Args:
        text: The expression.
        place: Of the opening bracket.
        folds: Case does not matter.

    Returns:
        The set, and where the text goes on.

    Raises:
        SyntaxTrouble: When it is none, or has an intersection.
    """
    inner, chars, negative, end = _read_items(text, place)
    if not inner:
        raise SyntaxTrouble("a character class is empty", place)
    if folds:
        chars = chars.folded()
    source = f"[{'^' if negative else ''}{inner}]"
    return Chars(source, chars.negated() if negative else chars, None, folds), end


def _read_items(text: str, place: int) -> tuple[str, CharSet, bool, int]:
    begin = place
    place += 1
    negative = text.startswith("^", place)
    place += negative
    inner, chars = "", NOTHING
    is_first = True
    while True:
        if place >= len(text):
            raise SyntaxTrouble("a character class is not closed", begin)
        if text[place] == "]" and not is_first:
            return inner, chars, negative, place + 1
        is_first = False
        piece, more, place = _read_item(text, place)
        inner += piece
        chars |= more


def _read_item(text: str, place: int) -> tuple[str, CharSet, int]:
    if text.startswith("&&", place):
        raise SyntaxTrouble("an intersection (&&) of classes is not supported", place)
    if named := _NAMED_CLASS.match(text, place):
        return _read_named(named, place)
    if text[place] == "[" and _closes(text, place):
        inner, chars, negative, end = _read_items(text, place)
        if negative:
            return _outside(inner, place), chars.negated(), end
        return inner, chars, end
    low = _member(text, place)
    if low.literal is None or not text.startswith("-", low.end) or text[low.end + 1 :][:1] == "]":
        return low.inner, low.chars, low.end
    high = _member(text, low.end + 1)
    if high.literal is None:
        return low.inner + r"\-" + high.inner, low.chars | one_of("-") | high.chars, high.end
    if high.literal < low.literal:
        raise SyntaxTrouble(f"the range {low.literal}-{high.literal} is empty", place)
    return f"{low.inner}-{high.inner}", of_range(low.literal, high.literal), high.end


def _read_named(named: re.Match[str], place: int) -> tuple[str, CharSet, int]:
    if named[2] not in _POSIX:
        raise SyntaxTrouble(f"there is no POSIX class {named[2]!r}", place)
    inner = _POSIX[named[2]]
    if named[1]:
        return _outside(inner, place), _named(inner).negated(), named.end()
    return inner, _named(inner), named.end()


def _closes(text: str, place: int) -> bool:
    """Whether a bracket within a class opens another one, and is not the character itself."""
    inner_end = text.find("]", place + 2)
    return inner_end >= 0 and "]" in text[inner_end + 1 :] and text[place + 1] not in "]["


def _member(text: str, place: int) -> Escape:
    if place >= len(text):
        raise SyntaxTrouble("a character class is not closed", place)
    if text[place] != "\\":
        return _single(place + 1, text[place])
    if text.startswith("b", place + 1):
        return Escape(place + 2, r"\x08", one_of("\b"), "\b")
    found = read_escape(text, place + 1)
    if found is None:
        raise SyntaxTrouble(f"\\{text[place + 1]} means nothing within a class", place)
    return found
