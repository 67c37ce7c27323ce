"""The WebSocket of the live channels."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi import APIRouter
from starlette.websockets import WebSocket

from search_api.access.channels import channels_for
from search_api.access.grants import purse_of
from search_api.live.channels import make_channels
from search_api.live.news import News
from search_api.live.session import Session, Wish
from search_api.parts import Parts
from search_api.searching.asking import understand


def live_routes(parts: Parts) -> APIRouter:
    """Makes the route below ``/api/v1``."""
    router = APIRouter()
    channels = make_channels(parts)

    async def follow(wish: Wish, who: str) -> AsyncGenerator[News, None]:
        query = (await understand(parts.clock.now_ns(), wish.q, None, None, wish.tz)).query
        if wish.after:
            await parts.tails.check(wish.after)
        return parts.tails.follow(query, wish.after or None, who=who)

    @router.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        """Events as they are stored, and how the pipeline and its machine fare."""
        await websocket.accept()
        allowed = channels_for(getattr(websocket.state, "access", None), channels)
        who = purse_of(websocket)
        spend = getattr(websocket.state, "spend", _free)
        await Session(websocket, allowed, lambda wish: follow(wish, who), spend).run()

    return router


def _free() -> float:
    return 0.0
