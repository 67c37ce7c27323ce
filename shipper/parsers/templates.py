"""Which message does a template mean, as Serilog and its relatives write it?

Sources: messagetemplates.org; .NET's standard and custom numeric format strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from types import MappingProxyType
from typing import Any, Final

import orjson

_HOLE = re.compile(r"\{\{|\}\}|\{[@$]?([\w.]{1,200}+)(?:,(-?[0-9]{1,4}))?(?::([^{}]{1,200}+))?\}")
_WIDEST = 200
_LONGEST = 1_000_000
_STANDARD = re.compile(r"([DdFfNnPpXx])(\d{0,2})")
_CUSTOM = re.compile(r"([#,0]{1,40})(?:\.(0{0,20})(#{0,20}))?")
_DIGITS = 512  # more than the largest floating-point number has, with its decimals


def render(template: str, values: Mapping[str, Any], renderings: object = None) -> str:
    """Fills the holes of a template.

    Args:
        template: With holes ``{Name}``, ``{@Name}``, ``{$Name}``, each with an alignment and a format
            or not: ``{Name,-10:X4}``. Doubled braces are braces.
        values: By the names of the holes.
        renderings: The list of what the writer has made itself of the holes with a format, in order;
            what is no list of texts is passed over.

    Returns:
        The message. A hole without a value stays as it is; so does what comes behind a million
        characters.
    """
    ready: Iterator[object] = iter(renderings if isinstance(renderings, list) else ())
    parts: list[str] = []
    length = place = 0
    for hole in _HOLE.finditer(template):
        if length > _LONGEST:
            break
        parts += template[place : hole.start()], _filled(hole, values, ready)
        length += len(parts[-2]) + len(parts[-1])
        place = hole.end()
    return "".join((*parts, template[place:]))


def _filled(hole: re.Match[str], values: Mapping[str, Any], ready: Iterator[object]) -> str:
    name, width, form = hole.groups()
    if name is None:
        return hole[0][0]
    rendering = None if form is None else next(ready, None)
    if isinstance(rendering, str):
        text = rendering
    elif name in values:
        text = _shown(values[name], form, hole[0])
    else:
        return hole[0]
    if width is None:
        return text
    columns = min(abs(int(width)), _WIDEST)
    return text.ljust(columns) if width[0] == "-" else text.rjust(columns)


def _shown(value: object, form: str | None, unknown: str) -> str:
    """A value in a message; `unknown` for one that is nested too deep to be shown."""
    if isinstance(value, str):
        return value
    if form is not None and isinstance(value, int | float) and not isinstance(value, bool):
        formatted = _formatted(value, form)
        if formatted is not None:
            return formatted
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return unknown


def _formatted(value: float, form: str) -> str | None:
    """A number by one of .NET's formats; None for one that is not known here."""
    standard = _STANDARD.fullmatch(form)
    if standard is not None:
        return _STANDARD_FORMS[standard[1].upper()](value, standard[1], standard[2])
    custom = _CUSTOM.fullmatch(form)
    if custom is None or "0" not in form:
        return None
    whole, zeros, signs = custom[1], custom[2] or "", custom[3] or ""
    text = _rounded(value, len(zeros) + len(signs), groups="," in whole)
    for _ in signs:
        text = text.removesuffix("0")
    head, point, tail = text.removesuffix(".").partition(".")
    sign, digits = ("-", head[1:]) if head[:1] == "-" else ("", head)
    return f"{sign}{digits.zfill(whole.count('0'))}{point}{tail}"


def _rounded(value: float, decimals: int, *, groups: bool) -> str:
    """As .NET rounds: the exact number, halves away from zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        exact = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{exact:{',' if groups else ''}f}"


def _whole(value: float, letter: str, least: str) -> str | None:
    """D and X, of whole numbers alone; of a negative one the digits depend on a size that is not told."""
    if not isinstance(value, int) or (letter in "Xx" and value < 0):
        return None
    digits = format(abs(value), letter if letter in "Xx" else "d").zfill(int(least or 0))
    return f"-{digits}" if value < 0 else digits


def _percent(value: float, _letter: str, decimals: str) -> str:
    return f"{_rounded(value * 100, int(decimals or 2), groups=True)} %"


_STANDARD_FORMS: Final[Mapping[str, Callable[[float, str, str], str | None]]] = MappingProxyType(
    {
        "D": _whole, "X": _whole, "P": _percent,
        "F": lambda value, _, decimals: _rounded(value, int(decimals or 2), groups=False),
        "N": lambda value, _, decimals: _rounded(value, int(decimals or 2), groups=True),
    }
)  # fmt: skip
