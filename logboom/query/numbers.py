"""Which number does a query's text stand for?"""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 400


def parse_number(text: str) -> int | float | None:
    """Reads a decimal number, such as ``200``, ``-0.5`` or ``1.5e9``.

    Returns:
        An int for every whole number, a float for the others; None when the text is no finite
        number (``0x1F``, ``1_000``, ``nan`` and digits of other scripts are none).
    """
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    if text.lstrip("+-").isdigit():
        return int(text)
    return int(number) if number.is_integer() else number
