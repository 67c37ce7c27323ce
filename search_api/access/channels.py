"""Which of the live channels may somebody follow?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from logboom.keys import Scope
from search_api.access.grants import Access

_Channel = TypeVar("_Channel")

_FOR_ALL = frozenset({"server-metrics", "system-status"})
"""They tell of no events. What others tell is worked out once, of all services, for all who listen."""


def channels_for(access: Access | None, channels: Mapping[str, _Channel]) -> dict[str, _Channel]:
    """The channels that somebody may follow.

    Args:
        access: Who; None: the API is not guarded.
        channels: All of them, by their names.
    """
    if access is None or Scope.ADMIN in access.grants:
        return dict(channels)
    allowed = set(_FOR_ALL)
    for scope, name in ((Scope.READ, "analysis"), (Scope.ALERTS, "alerts")):
        if scope in access.grants and access.grants[scope] is None:
            allowed.add(name)
    return {name: channel for name, channel in channels.items() if name in allowed}
