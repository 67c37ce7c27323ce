"""How is a file told that is no YAML: what is wrong, where, and how to mend the usual causes?"""

from __future__ import annotations

import re
from typing import Final

import yaml

from logboom.errors import ConfigError

_COLUMNS: Final = "begin the lines of one section in the same column"
_QUOTES: Final = "put the value into quotes"
_MENDS: Final = tuple(
    (re.compile(pattern), mend)
    for pattern, mend in (
        (r"character '\\t' that cannot start", "indent with blanks, not with tabs"),
        (r"that cannot start any token", _QUOTES),
        (r"^mapping values are not allowed", f"put a value with `: ` in it into quotes, and {_COLUMNS}"),
        (r"but found '<block (mapping|sequence) start>'", _COLUMNS),
        (r"but found '[-?]'", _COLUMNS),
        (r"but found '<scalar>'", "in single quotes write '' for ', or take double quotes"),
        (r"but found '([\]}])'", "take out this one more bracket, or put the value into quotes"),
        (r"expected ',' or '([\]}])'", r"close the bracket that opens before with \1"),
        (r"expected alphabetic or numeric", "put a value that begins with * or & into quotes"),
        (r"unknown escape character", r"write \\\\ for each \\, or take single quotes"),
        (r"could not find expected ':'", "write `key: value`, with a blank behind the colon"),
        (r"unhashable key", "put a value that begins with { into quotes"),
        (r"constructor for the tag", "put a value that begins with ! into quotes"),
    )
)  # fmt: skip


def yaml_mistake(error: yaml.YAMLError, *, origin: str) -> ConfigError:
    """What is said of a file that is no YAML, with the line and the column.

    Args:
        error: Of the parser.
        origin: The file's name.
    """
    mark = getattr(error, "problem_mark", None)
    where = origin if mark is None else f"{origin}:{mark.line + 1}:{mark.column + 1}"
    problem = getattr(error, "problem", None) or str(error)
    told = f"is not valid YAML: {problem}" if problem else "is not valid YAML"
    return ConfigError(told, where=where, mend=_mend(error, problem))


def _mend(error: yaml.YAMLError, problem: str) -> str | None:
    begun = getattr(error, "context_mark", None)
    if begun is not None and problem == "found unexpected end of stream":
        return f"close the quote that opens in line {begun.line + 1}"
    for pattern, mend in _MENDS:
        if (found := pattern.search(problem)) is not None:
            return found.expand(mend)
    return None
