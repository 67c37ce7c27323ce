"""Which value does a query's text stand for on a field that is not text?"""

from __future__ import annotations

import math
from ipaddress import ip_address, ip_network

from tantivy import FieldType as Kind
from tantivy import Query

from logboom.errors import QueryError
from logboom.fields import FieldType
from logboom.store.local.combine import nothing
from logboom.store.local.schema import SCHEMA
from logboom.store.local.times import parse_us

Number = int | float

LEAST_LONG, LARGEST_LONG = -(2**63), 2**63 - 1


def parse_number(text: str) -> Number | None:
    """The number that a text reads as; whole ones as int; None when it is none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def parse_date(text: str) -> int | None:
    """Microseconds since the epoch, or None."""
    try:
        return parse_us(text)
    except ValueError:
        return None


def parse_network(text: str) -> tuple[str, str] | None:
    """The first and last address of an address or of a network in CIDR notation, or None."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return str(network[0]), str(network[-1])


def number_range(
    name: str,
    kind: FieldType,
    lower: Number | None,
    upper: Number | None,
    *,
    include_lower: bool = True,
    include_upper: bool = True,
) -> Query:
    """Documents whose number lies between two ends; None leaves one open, at most one."""
    if kind is FieldType.DOUBLE:
        return Query.range_query(
            SCHEMA, name, Kind.Float, lower, upper, include_lower, include_upper
        )
    low = LEAST_LONG if lower is None else _whole_above(lower, include=include_lower)
    high = LARGEST_LONG if upper is None else _whole_below(upper, include=include_upper)
    low, high = max(low, LEAST_LONG), min(high, LARGEST_LONG)
    if low > high:
        return nothing()
    return Query.range_query(SCHEMA, name, Kind.Integer, low, high)


def ip_range(
    name: str,
    lower: str | None,
    upper: str | None,
    *,
    include_lower: bool,
    include_upper: bool,
) -> Query:
    """Documents whose address lies between two ends; None leaves one open, at most one.

    Raises:
        QueryError: An end is no address.
    """
    for end in (lower, upper):
        if end is not None:
            _check_address(name, end)
    return Query.range_query(SCHEMA, name, Kind.IpAddr, lower, upper, include_lower, include_upper)


def _check_address(name: str, text: str) -> None:
    try:
        ip_address(text)
    except ValueError as error:
        raise QueryError(f"{name} is compared with addresses, and {text!r} is none") from error


def _whole_above(number: Number, *, include: bool) -> int:
    if isinstance(number, int):
        return number if include else number + 1
    return math.ceil(number)


def _whole_below(number: Number, *, include: bool) -> int:
    if isinstance(number, int):
        return number if include else number - 1
    return math.floor(number)
