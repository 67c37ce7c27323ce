"""A server that hears what receivers are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.notifying.hearing import Server, hearing


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with hearing() as one:
        yield one
