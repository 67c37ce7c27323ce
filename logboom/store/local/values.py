"""Which value does a query's text stand for on a field that is not text?"""

from __future__ import annotations

import math
from ipaddress import ip_address, ip_network

from tantivy import FieldType, Query

from logboom.errors import QueryError
from logboom.query import model
from logboom.query.values import LARGEST_LONG, LEAST_LONG
from logboom.store.local.combine import nothing
from logboom.store.local.schema import ADDRESS, SCHEMA
from logboom.store.local.times import parse_us


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


def whole_range(
    name: str, query: model.Range, lower: int | float | None, upper: int | float | None
) -> Query:
    """Documents whose whole number lies between two ends; None leaves one open.

    Args:
        name: The index's own name of the field.
        query: Says whether the ends belong to the range.
    """
    low = LEAST_LONG if lower is None else _whole_above(lower, include=query.include_lower)
    high = LARGEST_LONG if upper is None else _whole_below(upper, include=query.include_upper)
    low, high = max(low, LEAST_LONG), min(high, LARGEST_LONG)
    if low > high:
        return nothing()
    return Query.range_query(SCHEMA, name, FieldType.Integer, low, high)


def address_range(query: model.Range) -> Query:
    """Documents whose client address lies between two ends.

    Raises:
        QueryError: An end is no address.
    """
    for end in (query.lower, query.upper):
        if end is not None:
            _check_address(query.field, end)
    return Query.range_query(
        SCHEMA,
        ADDRESS,
        FieldType.IpAddr,
        query.lower,
        query.upper,
        query.include_lower or query.lower is None,
        query.include_upper or query.upper is None,
    )


def _check_address(name: str, text: str) -> None:
    try:
        ip_address(text)
    except ValueError as error:
        raise QueryError(f"{name} is compared with addresses, and {text!r} is none") from error


def _whole_above(number: int | float, *, include: bool) -> int:
    if isinstance(number, int):
        return number if include else number + 1
    return math.ceil(number)


def _whole_below(number: int | float, *, include: bool) -> int:
    if isinstance(number, int):
        return number if include else number - 1
    return math.floor(number)
