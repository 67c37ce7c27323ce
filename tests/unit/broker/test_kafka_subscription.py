"""What does a member of a group answer while its client is replaced by another one?"""

from __future__ import annotations

import asyncio

import pytest

from logboom.broker.kafka_subscription import KafkaSubscription
from logboom.config import KafkaSection
from logboom.errors import BrokerUnavailable
from tests.polling import soon


class _Joining(KafkaSubscription):
    """One whose client was dropped, and which joins when it is let to, or fails to."""

    def __init__(self) -> None:
        super().__init__(KafkaSection(bootstrap=["localhost:9092"], topic="events"), "g")
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        await self.joined


async def test_who_joins_anew_says_so_until_it_has_joined() -> None:
    member = _Joining()
    for _ in range(3):
        with pytest.raises(BrokerUnavailable, match="joins its group anew"):
            await member.receive(max_messages=1, timeout_s=0)
    member.joined.set_exception(BrokerUnavailable("no answer", where="localhost:9092"))

    async def told() -> bool:
        with pytest.raises(BrokerUnavailable) as caught:
            await member.receive(max_messages=1, timeout_s=0)
        return "no answer" in str(caught.value)

    await soon(told, timeout_s=60, what="why it could not join is told")
    await member.close()
    with pytest.raises(BrokerUnavailable, match="closed"):
        await member.receive(max_messages=1, timeout_s=0)
