"""How are SMS and other services told that the library Apprise knows?

The library is loaded when it is first used, in a thread: it is large.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from logboom.config.receiving import AppriseSection
from search_api.notifying import wording
from search_api.notifying.addresses import resolved
from search_api.notifying.client import Client
from search_api.notifying.notification import Notification, Outcome

_HTTPS = 443


async def deliver(section: AppriseSection, notification: Notification, client: Client) -> Outcome:
    """Tells each address in a thread; hosts that addresses name are checked before.

    Where some have taken it, it counts as delivered: they would get it again otherwise.

    Raises:
        ReceiverError: A host is not allowed, or unknown.
    """
    services = await asyncio.to_thread(_services, [one.get_secret_value() for one in section.urls])
    for number, service in enumerate(services, 1):
        if service is None:
            return Outcome(delivered=False, detail=f"address {number} is none that Apprise knows")
        if "host" in service.template_tokens and service.host:
            await resolved(service.host, service.port or _HTTPS, allow_private=client.allow_private)
    told = [asyncio.to_thread(_tell, service, notification) for service in services]
    worked = sum(await asyncio.gather(*told))
    if worked == len(services):
        return Outcome(delivered=True, detail="taken by Apprise")
    if worked:
        return Outcome(delivered=True, detail=f"only {worked} of {len(services)} have taken it")
    return Outcome(delivered=False, detail="Apprise could not deliver it", retryable=True)


def _services(urls: Sequence[str]) -> list[Any]:
    import apprise  # noqa: PLC0415 - see above

    return [apprise.Apprise.instantiate(url) for url in urls]


def _tell(service: Any, notification: Notification) -> bool:  # noqa: ANN401 - the library has no types
    import apprise  # noqa: PLC0415 - see above

    told = apprise.Apprise()
    told.add(service)
    kind = apprise.NotifyType.FAILURE if notification.firing else apprise.NotifyType.SUCCESS
    title, body = wording.title(notification), wording.plain(notification)
    return bool(told.notify(body=body, title=title, notify_type=kind))
