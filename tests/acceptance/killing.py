"""An API whose process dies at a step that a test chooses, as by `kill -9`."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from logboom.clock import Clock
from logboom.config import Config
from logboom.state import Record, State, Write, open_state
from logboom.state.port import ANY_VERSION, Expected, written
from search_api import run as api

STEPS = (
    "an alert is kept in full",
    "a decision is kept with what is to be told",
    "a cursor is kept",
    "a message is in its group",
    "a decision is taken over",
    "a fate is noted",
    "a message is forgotten",
)
"""What is written between deciding and having told, in this order."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["search_api.run", __name__])


@dataclass(frozen=True)
class Place:
    """Where a process dies.

    Attributes:
        step: One of `STEPS`.
        is_done: The write is durable; else it never begins.
    """

    step: str
    is_done: bool

    def __str__(self) -> str:
        return f"{'after' if self.is_done else 'before'}: {self.step}"


class DyingState:
    """A state whose process dies at the first write of a kind.

    Args:
        state: The real one.
        place: Where it dies.
    """

    def __init__(self, state: State, place: Place) -> None:
        self._state = state
        self._place = place

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    async def put(
        self, kind: str, key: str, value: Mapping[str, Any], *, expected: Expected = ANY_VERSION
    ) -> Record:
        one = Write(kind, key, value, expected)
        return written(one, await self.put_many([one]))

    async def put_many(self, writes: Sequence[Write]) -> Sequence[Record | None]:
        is_here = self._place.step in {await self._step(one) for one in writes}
        if is_here and not self._place.is_done:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await self._state.put_many(writes)
        if is_here and any(one is not None for one in answer):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    async def _step(self, write: Write) -> str | None:
        kept, noted, cursor, message, taken, fate, forgotten = STEPS
        alone = {"alert-detail": kept, "alert-cursor": cursor, "alert-delivery": fate}
        lists = {
            "alert-rule": ("outbox", noted, taken),
            "alert-group": ("pending", message, forgotten),
        }
        if write.kind not in lists:
            return alone.get(write.kind)
        name, more, fewer = lists[write.kind]
        record = await self._state.get(write.kind, write.key)
        before = 0 if record is None else len(record.value[name])
        change = len(write.value[name]) - before
        return more if change > 0 else fewer if change < 0 else None


def start_api(settings: Mapping[str, Any], place: Place | None) -> BaseProcess:
    """An API in a process of its own.

    Args:
        settings: The configuration.
        place: Where it dies; None: it lives.
    """
    process = _PROCESSES.Process(target=_serve, args=(dict(settings), place))
    process.start()
    return process


def _serve(settings: dict[str, Any], place: Place | None) -> None:
    if place is not None:

        def opened(config: Config, clock: Clock) -> Any:
            return DyingState(open_state(config, clock), place)

        api.open_state = opened  # type: ignore[attr-defined]  # in this process, which dies of it
    raise SystemExit(api.run(Config.model_validate(settings)))
