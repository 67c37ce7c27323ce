"""Waiting for a condition: the only way tests wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Result = TypeVar("_Result")
_STEP_S = 0.05


def eventually(check: Callable[[], _Result | None], *, timeout_s: float, what: str) -> _Result:
    """Calls `check` until it gives something true, and returns that.

    Raises:
        AssertionError: When it never did; `what` says what was awaited.
    """
    due = time.monotonic() + timeout_s
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > due:
            raise AssertionError(f"not within {timeout_s} s: {what}; last: {result!r}")
        time.sleep(_STEP_S)


async def soon(
    check: Callable[[], Awaitable[_Result | None]], *, timeout_s: float, what: str
) -> _Result:
    """`eventually` for coroutines."""
    due = time.monotonic() + timeout_s
    while True:
        result = await check()
        if result:
            return result
        if time.monotonic() > due:
            raise AssertionError(f"not within {timeout_s} s: {what}; last: {result!r}")
        await asyncio.sleep(_STEP_S)
