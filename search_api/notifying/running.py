"""How does sending begin and end within the API's process?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from fastapi import APIRouter

from logboom.clock import Clock
from logboom.config import Config
from logboom.state import State
from logboom.store import Store
from search_api.alerts.known import Newest
from search_api.alerts.library import Library
from search_api.alerts.rule_keeping import KeptRules
from search_api.notifying.dispatcher import Dispatcher
from search_api.notifying.drawing import Drawing
from search_api.notifying.notification import Links
from search_api.notifying.opening import outlets_of
from search_api.notifying.people import People
from search_api.notifying.plan import plan_of
from search_api.notifying.receiver_routes import receiver_routes
from search_api.notifying.seeing import Seeing
from search_api.notifying.silence_routes import silence_routes


@asynccontextmanager
async def sending(
    config: Config, state: State, clock: Clock, store: Store
) -> AsyncIterator[Dispatcher | None]:
    """A dispatcher for the configured receivers; its `run` is for whoever leads.

    Args:
        config: Its section `alerts` says who is told of what.
        state: Has the alerts.
        clock: Asked for the time.
        store: Has the events, for pictures.

    Yields:
        None when there are no receivers.
    """
    plan = plan_of(config.alerts)
    if plan is None:
        yield None
        return
    outlets = outlets_of(config.alerts.receivers, clock)
    try:
        draw = Drawing(store).draw
        newest = Newest(state, Library(config.alerts.rules, KeptRules(state, clock))).of
        yield Dispatcher(state, plan, outlets, clock, links_of(config), draw=draw, newest=newest)
    finally:
        for outlet in outlets.values():
            await outlet.client.close()


def notifying_routes(
    config: Config, state: State, clock: Clock, sees: Callable[[str], bool]
) -> Iterator[APIRouter]:
    """The routes of silences, acknowledgements, receivers and deliveries.

    Args:
        config: Names the receivers.
        state: Has what people have said, and what became of messages.
        clock: Asked for the time.
        sees: Whether the caller sees events of a service.
    """
    library = Library(config.alerts.rules, KeptRules(state, clock))
    yield silence_routes(People(state, clock), Seeing(state, sees), library)
    yield receiver_routes(config.alerts.receivers, state, clock, links_of(config))


def links_of(config: Config) -> Links:
    """The addresses that messages name."""
    public = config.api.public_url
    scheme = "http" if config.api.tls is None else "https"
    return Links((public or f"{scheme}://{config.api.listen}").rstrip("/"))
