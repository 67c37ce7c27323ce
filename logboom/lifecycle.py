"""How does a service begin and end? Signals, the parent's death, patience, last words."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import uvloop

from logboom.errors import LogboomError
from logboom.last_words import leave_words
from logboom.memory import share_arenas

log = logging.getLogger("logboom.lifecycle")
_Error = TypeVar("_Error", bound=Exception)

SUPERVISED = "LOGBOOM_SUPERVISED"
"""Set in the environment of a supervised service: it ends when its supervisor is gone.

Its value is how often the service was started again lately.
"""

SUPERVISOR = "LOGBOOM_SUPERVISOR"
"""Set in the environment of a supervised service: the process id of its supervisor."""

ENDED = "LOGBOOM_ENDED"
"""Set in the environment of a supervised service that was started again: why the one before it ended."""

RESTARTS_WITHIN_S = 300.0
"""Restarts of a service count for so long."""

_PARENT_LOOK_S = 0.5
_LAST_WORDS_S = 2.0
_WAITING_LOOK_S = 0.1
_AWAY_S = 2.0
"""At the end a service gets so long at a stretch to come back: what it has not taken is kept."""


def run_service(name: str, main: Coroutine[Any, Any, None]) -> int:
    """Runs a service's coroutine to its end.

    Args:
        name: As in the command line, for messages.
        main: Ends by itself after an orderly stop.

    Returns:
        Exit status: 0 after an orderly stop, 1 when it could not work; then standard error has a
        line that says why.
    """
    _collect_garbage_seldom()
    share_arenas()
    try:
        troubles = _troubles_of(main)
    except Exception as error:
        leave_words(f"a fault of logboom's own, {_kinds(error)}: its log has the trace")
        raise
    leave_words("; ".join(trouble.sentence() for trouble in troubles))
    for trouble in troubles:
        sys.stderr.write(f"logboom {name}: {trouble}\n")
    return 1 if troubles else 0


def _troubles_of(main: Coroutine[Any, Any, None]) -> list[LogboomError]:
    """Runs it to its end, and gives what it could not go on for."""
    try:
        uvloop.run(main)
    except* LogboomError as group:
        troubles = _leaves(group)
    else:
        troubles = []
    return troubles


def _kinds(error: Exception) -> str:
    """The classes of exceptions, without what they say: that may be anything."""
    errors = _leaves(error) if isinstance(error, ExceptionGroup) else [error]
    return ", ".join(sorted({type(leaf).__name__ for leaf in errors}))


def _collect_garbage_seldom() -> None:
    """Events are nested dicts without cycles: looking through them for cycles is wasted work."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


def restarts_in(environment: Mapping[str, str]) -> int:
    """How often a supervisor started this service again lately, since it ended unasked."""
    return int(environment.get(SUPERVISED, "0"))


def why_ended_in(environment: Mapping[str, str]) -> str | None:
    """Why the service ended that ran before this one; None when there was none."""
    return environment.get(ENDED) or None


def supervisor_in(environment: Mapping[str, str]) -> int | None:
    """The process id of the supervisor that started this service; None when there is none."""
    number = environment.get(SUPERVISOR)
    return None if number is None else int(number)


def stop_event(*, supervisor: int | None) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set, and the supervisor's death.

    Args:
        supervisor: Process id of the one that started this process; None: nobody is watched. It may
            be dead already: a process asks seconds after its start, when another may be its parent.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if supervisor is not None:
        _watch_parent(loop, supervisor, stop)
    return stop


def _watch_parent(loop: asyncio.AbstractEventLoop, parent: int, stop: asyncio.Event) -> None:
    if os.getppid() != parent:
        stop.set()
    else:
        loop.call_later(_PARENT_LOOK_S, _watch_parent, loop, parent, stop)


async def until(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Waits until `stop` is set or the task ends; a task that failed raises."""
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait([stopping, task], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        task.result()


async def end(
    task: asyncio.Task[None], *, patience_s: float, waits: Callable[[], bool] = lambda: False
) -> bool:
    """Gives a task some time to end by itself, then cancels it.

    Args:
        task: Ends soon, when it can.
        patience_s: So long at most.
        waits: Says whether it waits for what is away: that is not waited for as long.

    Returns:
        True when it ended by itself.
    """
    now = asyncio.get_running_loop().time
    due = now() + patience_s
    away_since: float | None = None
    while not task.done() and (left_s := due - now()) > 0:
        if not waits():
            away_since = None
        elif away_since is None:
            away_since = now()
        elif now() - away_since >= _AWAY_S:
            break
        await asyncio.wait([task], timeout=min(left_s, _WAITING_LOOK_S))
    is_done = task.done()
    if not is_done:
        task.cancel()
        await asyncio.wait([task])
    return is_done


async def last_words(post: Awaitable[object]) -> None:
    """Tells that a service has stopped; who does not listen is not waited for."""
    try:
        async with asyncio.timeout(_LAST_WORDS_S):
            await post
    except TimeoutError:
        log.warning("it could not be told that the service has stopped: the broker does not answer")


def _leaves(group: BaseExceptionGroup[_Error]) -> list[_Error]:
    found: list[_Error] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
