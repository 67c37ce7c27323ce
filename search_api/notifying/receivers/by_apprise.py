"""How are SMS and other services told that the library Apprise knows?"""

from __future__ import annotations

import asyncio

import apprise

from logboom.config.receiving import AppriseSection
from search_api.notifying import wording
from search_api.notifying.addresses import resolved
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_HTTPS = 443


async def deliver(section: AppriseSection, notification: Notification, client: Client) -> Outcome:
    """Tells each address in a thread; hosts that addresses name are checked before.

    Raises:
        ReceiverError: A host is not allowed, or unknown.
    """
    told = apprise.Apprise()
    for number, url in enumerate(section.urls, 1):
        service = apprise.Apprise.instantiate(url.get_secret_value())
        if service is None:
            return Outcome(delivered=False, detail=f"address {number} is none that Apprise knows")
        if "host" in service.template_tokens and service.host:
            await resolved(service.host, service.port or _HTTPS, allow_private=client.allow_private)
        told.add(service)
    kind = apprise.NotifyType.FAILURE if notification.firing else apprise.NotifyType.SUCCESS
    worked = await asyncio.to_thread(
        told.notify, body=wording.plain(notification), title=wording.title(notification),
        notify_type=kind,
    )  # fmt: skip
    if worked:
        return Outcome(delivered=True, detail="taken by Apprise")
    return Outcome(delivered=False, detail="Apprise could not deliver it", retryable=True)
