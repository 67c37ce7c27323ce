"""A tail on the command line goes on where it was, whatever it has shown so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli import tail
from logboom.cli.app import make_app
from logboom.errors import ServiceUnreachable

PLACE = ("id: 7-7-", "event: place", 'data: {"place": "7-7-"}', "")
EVENT = ("id: 8-8-", 'data: {"_id": "a", "message": "first"}', "")
HALF = ("id: 9-9-",)
END = ("event: problem", 'data: {"detail": "that is all"}', "")


def followed(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> tuple[str, list[Any]]:
    """What is printed when these answers come and break off, and where each was to go on."""
    asked: list[str | None] = []
    left = iter(answers)

    def stream(*_: object, last_event_id: str | None) -> Iterator[str]:
        asked.append(last_event_id)
        yield from next(left)
        raise ServiceUnreachable("it went away", mend="wait")

    monkeypatch.setattr(tail, "stream", stream)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return CliRunner().invoke(make_app(), ["tail", "--json"]).stdout, asked


def test_it_goes_on_behind_a_place_before_anything_was_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed, asked = followed(monkeypatch, PLACE, (*EVENT, *END))
    assert asked == [None, "7-7-"]
    assert "first" in printed
    assert "place" not in printed


def test_what_broke_off_before_its_end_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = followed(monkeypatch, EVENT, HALF, END)
    assert asked == [None, "8-8-", "8-8-"]
