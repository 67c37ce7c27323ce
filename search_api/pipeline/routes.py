"""The routes that tell of the pipeline itself: sources, ledger, health."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from search_api.http.parameters import PROBLEMS
from search_api.http.responding import answer
from search_api.http.routing import PlainRoute
from search_api.pipeline.state import PipelineState


def pipeline_routes(state: PipelineState, sees: Callable[[str], bool]) -> APIRouter:
    """The routes below ``/api/v1``.

    Args:
        state: Knows the pipeline.
        sees: Whether the caller sees events of a service; for the empty name: of none.
    """
    router = APIRouter(responses={503: PROBLEMS[503]}, route_class=PlainRoute)

    @router.get("/sources")
    async def sources() -> Response:
        """Every source with its state and its side of the ledger."""
        snapshot = await state.snapshot()
        return answer({"sources": [source.model_dump() for source in snapshot.sources]})

    @router.get("/ledger")
    async def ledger() -> Response:
        """Is every line accounted for?"""
        return answer(await state.ledger())

    @router.get("/health")
    async def health() -> Response:
        """All parts with a plain verdict."""
        return answer(await state.health(with_reasons=sees("")))

    return router
