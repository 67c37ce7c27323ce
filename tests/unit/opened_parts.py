"""The parts that a service opens when it begins: of these only their ends are noted."""

from __future__ import annotations

from types import ModuleType

import pytest

from logboom.clock import SystemClock
from logboom.config import Config


class Part:
    """What was opened.

    Args:
        name: Noted when it is closed.
        closed: Where that is noted.
    """

    def __init__(self, name: str, closed: list[str]) -> None:
        self._name = name
        self._closed = closed

    async def close(self) -> None:
        self._closed.append(self._name)


def note_ends(monkeypatch: pytest.MonkeyPatch, service: ModuleType) -> list[str]:
    """A service opens such a broker and such a store; gives what was closed, in order."""
    closed: list[str] = []

    async def opened_broker(_config: Config) -> Part:
        return Part("broker", closed)

    async def opened_store(_config: Config, *, clock: SystemClock) -> Part:
        return Part("store", closed)

    monkeypatch.setattr(service, "open_broker", opened_broker)
    monkeypatch.setattr(service, "open_store", opened_store)
    return closed
