"""How are durations, sizes and addresses written in a configuration?"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)?", re.IGNORECASE)
_BYTES = {
    "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):[0-9]{1,8}")
_BROKER = re.compile(r"(\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|[^:\s/@,\[\]]+)(?::([0-9]{1,8}))?")
_BROKER_PORT = 9092
_LAST_PORT = 65_535


def parse_duration(text: str) -> timedelta:
    """Reads ``90d``, ``1h30m``, ``250ms``.

    Raises:
        ValueError: With the forms that are understood.
    """
    stripped = text.strip()
    matches = list(_DURATION.finditer(stripped))
    if not matches or "".join(m.group(0) for m in matches) != stripped:
        raise ValueError(
            f"{text!r} is not a duration: write for example 30s, 15m, 1h30m, 90d or 1y"
        )
    return timedelta(seconds=sum(float(m.group(1)) * _SECONDS[m.group(2)] for m in matches))


def parse_size(text: str) -> int:
    """Reads ``16MiB``, ``500 MB``, ``4096``; gives bytes.

    Raises:
        ValueError: With the forms that are understood.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size: write for example 64KiB, 16MiB or 1GiB")
    return int(float(match.group(1)) * _BYTES[(match.group(2) or "b").lower()])


def duration_text(value: timedelta) -> str:
    """Writes a duration as it is written in a configuration: ``30d``, ``1h30m``, ``250ms``."""
    left, text = round(value / timedelta(milliseconds=1)), ""
    for unit, milliseconds in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        count, left = divmod(left, milliseconds)
        text += f"{count}{unit}" if count else ""
    return f"{text}{left}ms" if left else text or "0s"


def byte_text(count: int) -> str:
    """Writes a number of bytes as it is written in a configuration: ``1GiB``, ``64KiB``, ``480B``."""
    units = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
    return next(
        (f"{count // size}{u}" for u, size in units if count and count % size == 0), f"{count}B"
    )


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else _no_bare_number(value)


def _no_bare_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(f"{value} has no unit: write for example {value}s or {value}d")  # noqa: TRY004 - pydantic turns ValueError into its own
    return value


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _address(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isdigit():
        value = f"127.0.0.1:{value}"
    if not _ADDRESS.fullmatch(value):
        raise ValueError(
            f"{value!r} is not an address: write HOST:PORT, for example 127.0.0.1:7700"
        )
    if split_address(value)[1] > _LAST_PORT:
        raise ValueError(f"{value!r} is not an address: ports end at {_LAST_PORT}")
    return value


def _broker_address(value: object) -> object:
    """With Kafka's usual port where there is none."""
    if not isinstance(value, str):
        return value
    if "@" in value:  # not shown: it may have a password
        raise ValueError("has a user: name it in broker.kafka.sasl, and write only HOST:PORT here")
    match = _BROKER.fullmatch(_in_brackets(value.strip()))
    if match is None or int(match[2] or _BROKER_PORT) > _LAST_PORT:
        raise ValueError(f"{value!r} is not a broker's address: write HOST:PORT")
    return f"{match[1]}:{match[2] or _BROKER_PORT}"


def _in_brackets(host: str) -> str:
    """An IPv6 address without a port, as it is written where there may be one."""
    try:
        return f"[{ipaddress.IPv6Address(host)}]"
    except ValueError:
        return host


def _node_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        scheme, _, rest = value.strip().partition("://")
        parts = urlsplit(f"{scheme}://{rest.rpartition('@')[2]}")  # a password may have any signs
        is_good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:  # not shown: it may have a password
        raise ValueError("is not the address of a node: write https://HOST:PORT")
    return value.strip()


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A timedelta, written with its unit."""
IS_SIZE = BeforeValidator(_size)
Size = Annotated[int, IS_SIZE]
"""A number of bytes, written with or without a unit."""
Address = Annotated[str, BeforeValidator(_address)]
"""HOST:PORT; a bare port means loopback."""
BrokerAddress = Annotated[str, BeforeValidator(_broker_address)]
"""HOST:PORT of a Kafka broker."""
NodeUrl = Annotated[str, BeforeValidator(_node_url)]
"""The address of an Elasticsearch node."""


def split_address(address: str) -> tuple[str, int]:
    """Splits HOST:PORT; brackets around an IPv6 address are taken off."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT can be reached from this machine only."""
    host, _ = split_address(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _only_loopback(address: str) -> str:
    if not is_loopback(address):
        raise ValueError(f"{address} can be reached from other machines: listen on 127.0.0.1")
    return address


LoopbackAddress = Annotated[Address, AfterValidator(_only_loopback)]
"""HOST:PORT that only this machine can reach."""
