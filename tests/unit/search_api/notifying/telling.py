"""A message, told to one receiver as its section says it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from logboom.clock import ManualClock
from logboom.config.receiving import ReceiverSection
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.notification import Links, Notification, Outcome
from search_api.notifying.opening import outlet_of
from tests.unit.search_api.notifying.timeline import START, alert

LINKS = Links("https://logs.example")


PNG = b"\x89PNG picture"


def one_alert(**labels: str) -> Alert:
    made = alert("ep1", severity="critical", service__name="checkout")
    return replace(
        made, labels={**made.labels, **labels}, error_group="f00d",
        samples=({"message": "a <b> & c", "log.level": "error"},),
    )  # fmt: skip


def ended(one: Alert) -> Alert:
    return replace(one, state=AlertState.RESOLVED, ends_at=START + timedelta(minutes=7))


def message(
    *alerts: Alert, kind: str = "firing", level: int = 0, chart: bytes | None = None
) -> Notification:
    labels = {"alertname": "ep", "service.name": "checkout"}
    return Notification(
        "0123456789abcdef", "one", kind, level, "group1", labels, alerts, START, LINKS, chart
    )


async def tell(notification: Notification, **section: Any) -> Outcome:
    made = ReceiverSection.model_validate(
        {"name": "one", "allow_private": True, "timeout": "5s"} | section
    )
    outlet = outlet_of(made, ManualClock(START))
    try:
        return await outlet.deliver(notification, outlet.client)
    finally:
        await outlet.client.close()
