"""How is a pattern of the configuration looked for in lines, so that no line takes long?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from logboom.errors import ConfigError
from shipper.framing.stretches import stretches_of
from shipper.parsers.grok.charset import ANYTHING
from shipper.parsers.grok.classes import SyntaxTrouble
from shipper.parsers.grok.effort import effort_of
from shipper.parsers.grok.expression import write_expression
from shipper.parsers.grok.following import Following
from shipper.parsers.grok.improving import improve
from shipper.parsers.grok.pattern import is_anchored
from shipper.parsers.grok.syntax import read_expression
from shipper.parsers.grok.tree import Node

_LINEAR = "n"
_QUADRATIC = "n^2"
_ANYTHING_NEXT = Following(ANYTHING)
_SEARCHED_BYTES = 4096
"""So much of a line is looked at where a pattern takes quadratic time."""


def make_test(pattern: str, encoding: str, *, where: str) -> Callable[[bytes], bool]:
    """Makes a function that says whether a pattern is found in a line.

    Args:
        pattern: A regular expression.
        encoding: Of the lines.
        where: The setting, for messages.

    Raises:
        ConfigError: When it is none, or could take far too long on some line.
    """
    tree = _read(pattern, where)
    better = improve(tree)
    written = write_expression(better).text
    if not written.isascii() or "\\x" in written:
        better, written = tree, pattern  # one character is several bytes, or none of the text's
    growth = _growth(better)
    pieces = _pieces(tree) if growth != _LINEAR and better is not tree else None
    if pieces is not None:
        return _one_by_one(pieces, pattern, encoding, where)
    if growth not in {_LINEAR, _QUADRATIC}:
        raise ConfigError(
            f"{pattern!r} could take {growth} steps on a line of n bytes", where=where,
            mend="repeat nothing that repeats already, write `[^:]*:` for `.*:`, and leave out a"
            " `.*` at its end",
        )  # fmt: skip
    compiled = _compiled(written, pattern, encoding, where)
    search = compiled.match if is_anchored(better) else compiled.search
    if growth == _LINEAR:
        return partial(_is_found, search)
    return lambda line: search(line, 0, _SEARCHED_BYTES) is not None


def _pieces(tree: Node) -> list[list[Node]] | None:
    """What can be looked for one by one, in linear time."""
    pieces = stretches_of(tree)
    if pieces is None:
        return None
    better = [[improve(option, _ANYTHING_NEXT) for option in options] for options in pieces]
    better[-1] = [improve(option) for option in pieces[-1]]
    is_linear = all(_growth(option) == _LINEAR for options in better for option in options)
    return better if is_linear else None


def _one_by_one(
    pieces: Sequence[Sequence[Node]], pattern: str, encoding: str, where: str
) -> Callable[[bytes], bool]:
    """Looks for the pieces behind each other; of a piece's options for the one that ends first."""
    searches = [
        [_searching(option, pattern, encoding, where) for option in options] for options in pieces
    ]

    def is_found(line: bytes) -> bool:
        at = 0
        for options in searches:
            ends = [found.end() for search in options if (found := search(line, at)) is not None]
            if not ends:
                return False
            at = min(ends)
        return True

    return is_found


def _searching(
    piece: Node, pattern: str, encoding: str, where: str
) -> Callable[[bytes, int], re.Match[bytes] | None]:
    compiled = _compiled(write_expression(piece).text, pattern, encoding, where)
    return compiled.match if is_anchored(piece) else compiled.search


def is_linear(pattern: str) -> bool:
    """Whether a pattern takes linear time just as it is written."""
    return _growth(read_expression(pattern)) == _LINEAR


def _is_found(search: Callable[[bytes], re.Match[bytes] | None], line: bytes) -> bool:
    return search(line) is not None


def _growth(tree: Node) -> str:
    return effort_of(tree, is_anchored=is_anchored(tree)).growth


def _read(pattern: str, where: str) -> Node:
    try:
        return read_expression(pattern)
    except SyntaxTrouble as trouble:
        raise _no_expression(pattern, trouble, where) from trouble


def _compiled(written: str, pattern: str, encoding: str, where: str) -> re.Pattern[bytes]:
    try:
        return re.compile(written.encode(encoding))
    except (re.error, UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise _no_expression(pattern, error, where) from error


def _no_expression(pattern: str, error: Exception, where: str) -> ConfigError:
    return ConfigError(
        f"{pattern!r} is not a regular expression: {error}", where=where,
        mend="the syntax is that of usual regular expressions, as with Filebeat",
    )  # fmt: skip
