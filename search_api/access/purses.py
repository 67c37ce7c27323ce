"""How often may somebody ask? Token buckets, by name, on this process.

Source: https://en.wikipedia.org/wiki/Token_bucket
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from logboom.clock import Clock

_MOST_NAMES = 10_000
_LEAST_BURST = 10.0
_SUBNET_BITS = 64


class Purses:
    """What everybody may still spend.

    Args:
        clock: Fills them.
        burst: What fits into each.
    """

    def __init__(self, clock: Clock, *, burst: float) -> None:
        self._clock = clock
        self._burst = burst
        self._purses: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, per_s: float) -> float:
        """Takes one token.

        Args:
            name: Whose.
            per_s: How many there are a second.

        Returns:
            0 when there was one; else the seconds until there will be.
        """
        wait_s, left = self._looked_at(name, per_s)
        self._purses.pop(name, None)
        self._purses[name] = (left if wait_s else left - 1, self._clock.monotonic())
        if len(self._purses) > _MOST_NAMES:
            self._purses.popitem(last=False)  # whoever asked longest ago has a full one by now
        return wait_s

    def wait_s(self, name: str, per_s: float) -> float:
        """What `take` would return; nothing is taken."""
        return self._looked_at(name, per_s)[0]

    def _looked_at(self, name: str, per_s: float) -> tuple[float, float]:
        now = self._clock.monotonic()
        left, at = self._purses.get(name, (self._burst, now))
        left = min(self._burst, left + (now - at) * per_s)
        return (0.0 if left >= 1 else (1 - left) / per_s), left


def burst_of(per_s: float) -> float:
    """What fits into the purse of an address, if it is filled so fast: those of a page come together."""
    return max(_LEAST_BURST, per_s)


def subnet_of(address: str) -> str:
    """What the requests of an address are counted under, where nobody knows who sends them.

    Whoever has one address of IPv6 has a whole subnet of them (RFC 4291, RFC 6177).

    Args:
        address: Of a client; what is none stays as it is.
    """
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _SUBNET_BITS), strict=False))
