"""What is left open when a processor cannot begin?"""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StateUnavailable
from processor import run
from tests.unit.opened_parts import note_ends


async def test_what_was_opened_is_closed_when_the_next_part_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = note_ends(monkeypatch, run)

    def no_state(_config: Config, _clock: SystemClock) -> None:
        raise StateUnavailable("its folder cannot be read", where=str(tmp_path))

    monkeypatch.setattr(run, "open_state", no_state)
    with pytest.raises(StateUnavailable):
        await run._serve(Config(data=tmp_path), SystemClock())
    assert closed == ["store", "broker"]
