"""Which runs of digits and signs are what they look like: cards, residents?"""

from __future__ import annotations

from datetime import date

_MIN_CARD_DIGITS = 13
_ISSUERS: tuple[tuple[int, int, int, frozenset[int]], ...] = (
    (4, 4, 1, frozenset({13, 16, 19})),  # Visa
    (51, 55, 2, frozenset({16})),  # Mastercard
    (2221, 2720, 4, frozenset({16})),
    (34, 34, 2, frozenset({15})),  # American Express
    (37, 37, 2, frozenset({15})),
    (300, 305, 3, frozenset({14, 16, 19})),  # Diners Club
    (36, 36, 2, frozenset({14, 16, 19})),
    (38, 39, 2, frozenset({14, 16, 19})),
    (3528, 3589, 4, frozenset({16, 17, 18, 19})),  # JCB
    (6011, 6011, 4, frozenset({16, 17, 18, 19})),  # Discover
    (644, 659, 3, frozenset({16, 17, 18, 19})),
    (62, 62, 2, frozenset({16, 17, 18, 19})),  # UnionPay
    (5018, 5018, 4, frozenset(range(13, 20))),  # Maestro
    (5020, 5020, 4, frozenset(range(13, 20))),
    (5038, 5038, 4, frozenset(range(13, 20))),
    (5893, 5893, 4, frozenset(range(13, 20))),
    (6304, 6304, 4, frozenset(range(13, 20))),
    (6759, 6763, 4, frozenset(range(13, 20))),
)
"""First and last prefix of an issuer, its number of digits, and how long its numbers are."""

_RESIDENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_CENTURIES = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}  # fmt: skip


_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_SINGLE = bytes.maketrans(b"0123456789", bytes(range(10)))


def is_card(text: str) -> bool:
    """Whether digits are the number of a payment card: an issuer's prefix, its length, Luhn's sum.

    Args:
        text: ASCII digits, perhaps with spaces or hyphens between groups.
    """
    digits = text.replace(" ", "").replace("-", "").encode()
    total = sum(digits[-1::-2].translate(_SINGLE)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0 and len(digits) >= _MIN_CARD_DIGITS and _is_issued(digits)


def _is_issued(digits: bytes) -> bool:
    return any(
        len(digits) in lengths and first <= int(digits[:count]) <= last
        for first, last, count, lengths in _ISSUERS
    )


def is_resident_number(text: str) -> bool:
    """Whether it is a Korean resident registration number: a day of birth, and the check digit.

    Numbers that were given since October 2020 have no check digit: of them a tenth is found.
    """
    digits = text.replace("-", "")
    century = _CENTURIES.get(digits[6])
    if century is None:
        return False
    try:
        date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(digits[:12], _RESIDENT_WEIGHTS, strict=True))
    check = 11 - total % 11 + (2 if digits[6] in "5678" else 0)
    return check % 10 == int(digits[12])
