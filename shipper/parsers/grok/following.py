"""What can come right behind a place of a pattern?"""

from __future__ import annotations

from dataclasses import dataclass

from shipper.parsers.grok.charset import ANYTHING, NEWLINE, NOTHING, WORDS, CharSet
from shipper.parsers.grok.tree import (
    Assertion,
    BackReference,
    Capture,
    Chars,
    Look,
    Node,
    Series,
    bare,
    first_chars,
    is_nullable,
    looks_around,
)


@dataclass(frozen=True, slots=True)
class Following:
    """What the rest of a pattern asks for.

    Attributes:
        chars: Characters that the rest can begin with.
        ends: The rest may also take nothing, and then the pattern has matched, whatever follows.
        is_gated: Before that, something looks at the place: taking nothing may fail.
        gate: The assertion that comes first, where there is one in any case.
        end_gate: One that must hold where the rest takes nothing.
        literal: The character that comes first, where there is only one and it must come.
    """

    chars: CharSet = NOTHING
    ends: bool = True
    is_gated: bool = False
    gate: Node | None = None
    end_gate: Node | None = None
    literal: str | None = None

    def tells_apart(self, chars: CharSet, *, inside: bool) -> bool:
        """Whether the rest can only match where no further character of `chars` follows.

        A run of such characters has then only one end worth trying: its last.

        Args:
            chars: The characters.
            inside: The place in question always has one of them in front of it.
        """
        if self.gate is not None and _closes(self.gate, chars, is_last=self.is_last, inside=inside):
            return True
        if chars.intersects(self.chars):
            return False
        if not (self.ends and self.is_gated):
            return True
        return self.end_gate is not None and _closes(
            self.end_gate, chars, is_last=False, inside=inside
        )

    def or_again(self, chars: CharSet) -> Following:
        """What follows the body of a repetition that begins with these characters."""
        end_gate = self.gate or self.end_gate
        return Following(chars | self.chars, self.ends, self.is_gated, None, end_gate)

    @property
    def is_last(self) -> bool:
        """Whether nothing follows at all but the gate."""
        return self.ends and not self.chars


THE_END = Following()


def behind(node: Node, following: Following) -> Following:  # noqa: PLR0911 - one for each kind
    """What follows the place in front of a node.

    Args:
        node: The node.
        following: What follows the place behind it.
    """
    node = bare(node)
    if isinstance(node, Series):
        for item in reversed(node.items):
            following = behind(item, following)
        return following
    if isinstance(node, Capture):
        return behind(node.body, following)
    if isinstance(node, Look | Assertion):
        end_gate = following.gate or following.end_gate
        return Following(following.chars, following.ends, True, node, end_gate)
    if isinstance(node, BackReference):
        return Following(ANYTHING, following.ends, is_gated=True)
    first = first_chars(node)
    if not is_nullable(node):
        literal = node.literal if isinstance(node, Chars) else None
        return Following(first, ends=False, literal=literal)
    if looks_around(node):
        return Following(first | following.chars, following.ends, is_gated=True)
    return following.or_again(first)


def _closes(gate: Node, chars: CharSet, *, is_last: bool, inside: bool) -> bool:
    """Whether an assertion fails wherever one of `chars` follows (and is in front, if `inside`)."""
    match gate:
        case Assertion(r"\b"):
            return inside and WORDS.covers(chars)
        case Assertion(r"\Z"):
            return True
        case Assertion("$"):
            return is_last or not chars.intersects(NEWLINE)
        case Look(body, True, True):
            inner = bare(body)
            return isinstance(inner, Chars) and inner.chars.covers(chars)
    return False
