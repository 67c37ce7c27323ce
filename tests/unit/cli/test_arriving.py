"""A busy pipeline is well, one where nothing moves is stuck."""

from __future__ import annotations

from typing import Any

from logboom.cli.arriving import has_arrived, stuck_because

WELL: dict[str, Any] = {"parts": [{"name": "processor", "state": "running", "detail": ""}]}


def ledger(acked: int, stored: int, verdict: str = "catching up") -> dict[str, Any]:
    row = {"source": "s", "events_acked": acked, "events_stored": stored, "verdict": verdict}
    return {"verdict": verdict, "lag": acked - stored, "sources": [row], "losses": []}


def test_what_comes_meanwhile_is_not_waited_for() -> None:
    first = ledger(100, 90)
    assert not has_arrived(first, first)
    assert not has_arrived(first, ledger(150, 99))
    assert has_arrived(first, ledger(150, 100))
    assert has_arrived(first, ledger(150, 150, "green"))
    assert not has_arrived(first, ledger(150, 151, "red"))
    assert not has_arrived(None, ledger(1, 0))
    assert not has_arrived(first, None)


def test_what_a_crashing_shipper_has_not_looked_at_is_stuck_though_the_ledger_is_green() -> None:
    part = {"name": "shipper a", "state": "crashing", "detail": "again", "unread": "not looked"}
    health = {"parts": [*WELL["parts"], part]}
    green = ledger(100, 100, "green")
    assert stuck_because(health, green, green, 0.0) == ["shipper a is crashing: again; not looked"]
    del part["unread"]
    assert stuck_because(health, green, green, 0.0) == []


def test_where_events_wait_and_nothing_moves_it_is_stuck() -> None:
    first = ledger(100, 90)
    assert stuck_because(WELL, ledger(100, 90), first, 10.0) == [
        "10 events wait, and none was stored within 10 s"
    ]
    assert stuck_because(WELL, ledger(100, 90), first, 1.0) == []
    assert stuck_because(WELL, ledger(120, 99), first, 10.0) == []
    assert stuck_because(WELL, ledger(100, 100, "green"), first, 10.0) == []
