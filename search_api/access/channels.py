"""Which of the live channels may somebody follow?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from logboom.keys import Scope
from search_api.access.grants import EVERYTHING, Access

_Channel = TypeVar("_Channel")

STATUS, STATUS_IN_FULL = "system-status", "system-status-in-full"
"""The same to those who follow it; in full it also has words that may quote events of any service."""

_FOR_ALL = frozenset({"server-metrics", STATUS})
"""They tell of no events. What others tell is worked out once, of all services, for all who listen."""


def channels_for(access: Access | None, channels: Mapping[str, _Channel]) -> dict[str, _Channel]:
    """The channels that somebody may follow.

    Args:
        access: Who; None: the API is not guarded.
        channels: All of them, by their names.
    """
    given = dict(channels)
    in_full = given.pop(STATUS_IN_FULL, None)
    if in_full is not None and _may_all(access, Scope.READ):
        given[STATUS] = in_full
    if access is None or Scope.ADMIN in access.grants:
        return given
    allowed = set(_FOR_ALL)
    for scope, name in ((Scope.READ, "analysis"), (Scope.ALERTS, "alerts")):
        if _may_all(access, scope):
            allowed.add(name)
    return {name: channel for name, channel in given.items() if name in allowed}


def _may_all(access: Access | None, scope: Scope) -> bool:
    """Whether somebody has a scope for all services."""
    grants = EVERYTHING if access is None or Scope.ADMIN in access.grants else access.grants
    return scope in grants and grants[scope] is None
