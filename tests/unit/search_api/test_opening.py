"""What is left open when an API cannot begin?"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import ConfigError
from search_api import run
from tests.services.process import free_port


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

    def no_doors(_config: Config, _state: _Part, _clock: SystemClock) -> None:
        raise ConfigError("its certificate cannot be read", where="api.oidc")

    port = free_port()
    config = Config.model_validate(
        {"data": tmp_path / "data", "api": {"listen": f"127.0.0.1:{port}"}}
    )
    monkeypatch.setattr(run, "open_broker", opened_broker)
    monkeypatch.setattr(run, "open_store", opened_store)
    monkeypatch.setattr(run, "open_state", lambda _config, _clock: _Part("state", closed))
    monkeypatch.setattr(run, "open_doorkeeping", no_doors)
    with pytest.raises(ConfigError):
        await run._serve(config, SystemClock())
    assert closed == ["state", "store", "broker"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
