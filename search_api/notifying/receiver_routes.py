"""The routes of receivers and deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from logboom.clock import Clock
from logboom.config.receiving import ReceiverSection
from logboom.errors import ReceiverError
from logboom.state import State
from search_api.alerts.alert import Alert, AlertState, moment_of
from search_api.http.answers import Problem
from search_api.http.parameters import PROBLEMS
from search_api.http.problems import problem
from search_api.http.responding import answer
from search_api.notifying.answers import (
    DeliveriesAnswer,
    ReceiversAnswer,
    TriedAnswer,
    TriedBody,
    delivery_shown,
)
from search_api.notifying.group import digest_of
from search_api.notifying.notification import Links, Notification, Outcome
from search_api.notifying.opening import outlet_of
from search_api.notifying.outcomes import DeliveryRecord, Outcomes

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def receiver_routes(
    receivers: Sequence[ReceiverSection], state: State, clock: Clock, links: Links
) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        receivers: As they are configured.
        state: Knows what became of messages.
        clock: Asked for the time.
        links: For addresses in messages.
    """
    router = APIRouter(responses=PROBLEMS)
    named = {one.name: one for one in receivers}

    @router.get("/receivers", response_model=ReceiversAnswer)
    async def listed() -> Response:
        """The receivers, and how the last message to each went."""
        last: dict[str, DeliveryRecord] = {}
        for one in await Outcomes(state).read():
            last.setdefault(one.receiver, one)
        return answer({
            "receivers": [
                {
                    "name": one.name, "kind": one.kind, "send_resolved": one.send_resolved,
                    "last": delivery_shown(last[one.name]) if one.name in last else None,
                }
                for one in receivers
            ]
        })  # fmt: skip

    @router.post("/receivers/test", response_model=TriedAnswer, responses=_UNKNOWN)
    async def test(body: TriedBody) -> Response:
        """Sends one message to a receiver, and tells what it said."""
        section = named.get(body.receiver)
        if section is None:
            known = ", ".join(named) or "none"
            return problem(404, f"there is no receiver {body.receiver[:100]!r} (known: {known})")
        begun = clock.monotonic()
        outcome = await _try(section, clock, links)
        return answer({
            "receiver": section.name, "delivered": outcome.delivered, "detail": outcome.detail,
            "took_ms": round((clock.monotonic() - begun) * 1000, 1),
        })  # fmt: skip

    @router.get("/deliveries", response_model=DeliveriesAnswer)
    async def deliveries(
        receiver: Annotated[str | None, Query(max_length=100)] = None,
        status: Literal["delivered", "retrying", "failed", "refused"] | None = None,
        limit: Annotated[int, Query(ge=1, le=5000)] = 100,
    ) -> Response:
        """What became of messages, the newest first."""
        found = [
            one for one in await Outcomes(state).read()
            if receiver in {None, one.receiver} and status in {None, one.status}
        ]  # fmt: skip
        shown = [delivery_shown(one) for one in found[:limit]]
        return answer({"deliveries": shown, "total": len(found)})

    return router


async def _try(section: ReceiverSection, clock: Clock, links: Links) -> Outcome:
    outlet = outlet_of(section, clock)
    try:
        async with asyncio.timeout(outlet.timeout_s):
            return await outlet.deliver(trial(section.name, clock, links), outlet.client)
    except ReceiverError as error:
        return Outcome(delivered=False, detail=str(error))
    except TimeoutError:
        return Outcome(delivered=False, detail=f"no answer within {outlet.timeout_s:g} s")
    finally:
        await outlet.client.close()


def trial(receiver: str, clock: Clock, links: Links) -> Notification:
    """A message that tells of nothing, for trying a receiver."""
    now = moment_of(clock.now_ns() // 1000)
    episode = digest_of(["test", receiver, str(clock.now_ns())])[:24]
    alert = Alert(
        labels={"alertname": "Test", "severity": "low", "receiver": receiver},
        annotations={"summary": "This is a test: nothing is wrong."},
        episode=episode,
        state=AlertState.FIRING,
        starts_at=now,
        ends_at=None,
        value=1.0,
        condition="somebody tries this receiver",
        query="",
        window=(now - timedelta(minutes=5), now),
        samples=({"message": "a line as alerts show them", "log.level": "info"},),
        error_group=None,
        rule="logboom/test",
    )
    return Notification(
        episode, receiver, "test", 0, episode, {"alertname": "Test"}, (alert,), now, links
    )
