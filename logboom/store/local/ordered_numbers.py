"""How are numbers written so that texts stand in their order, and which texts lie between two of them?

Attributes beyond the bound of a day have no columns, so that ranges of them are asked of terms.
"""

from __future__ import annotations

import math
import struct

from logboom.store.local.number_ranges import Span

_DIGITS = "0123456789abcdef"
_WIDTH = 19
_LARGEST = (1 << 4 * _WIDTH) - 1
_SIGN, _ALL = 1 << 63, (1 << 64) - 1
_MOST_BEYOND = 0xFFF


def ordered(number: int | float) -> str:
    """A number as nineteen hexadecimal digits: in order as numbers are, and the same for equal ones."""
    return f"{_place(number):0{_WIDTH}x}"


def between(span: Span) -> str | None:
    """A regular expression for those texts whose numbers lie in a span; None when there are none."""
    low = 0 if span.lower is None else _place(span.lower) + (not span.include_lower)
    high = _LARGEST if span.upper is None else _place(span.upper) - (not span.include_upper)
    if low > high:
        return None
    return f"{_from_to(f'{low:0{_WIDTH}x}', f'{high:0{_WIDTH}x}')}[0-9a-f]*"


def _place(number: int | float) -> int:
    """Where a number stands among all.

    Above are the 64 bits of the largest fraction that is not larger. Whole numbers of 64 bits lie at most 2,048 above that:
    the twelve bits below say how far. What lies further above is cut, since no stored number is near.
    """
    floor = _floor(number)
    (bits,) = struct.unpack(">Q", struct.pack(">d", floor + 0.0))  # -0.0 is 0.0
    bits = bits ^ _ALL if bits & _SIGN else bits | _SIGN
    is_whole = isinstance(number, int) and math.isfinite(floor)
    return int(bits) << 12 | (min(int(number) - int(floor), _MOST_BEYOND) if is_whole else 0)


def _floor(number: int | float) -> float:
    try:
        nearest = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
    return math.nextafter(nearest, -math.inf) if nearest > number else nearest


def _from_to(low: str, high: str) -> str:
    """How texts between two of the same length begin, both included; empty where all do."""
    if not low.strip("0") and not high.strip("f"):
        return ""
    first, last = _DIGITS.index(low[0]), _DIGITS.index(high[0])
    if first == last:
        return low[0] + _from_to(low[1:], high[1:])
    below, above = "0" * (len(low) - 1), "f" * (len(low) - 1)
    ways = []
    if low[1:] != below:
        ways.append(low[0] + _from_to(low[1:], above))
        first += 1
    if high[1:] != above:
        ways.append(high[0] + _from_to(below, high[1:]))
        last -= 1
    if first <= last:
        ways.append(f"[{_DIGITS[first : last + 1]}]")
    return f"(?:{'|'.join(ways)})"
