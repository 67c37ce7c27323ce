"""Which value does a text stand for in a field of this type?"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from fractions import Fraction
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from logboom.errors import QueryError
from logboom.fields import LEVELS, resolve
from logboom.levels import LEVEL_NAMES, level_of
from logboom.query.numbers import parse_number

LEAST_LONG, LARGEST_LONG = -(2**63), 2**63 - 1

_OPERATOR = re.compile(r"(?:!=|==?|<>)")
_UNKNOWN_DIGITS = re.compile(r"(\d{1,2})([xX?]{1,2}|\*)", re.ASCII)
_SEVERAL = re.compile(r"[,|;]")
_FROM_TO = re.compile(r"(\d+)(?:\.\.+|-)(\d+)", re.ASCII)
_OCTETS = re.compile(r"((?:\d{1,3}\.){1,3})\*", re.ASCII)
_PART = r"(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s|m|h|d)"
_WITH_UNITS = re.compile(rf"{_PART}(?:\s*{_PART})*", re.ASCII)
_ONE_PART = re.compile(_PART, re.ASCII)
_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86400 * 10**9,
}  # fmt: skip
_IPV4_WITHIN_IPV6 = 96
"""Bits in front of an IPv4 address that is written as IPv6."""
_DURATION = "event.duration"
_STATUS = "http.response.status_code"


def read_level(text: str, *, at: int) -> str:
    """The level that is meant by any of its usual names, in any case.

    Raises:
        QueryError: When none is.
    """
    level = level_of(text)
    if level is not None:
        return level
    parts = [level_of(part) for part in re.split(r"[,|]", text)]
    if len(parts) > 1 and None not in parts:
        suggestion = f"write level:({' OR '.join(str(part) for part in parts)})"
    elif level_of(_OPERATOR.sub("", text, count=1)) is not None:
        sign = "-" if text.startswith(("!", "<>")) else ""
        suggestion = f"write {sign}level:{level_of(_OPERATOR.sub('', text, count=1))}"
    else:
        near = get_close_matches(text.strip().lower(), LEVEL_NAMES, n=1)
        hint = f"did you mean {level_of(near[0])}? " if near else ""
        known = f"the levels are {' '.join(LEVELS)}"
        suggestion = f"{hint}{known}; what else applications write is in attributes.level"
    raise QueryError(f"there is no level {text!r}", position=at, suggestion=suggestion)


def read_number(name: str, text: str, *, at: int) -> int | float:
    """The number that a text stands for; durations of `event.duration` may have units: ``1h30m``.

    Raises:
        QueryError: When it is none.
    """
    if resolve(name)[0] == _DURATION and _WITH_UNITS.fullmatch(text) is not None:
        exact = sum(Fraction(count) * _NANOSECONDS[unit] for count, unit in _ONE_PART.findall(text))
        return int(exact) if exact.denominator == 1 else float(exact)
    number = parse_number(text)
    if number is not None:
        return number
    raise QueryError(
        f"{name} is a number, and {text!r} is none",
        position=at,
        suggestion=_number_suggestion(name, text),
    )


def _number_suggestion(name: str, text: str) -> str:
    bare = _OPERATOR.sub("", text, count=1)
    if bare != text and parse_number(bare) is not None:
        return f"write {'-' if text.startswith(('!', '<>')) else ''}{name}:{bare}"
    several = _SEVERAL.split(text)
    if len(several) > 1 and all(parse_number(one) is not None for one in several):
        return f"write {name}:({' OR '.join(several)})"
    ends = _FROM_TO.fullmatch(text)
    if ends is not None:
        return f"write {name}:[{ends[1]} TO {ends[2]}]"
    masked = _UNKNOWN_DIGITS.fullmatch(text)
    if masked is not None and resolve(name)[0] == _STATUS:
        width = 10 ** (3 - len(masked[1]))
        first = int(masked[1]) * width
        return f"write {name}:[{first} TO {first + width - 1}]"
    if resolve(name)[0] == _DURATION:
        return f"write for example {name}:>1.5s, {name}:>=1h30m or {name}:[100ms TO 2s]"
    return f"write for example {name}:5, {name}:>=5 or {name}:[5 TO 10]"


def read_whole(name: str, text: str, *, at: int) -> str:
    """A whole number of 64 bits, in digits.

    Raises:
        QueryError: When it is none.
    """
    number = read_number(name, text, at=at)
    if isinstance(number, float):
        raise QueryError(
            f"{name} is a whole number, and {text!r} is none",
            position=at,
            suggestion=f"write {name}:[{math.floor(number)} TO {math.ceil(number)}]",
        )
    _check_width(name, number, at)
    return str(number)


def read_lower_whole(name: str, text: str, *, included: bool, at: int) -> str:
    """The least whole number at or above (`included`), or above, a number; in digits."""
    number = read_number(name, text, at=at)
    least = math.ceil(number) if included or isinstance(number, float) else number + 1
    _check_width(name, least, at)
    return str(least)


def read_upper_whole(name: str, text: str, *, included: bool, at: int) -> str:
    """The largest whole number at or below (`included`), or below, a number; in digits."""
    number = read_number(name, text, at=at)
    largest = math.floor(number) if included or isinstance(number, float) else number - 1
    _check_width(name, largest, at)
    return str(largest)


def _check_width(name: str, number: int, at: int) -> None:
    if not LEAST_LONG <= number <= LARGEST_LONG:
        raise QueryError(
            f"{name} lies between {LEAST_LONG} and {LARGEST_LONG}",
            position=at,
            suggestion="leave the end open with *",
        )


def read_network(name: str, text: str, *, at: int) -> str:
    """An IP address, or a network in CIDR notation, in its shortest form.

    Raises:
        QueryError: When it is neither.
    """
    try:
        if "%" not in text:  # a zone's name means nothing on other machines
            return str(
                _plain_network(ip_network(text, strict=False))
                if "/" in text
                else plain_address(ip_address(text))
            )
    except ValueError:
        pass  # said below
    raise QueryError(
        f"{name} is an IP address, and {text!r} is neither one nor a network",
        position=at,
        suggestion=_address_suggestion(name, text),
    )


def _address_suggestion(name: str, text: str) -> str:
    octets = _OCTETS.fullmatch(text)
    if octets is None:
        return f"write for example {name}:10.1.2.3 or {name}:10.0.0.0/8"
    known = octets[1].count(".")
    return f"write {name}:{octets[1]}{'.'.join('0' * (4 - known))}/{8 * known}"


def read_address(name: str, text: str, *, at: int) -> str:
    """One IP address, as the end of a range.

    Raises:
        QueryError: When it is none.
    """
    if "/" in text:
        raise QueryError(
            f"{text!r} is a network, and a range goes from one address to another",
            position=at,
            suggestion=f"write {name}:{text}",
        )
    return read_network(name, text, at=at)


def plain_address(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that was written as IPv6 (``::ffff:10.1.2.3``) as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _plain_network(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """The same for a network, where it has IPv4 addresses alone (``::ffff:10.0.0.0/104``)."""
    first = plain_address(network.network_address)
    width = network.prefixlen - _IPV4_WITHIN_IPV6
    if isinstance(network, IPv6Network) and isinstance(first, IPv4Address) and width >= 0:
        return IPv4Network((first, width))
    return network


def address_number(text: str) -> int:
    """The place of an address among all, IPv4 within IPv6.

    Raises:
        ValueError: When the text is no address.
    """
    address = ip_address(text)
    number = int(address)
    return number if isinstance(address, IPv6Address) else (0xFFFF << 32) | number
