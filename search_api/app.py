"""The HTTP API: how its areas are put together."""

from __future__ import annotations

from functools import partial

from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry

from logboom import __version__
from logboom.clock import Clock
from logboom.config import Config
from logboom.query.model import Query
from logboom.state import State
from logboom.store import Store
from logboom.telemetry import ApiMetrics
from search_api.access.answers import GUARDED
from search_api.access.limited_store import limited_store
from search_api.access.limiting import limited, reads, sees
from search_api.access.opening import Doorkeeping, door_routes
from search_api.alerts.alerting import Alerting
from search_api.areas import routers
from search_api.elasticsearch_api.routes import PREFIX, elasticsearch_routes
from search_api.http import describing, measuring, problems
from search_api.http.routing import Api, ShortWay
from search_api.http.strictness import refuse_unknown
from search_api.live.tailing import Tails
from search_api.parts import Parts
from search_api.pipeline import outer_routes
from search_api.pipeline.state import PipelineState
from search_api.searching.answering import Answering

_PREFIX = "/api/v1"


def create_app(
    store: Store, state: PipelineState, clock: Clock, config: Config | None = None,
    memory: State | None = None, doors: Doorkeeping | None = None,
) -> FastAPI:  # fmt: skip
    """Makes the application.

    Args:
        store: Has the events.
        state: Knows the pipeline.
        clock: Asked for the time.
        config: The settings; None: the defaults.
        memory: Has what users have set; None: there are no routes for that.
        doors: What guards it; None: everybody may do everything, and is not to be let in by `guarded`.

    Returns:
        The application; `state.tails` is to be closed before it ends, `state.alerting` to be run.
    """
    registry = CollectorRegistry()
    metrics = ApiMetrics(registry)
    short_way = ShortWay(partial(measuring.Measured, metrics=metrics, clock=clock))
    app = Api(short_way, title="logboom", version=__version__, docs_url=None, redoc_url=None)
    problems.install(app)
    describing.install(app)
    measuring.install(app, metrics, clock)
    tails = app.state.tails = Tails(store, clock, None if doors is None else limited)
    seen = store if doors is None else limited_store(store)
    config = config or Config()
    narrowed = _as_it_is if doors is None else limited
    answering = Answering(seen, narrowed, clock, metrics, config.api.searches)
    alerting = app.state.alerting = (
        None if memory is None else Alerting(store, memory, state, config, clock)
    )
    if alerting is not None:
        state.more_parts.append(alerting.parts)
        registry.register(alerting.figures)
    parts = Parts(
        seen, state, clock, config, metrics, tails, answering, memory,
        (lambda _service: True) if doors is None else sees,
        (lambda _service: True) if doors is None else reads, alerting,
    )  # fmt: skip
    for router in (*routers(parts), *(() if doors is None else door_routes(doors))):
        app.include_router(
            router, prefix=_PREFIX, dependencies=[Depends(refuse_unknown)], responses=GUARDED
        )
        short_way.add(router, _PREFIX)
    patience_s = config.api.searches.timeout.total_seconds()
    elasticsearch = elasticsearch_routes(seen, clock, config.index, answering, patience_s)
    app.include_router(elasticsearch, prefix=PREFIX)
    outer_routes.install(app, store, state, registry)
    return app


def _as_it_is(query: Query) -> Query:
    return query
