"""Whoever is refused a WebSocket gets the answer, and the log no error."""

from __future__ import annotations

import asyncio
import logging

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from logboom.serving import Server, listen
from search_api.access.refusals import Refusal, send_to
from search_api.live.compression import LeanWebSockets
from tests.services.process import free_port


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send_to(scope, send, Refusal(403, "that page is not ours"))


async def test_a_refused_websocket_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = uvicorn.Config(
        refuse, log_config=None, access_log=False, lifespan="off", ws=LeanWebSockets
    )
    server = Server(settings)
    listener = listen(address, mend="another")
    listener.listen(256)
    with caplog.at_level(logging.INFO):
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://{address}/", origin="https://evil.example")  # type: ignore[arg-type]
            assert refused.value.response.status_code == 403
            assert b"that page is not ours" in (refused.value.response.body or b"")
            server.should_exit = True
            await serving
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
