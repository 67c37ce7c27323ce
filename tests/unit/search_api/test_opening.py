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
from tests.unit.opened_parts import Part, note_ends


async def test_what_was_opened_is_closed_when_the_next_part_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = note_ends(monkeypatch, run)

    def no_doors(_config: Config, _state: Part, _clock: SystemClock) -> None:
        raise ConfigError("its certificate cannot be read", where="api.oidc")

    port = free_port()
    config = Config.model_validate(
        {"data": tmp_path / "data", "api": {"listen": f"127.0.0.1:{port}"}}
    )
    monkeypatch.setattr(run, "open_state", lambda _config, _clock: Part("state", closed))
    monkeypatch.setattr(run, "open_doorkeeping", no_doors)
    with pytest.raises(ConfigError):
        await run._serve(config, SystemClock())
    assert closed == ["state", "store", "broker"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
