"""How do the configured receivers become outlets?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from logboom.clock import Clock
from logboom.config.receiving import ReceiverSection
from search_api.notifying.client import Client
from search_api.notifying.group import MOST_MEMBERS
from search_api.notifying.notification import Outcome
from search_api.notifying.outlets import Outlet, Outlets
from search_api.notifying.receivers import (
    action,
    alertmanager,
    by_apprise,
    discord,
    email,
    jira,
    opsgenie,
    pagerduty,
    servicenow,
    slack,
    teams,
    telegram,
    webhook,
    webpush,
)

_DELIVER: Final[Mapping[str, Callable[[Any, Any, Client], Awaitable[Outcome]]]] = {
    "webhook": webhook.deliver,
    "slack": slack.deliver,
    "discord": discord.deliver,
    "teams": teams.deliver,
    "telegram": telegram.deliver,
    "email": email.deliver,
    "pagerduty": pagerduty.deliver,
    "opsgenie": opsgenie.deliver,
    "alertmanager": alertmanager.deliver,
    "jira": jira.deliver,
    "servicenow": servicenow.deliver,
    "webpush": webpush.deliver,
    "apprise": by_apprise.deliver,
    "action": action.deliver,
}

_WITH_PICTURES: Final = frozenset({"discord", "teams", "telegram", "email", "jira", "servicenow"})

_FOUND_AFTER: Final = MappingProxyType({"jira": jira.FOUND_AFTER})

_IN_STEPS: Final = frozenset(
    {
        "telegram",
        "pagerduty",
        "opsgenie",
        "alertmanager",
        "jira",
        "servicenow",
        "webpush",
        "apprise",
    }
)
"""Kinds that send several requests for one message: each request has its own time limit."""


def outlets_of(receivers: Iterable[ReceiverSection], clock: Clock) -> Outlets:
    """The outlets by name; their clients are to be closed."""
    return {section.name: outlet_of(section, clock) for section in receivers}


def outlet_of(section: ReceiverSection, clock: Clock) -> Outlet:
    """One receiver, ready to be told."""
    kind, timeout_s = section.kind, section.timeout.total_seconds()
    limit: tuple[int, timedelta] | None = None
    if section.action is not None:
        limit = (section.action.at_most, section.action.within)
    client = Client(
        clock, allow_private=section.allow_private, timeout_s=timeout_s, ca_file=section.ca_file
    )
    deliver = partial(_DELIVER[kind], getattr(section, kind))
    tried_for_s = timeout_s * MOST_MEMBERS if kind in _IN_STEPS else timeout_s
    return Outlet(
        section.name, kind, deliver, client, tried_for_s, section.give_up_after, limit, action.acts,
        shows_pictures=kind in _WITH_PICTURES, found_after=_FOUND_AFTER.get(kind, timedelta(0)),
    )  # fmt: skip
