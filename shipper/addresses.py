"""Which texts are addresses of IPv4 or IPv6?"""

from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def is_address(value: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
