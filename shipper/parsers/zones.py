"""Which offset from UTC is meant by a zone's name or abbreviation?

Source: the IANA time zone database. An abbreviation that several regions use (CST, IST, BST) means
the one below, unless the input's own zone calls itself so at that time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MINUTES: Mapping[str, int] = MappingProxyType(
    {
        "Z": 0, "UTC": 0, "GMT": 0, "UCT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120,
        "MET": 60, "MEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "SAST": 120,
        "WAT": 60, "CAT": 120, "EAT": 180, "IST": 330, "PKT": 300, "WIB": 420, "ICT": 420, "HKT": 480,
        "SGT": 480, "PHT": 480, "AWST": 480, "KST": 540, "JST": 540, "ACST": 570, "ACDT": 630,
        "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "BRT": -180, "ART": -180, "AST": -240,
        "ADT": -180, "NST": -210, "NDT": -150, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
        "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
    }
)  # fmt: skip
ABBREVIATIONS: Final = frozenset(_MINUTES)
"""Every one that is known; the patterns of formats list the same."""
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?([+-])(\d\d):?(\d\d)?(?::?\d\d)?")


def zone_of(name: str, local: datetime, zone: tzinfo) -> tzinfo | None:
    """The zone that a text names.

    Args:
        name: An offset, an abbreviation or a name such as ``Europe/Berlin``.
        local: The local time beside it.
        zone: The input's zone.

    Returns:
        None when there is no such zone.
    """
    minutes = _MINUTES.get(name)
    if minutes == 0:
        return UTC
    if minutes is not None:
        return _own(name, local, zone) or timezone(timedelta(minutes=minutes))
    return _named(name)


def _own(name: str, local: datetime, zone: tzinfo) -> tzinfo | None:
    """The offset of the input's zone, when that calls itself by the name at the time."""
    for fold in (0, 1):
        moment = local.replace(tzinfo=zone, fold=fold)
        offset = moment.utcoffset()
        if offset is not None and moment.tzname() == name:
            return timezone(offset)
    return None


@lru_cache(maxsize=256)
def _named(name: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(name)
    if match is not None:
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours > 23 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(-offset if match[1] == "-" else offset)
    if "/" not in name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
