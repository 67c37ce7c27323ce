"""What ends an answer that goes on for long when its key is revoked?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from logboom.errors import LogboomError
from search_api.access.authenticating import Authentication
from search_api.access.grants import Access

LOOK_S = 2.0
"""How often it is looked whether somebody may go on."""


@dataclass(slots=True)
class Watch:
    """A task that is cancelled when whoever it works for may not go on.

    Attributes:
        task: The one that is watched.
        has_ended: It was cancelled for that reason.
    """

    task: asyncio.Task[object]
    has_ended: bool = False


@contextmanager
def watched(access: Access | None, authentication: Authentication) -> Iterator[Watch]:
    """Watches the current task while it answers somebody.

    Args:
        access: Who; None, and whoever has nothing that can be revoked, is not watched.
        authentication: Knows whether they may go on.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("an answer is given by a task")
    watch = Watch(task)
    if access is None or (access.digest is None and access.expires_ns is None):
        yield watch
        return
    looking: list[asyncio.Task[None]] = []
    timer = asyncio.get_running_loop().call_later(
        LOOK_S, lambda: looking.append(asyncio.create_task(_look(watch, access, authentication)))
    )  # most answers are over by then
    try:
        yield watch
    finally:
        timer.cancel()
        for one in looking:
            one.cancel()


async def _look(watch: Watch, access: Access, authentication: Authentication) -> None:
    while await _may_go_on(access, authentication):  # noqa: ASYNC110 - others revoke keys, too
        await asyncio.sleep(LOOK_S)
    watch.has_ended = True
    watch.task.cancel()


async def _may_go_on(access: Access, authentication: Authentication) -> bool:
    try:
        return await authentication.is_still_good(access)
    except LogboomError:
        return True  # nothing can have been revoked while the state does not answer
