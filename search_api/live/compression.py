"""How are WebSockets compressed without keeping memory for each that is open?

Source: RFC 7692, section 7.1.1: without context takeover a message is compressed by itself.
"""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from typing import TYPE_CHECKING, Any

from uvicorn import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

_WINDOW_BITS = 12


class LeanWebSockets(WebSocketsSansIOProtocol):
    """Uvicorn's WebSockets, but what a connection compresses with lives as long as a message.

    Otherwise each takes some 45 kB for as long as it is open.
    """

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        compression = ServerPerMessageDeflateFactory(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            server_max_window_bits=_WINDOW_BITS,
            compress_settings={"memLevel": 5},
        )
        self.conn = ServerProtocol(
            extensions=[compression],
            max_size=config.ws_max_size,
            logger=logging.getLogger("uvicorn.error"),
        )

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's; an answer instead of a WebSocket ends the handshake, too.

        Otherwise the log tells of an error with each.
        """
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True
