"""Which addresses may a receiver be at? The guard against requests that an attacker steers inwards.

Source: OWASP, Server-Side Request Forgery Prevention Cheat Sheet; RFC 6890 (special addresses).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from logboom.errors import ReceiverRefused, ReceiverUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(one)
    for one in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
        "fd20:ce::254",
    )
)
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def is_allowed(address: Address, *, allow_private: bool) -> bool:
    """Whether something may be sent to an address.

    Args:
        address: Of IPv6 ones also those that stand for an IPv4 address are seen through.
        allow_private: Private, loopback and link-local ones, too; never those where clouds keep
            their machines' credentials.
    """
    inner = _inner(address)
    if inner is not None:
        return is_allowed(inner, allow_private=allow_private)
    if address in _METADATA or address.is_multicast or address.is_unspecified:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return allow_private
    return allow_private or (address.is_global and not (address.is_reserved or address.is_private))


async def resolved(host: str, port: int, *, allow_private: bool) -> Sequence[str]:
    """The addresses of a host, each of which may be connected to.

    Args:
        host: A name or an address.
        port: Of the service.
        allow_private: See `is_allowed`.

    Raises:
        ReceiverUnreachable: The name has no address now.
        ReceiverRefused: One of its addresses is not allowed.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise ReceiverUnreachable(f"{host} has no address") from error
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in texts:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not is_allowed(address, allow_private=allow_private):
            raise ReceiverRefused(
                f"{host} is at {text}, which is no public address",
                mend="set allow_private: true for a receiver inside of your network",
            )
    return texts


def _inner(address: Address) -> Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
