"""What may rules and their groups be called?

A name stands in paths, in keys of `State`, in messages and on pages, mostly as group/name.
"""

from __future__ import annotations

from typing import Annotated, Final
from unicodedata import category

from pydantic import AfterValidator

LONGEST: Final = 150
_MOST_BYTES: Final = 180
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
"""Not seen either, but some scripts and emoji are not written without them."""


def _named(text: str) -> str:
    if not text:
        raise ValueError("a name is not empty")
    size = len(text.encode("utf-8", "surrogatepass"))
    if len(text) > LONGEST or size > _MOST_BYTES:
        raise ValueError(
            f"a name has at most {LONGEST} characters and {_MOST_BYTES} bytes, and this has "
            f"{len(text)} and {size}: shorten it, and tell the rest in `annotations`"
        )
    for sign in text:
        if category(sign) in _HIDDEN and sign not in _JOINERS:
            raise ValueError(f"a name has no U+{ord(sign):04X} in it, which nobody sees: remove it")
    if text != text.strip():
        raise ValueError("a name begins and ends with no blank: remove it")
    if "/" in text or "#" in text:
        instead = text.replace("/", "-").replace("#", "-")
        raise ValueError(f"a name has no / and no # in it: write {instead!r}")
    if text in {".", ".."}:
        raise ValueError("a name is a part of paths, where . and .. are folders: write a word")
    return text


Name = Annotated[str, AfterValidator(_named)]
"""Of a rule, or of a group of rules."""
