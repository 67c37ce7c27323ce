"""What is left open when a processor cannot begin?"""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StateUnavailable
from processor import run


class _Part:
    """What was opened: only its end is noted."""

    def __init__(self, name: str, closed: list[str]) -> None:
        self._name = name
        self._closed = closed

    async def close(self) -> None:
        self._closed.append(self._name)


async def test_what_was_opened_is_closed_when_the_next_part_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def opened_broker(_config: Config) -> _Part:
        return _Part("broker", closed)

    async def opened_store(_config: Config, *, clock: SystemClock) -> _Part:
        return _Part("store", closed)

    def no_state(_config: Config, _clock: SystemClock) -> None:
        raise StateUnavailable("its folder cannot be read", where=str(tmp_path))

    monkeypatch.setattr(run, "open_broker", opened_broker)
    monkeypatch.setattr(run, "open_store", opened_store)
    monkeypatch.setattr(run, "open_state", no_state)
    with pytest.raises(StateUnavailable):
        await run._serve(Config(data=tmp_path), SystemClock())
    assert closed == ["store", "broker"]
