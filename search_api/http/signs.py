"""How does a stream stay open while nothing is found?

Clients, and what stands between, give up an answer that is silent for a minute. So a sign of life is
sent where the next piece takes long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

SIGN_EVERY_S = 15.0


async def with_signs(
    pieces: AsyncGenerator[bytes, None], sign: bytes, every_s: float
) -> AsyncIterator[bytes]:
    """The pieces as they come, and signs of life between them.

    Args:
        pieces: May take long; what fails there is raised here. Closed at the end.
        sign: What is sent where nothing has come for a while.
        every_s: That while, in seconds.
    """
    async with aclosing(pieces):
        coming = asyncio.ensure_future(anext(pieces, None))
        try:
            while True:
                done, _ = await asyncio.wait([coming], timeout=every_s)
                if not done:
                    yield sign
                    continue
                piece = coming.result()
                if piece is None:
                    return
                yield piece
                coming = asyncio.ensure_future(anext(pieces, None))
        finally:
            coming.cancel()
            # Whoever still reads has been told.
            await asyncio.gather(coming, return_exceptions=True)
