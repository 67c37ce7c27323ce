"""Is memory that nobody needs given back?"""

from __future__ import annotations

import asyncio
import gc
import weakref

from logboom.memory import give_back
from tests.polling import soon


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_rings_are_collected_though_the_collector_sleeps() -> None:
    gc.disable()
    giving = asyncio.create_task(give_back(0.01))
    try:
        ring = weakref.ref(Ring())
        assert ring() is not None

        async def is_gone() -> bool:
            return ring() is None

        await soon(is_gone, timeout_s=20, what="the ring is collected")
        assert not giving.done()
    finally:
        gc.enable()
        giving.cancel()
