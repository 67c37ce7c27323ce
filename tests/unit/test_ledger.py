"""The ledger turns red for a single line, in either direction, and for nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from logboom.ledger import Ledger, Removed, judge
from logboom.status import (
    DamagedFile,
    DeadStatus,
    LossStatus,
    SourceStatus,
    decode_losses,
    decode_status,
)
from logboom.store import SourceCount

DAY = date(2026, 11, 21)


def source(**changes: Any) -> SourceStatus:
    base: dict[str, Any] = {
        "source": "s", "shipper": "h", "run": "r", "path": "/a.log", "at_ns": 0, "state": "idle",
        "lines_read": 112, "lines_acked": 110, "lines_empty": 2, "acked": {"r": {"2026-11-21": 100}},
    }  # fmt: skip
    return SourceStatus(**{**base, **changes})


def letters(**facts: Any) -> DeadStatus:
    return DeadStatus(store="d", at_ns=0, **facts)


def verdict_of(
    status: SourceStatus,
    stored: int,
    *,
    lag: int = 0,
    dead: int = 0,
    days: tuple[date, ...] = (DAY,),
) -> Ledger:
    counts = [SourceCount("r", DAY, stored)] if stored else []
    return judge([status], counts, lag=lag, dead=[letters(refused={"r": dead})], days=days)


def test_a_balanced_ledger_is_green() -> None:
    ledger = verdict_of(source(), 100)
    assert (ledger.verdict, ledger.findings) == ("green", [])
    assert (ledger.sources[0].events_acked, ledger.sources[0].events_stored) == (100, 100)


def test_bytes_that_were_never_read_are_red_and_named() -> None:
    loss = LossStatus(
        source="s", shipper="h", run="r", path="/a.log", lines=0, bytes=500, unread=500,
        days={"2026-11-21": 0}, reason="bytes 100 to 600 were never read: its file was deleted",
        at_ns=0,
    )  # fmt: skip
    counts = [SourceCount("r", DAY, 100)]
    ledger = judge([source()], counts, lag=0, dead=[], days=(DAY,), losses=[loss])
    assert (ledger.verdict, ledger.losses[0].verdict) == ("red", "red")
    assert ledger.findings == [
        "/a.log: 500 bytes are lost; bytes 100 to 600 were never read: its file was deleted"
    ]
    assert (
        judge([source()], counts, lag=0, dead=[], days=(date(2026, 11, 22),), losses=[loss]).verdict
        == "green"
    )


def test_a_damaged_file_is_a_red_row_whatever_days_the_store_keeps() -> None:
    file = DamagedFile(path="/a.log.gz", bytes=70, reason="gzip: it is wrong", at_ns=5)
    counts = [SourceCount("r", DAY, 100)]
    ledger = judge([source()], counts, lag=0, dead=[], days=(DAY,), damaged=[file])
    (row,) = ledger.losses
    assert (ledger.verdict, row.verdict, row.path, row.bytes, row.at_ns) == (
        "red", "red", "/a.log.gz", 70, 5,
    )  # fmt: skip
    assert ledger.findings == ["/a.log.gz: nothing of its 70 bytes is read: gzip: it is wrong"]


def test_one_event_less_in_the_store_is_red() -> None:
    ledger = verdict_of(source(), 99)
    assert ledger.verdict == "red"
    assert "1 events are missing" in ledger.findings[0]
    assert "/a.log" in ledger.findings[0]


def test_one_event_more_in_the_store_is_red() -> None:
    assert verdict_of(source(), 101).verdict == "red"


def test_what_was_acknowledged_since_the_sources_were_read_may_be_stored() -> None:
    counts = [SourceCount("r", DAY, 115)]
    told = judge([source()], counts, lag=0, dead=[], days=[DAY], since={"r": 20})
    assert (told.verdict, told.sources[0].events_ahead) == ("green", 0)
    told = judge([source()], counts, lag=0, dead=[], days=[DAY], since={"r": 10})
    assert (told.verdict, told.sources[0].events_ahead) == ("red", 5)


def test_a_store_without_any_event_is_red() -> None:
    assert verdict_of(source(), 0).verdict == "red"


def test_what_waits_in_the_broker_is_on_its_way() -> None:
    assert verdict_of(source(), 60, lag=40).verdict == "catching up"
    assert verdict_of(source(), 59, lag=40).verdict == "red"


def test_dead_letters_are_accounted_for() -> None:
    assert verdict_of(source(), 97, dead=3).verdict == "green"


def test_a_letter_on_its_way_back_may_be_stored_or_not() -> None:
    for stored in (97, 98, 100):
        counts = [SourceCount("r", DAY, stored)]
        back = [letters(letters=3, replaying=3)]
        ledger = judge([source()], counts, lag=0, dead=back, days=[DAY])
        assert ledger.verdict == "catching up"
    assert judge([source()], counts, lag=0, dead=back[:0], days=[DAY]).verdict == "green"


def test_a_letter_of_the_shipper_that_was_sent_later_moves_from_dead_to_acked() -> None:
    status = source(lines_acked=104, lines_dead=6)
    sent = letters(replayed={"r": {"2026-11-21": 3}}, replayed_lines={"s": 4})
    ledger = judge([status], [SourceCount("r", DAY, 103)], lag=0, dead=[sent], days=[DAY])
    assert (ledger.verdict, ledger.findings) == ("green", [])
    (row,) = ledger.sources
    assert (row.lines_acked, row.lines_dead, row.events_acked) == (108, 2, 103)


def test_events_that_the_store_refused_and_somebody_discarded_are_accounted_for() -> None:
    counts = [SourceCount("r", DAY, 97)]
    given_up = letters(discarded=3, given_up={"r": {DAY.isoformat(): 3}})
    ledger = judge([source()], counts, lag=0, dead=[given_up], days=[DAY])
    assert (ledger.verdict, ledger.dead, ledger.discarded) == ("green", 0, 3)
    assert ledger.sources[0].events_acked == 100
    less = [SourceCount("r", DAY, 96)]
    assert judge([source()], less, lag=0, dead=[given_up], days=[DAY]).verdict == "red"


def test_what_was_discarded_of_other_days_hides_no_loss() -> None:
    counts = [SourceCount("r", DAY, 97)]
    given_up = letters(discarded=3, given_up={"r": {"2025-01-01": 3}})
    assert judge([source()], counts, lag=0, dead=[given_up], days=[DAY]).verdict == "red"


def test_what_was_discarded_of_a_day_that_is_gone_is_not_missing() -> None:
    given_up = letters(discarded=100, given_up={"r": {DAY.isoformat(): 100}})
    ledger = judge([source()], [], lag=0, dead=[given_up], days=[])
    assert (ledger.verdict, list(ledger.findings)) == ("green", [])


def test_a_letter_of_the_shipper_that_was_discarded_is_told_apart() -> None:
    status = source(lines_acked=104, lines_dead=6)
    given_up = letters(discarded=4, given_up_lines={status.source: 4})
    ledger = judge([status], [SourceCount("r", DAY, 100)], lag=0, dead=[given_up], days=[DAY])
    (row,) = ledger.sources
    assert ledger.verdict == "green"
    assert (row.lines_acked, row.lines_dead, row.lines_discarded) == (104, 2, 4)


def test_letters_of_all_data_folders_are_added_up() -> None:
    both = [letters(letters=2, refused={"r": 2}), letters(letters=1, refused={"r": 1})]
    ledger = judge([source()], [SourceCount("r", DAY, 97)], lag=0, dead=both, days=[DAY])
    assert (ledger.verdict, ledger.dead) == ("green", 3)


def test_lines_that_rules_dropped_are_accounted_for() -> None:
    status = source(lines_read=119, dropped={"drop level:debug": 4, "noise": 3})
    ledger = judge([status], [SourceCount("r", DAY, 100)], lag=0, dead=[], days=[DAY])
    assert (ledger.verdict, ledger.findings) == ("green", [])
    (row,) = ledger.sources
    assert (row.lines_dropped, row.dropped) == (7, {"drop level:debug": 4, "noise": 3})
    fewer = source(lines_read=119, dropped={"noise": 3})
    assert judge([fewer], [SourceCount("r", DAY, 100)], lag=0, dead=[], days=[DAY]).verdict == "red"


@pytest.mark.parametrize("lines_read", [111, 113])
def test_a_line_that_the_shipper_cannot_account_for_is_red(lines_read: int) -> None:
    ledger = verdict_of(source(lines_read=lines_read), 100)
    assert ledger.verdict == "red"
    assert f"{lines_read} lines were read" in ledger.findings[0]


def test_pending_lines_are_accounted_for() -> None:
    assert verdict_of(source(lines_read=115, lines_pending=3), 100).verdict == "green"


OTHER = date(2026, 10, 18)
TWO_DAYS = {"r": {"2026-11-21": 100, "2026-10-18": 5}}


def with_other_day(stored: int, lag: int = 0, **facts: Any) -> Ledger:
    counts = [SourceCount("r", DAY, stored)]
    known = [source(acked=TWO_DAYS)]
    return judge(known, counts, lag=lag, dead=[], days=[DAY], **facts)


def test_a_day_that_is_gone_without_an_order_is_red() -> None:
    ledger = with_other_day(100)
    assert (ledger.verdict, ledger.sources[0].verdict) == ("red", "red")
    (finding,) = ledger.findings
    for part in ("2026-10-18", "5 events of 1 source ", "backup", "days drop 2026-10-18 --gone"):
        assert part in finding
    assert (ledger.sources[0].events_acked, ledger.sources[0].events_stored) == (105, 100)


def test_what_else_is_missing_is_told_beside_a_day_that_is_gone() -> None:
    missing, gone = with_other_day(98).findings
    assert "2 events are missing" in missing
    assert "5 events of 1 source " in gone


def test_a_day_that_is_gone_is_told_once_for_all_sources() -> None:
    both = [source(acked=TWO_DAYS), source(source="t", path="/b.log", run="q",
            lines_read=7, lines_acked=7, lines_empty=0, acked={"q": {"2026-10-18": 7}})]  # fmt: skip
    ledger = judge(both, [SourceCount("r", DAY, 100)], lag=0, dead=[], days=[DAY])
    (finding,) = ledger.findings
    assert "12 events of 2 sources" in finding


def test_a_day_of_which_all_is_on_its_way_is_not_gone() -> None:
    assert with_other_day(100, lag=5).verdict == "catching up"
    assert with_other_day(100, lag=4).verdict == "red"


def test_a_day_that_was_removed_on_purpose_is_not_gone() -> None:
    assert with_other_day(100, removed=[Removed("r", OTHER, 5)]).verdict == "green"
    assert with_other_day(100, removed=[Removed("r", OTHER, 4)]).verdict == "red"


def of_removed_day(stored: int, again: int, **facts: Any) -> Ledger:
    """A day of 5 events was dropped, and got so many since."""
    counts = [SourceCount("r", DAY, stored), SourceCount("r", OTHER, again)]
    known: dict[str, Any] = {"lag": 0, "removed": [Removed("r", OTHER, 5)]} | facts
    acked = {"r": {"2026-11-21": 100, "2026-10-18": 5 + known.pop("late", 0)}}
    return judge([source(acked=acked)], counts, dead=[], days=[DAY, OTHER], **known)


def test_what_comes_late_into_a_day_that_was_dropped_is_counted_beside_it() -> None:
    assert of_removed_day(100, 3, late=3).verdict == "green"
    assert of_removed_day(100, 2, late=3).verdict == "red"


def test_what_is_stored_again_after_its_day_was_dropped_makes_up_for_nothing() -> None:
    told = of_removed_day(100, 3)
    assert (told.verdict, told.sources[0].events_ahead) == ("red", 3)
    (finding,) = told.findings
    assert "3 events of 2026-10-18 were dropped" in finding
    assert "days drop 2026-10-18 --gone" in finding
    missing, again = of_removed_day(97, 3).findings
    assert "3 events are missing in the store" in missing
    assert "stored again" in again
    assert of_removed_day(97, 3, forgiven=[OTHER]).findings == [missing]
    assert of_removed_day(100, 0, forgiven=[OTHER]).verdict == "green"


def test_events_that_are_moved_are_not_taken_for_stored_again() -> None:
    moving = of_removed_day(100, 5, removed=[Removed("r", OTHER, 5, moving=True)])
    assert moving.verdict == "green"
    assert of_removed_day(100, 3, lag=3).verdict == "catching up"


def test_a_day_that_retention_has_reached_is_left_out() -> None:
    assert with_other_day(100, oldest=date(2026, 10, 19)).verdict == "green"
    assert with_other_day(100, oldest=OTHER).verdict == "red"


def test_a_day_that_was_said_to_be_deleted_on_purpose_is_left_out() -> None:
    ledger = with_other_day(100, forgiven=[OTHER])
    assert (ledger.verdict, ledger.findings) == ("green", [])
    assert ledger.sources[0].events_acked == 100
    assert with_other_day(99, forgiven=[OTHER]).verdict == "red"


def loss(**changes: Any) -> LossStatus:
    base: dict[str, Any] = {
        "source": "s", "shipper": "h", "run": "r", "path": "/a.log", "lines": 12, "bytes": 700,
        "days": {"2026-11-21": 10}, "reason": "its file was deleted while no shipper ran", "at_ns": 5,
    }  # fmt: skip
    return LossStatus(**{**base, **changes})


def with_loss(
    stored: int, one: LossStatus, *, sources: list[SourceStatus] | None = None, lag: int = 0,
    days: tuple[date, ...] = (DAY,),
) -> Ledger:  # fmt: skip
    counts = [SourceCount("r", DAY, stored)] if stored else []
    known = [source()] if sources is None else sources
    return judge(known, counts, lag=lag, dead=[], days=days, losses=[one])


def test_lost_lines_are_a_row_of_their_own_and_red() -> None:
    ledger = with_loss(100, loss())
    assert ledger.verdict == "red"
    (row,) = ledger.losses
    assert (row.path, row.lines, row.bytes, row.events, row.events_stored) == (
        "/a.log",
        12,
        700,
        10,
        0,
    )
    (finding,) = ledger.findings
    for part in ("/a.log", "12 lines", "700 bytes", "deleted", "10 of their 10 events are lost"):
        assert part in finding
    assert ledger.sources[0].verdict == "green"


def test_what_the_broker_had_taken_is_not_lost() -> None:
    ledger = with_loss(110, loss())
    assert (ledger.verdict, ledger.findings) == ("green", [])
    assert ledger.losses[0].events_stored == 10


def test_one_lost_event_among_those_that_arrived_is_red() -> None:
    ledger = with_loss(109, loss())
    assert ledger.verdict == "red"
    assert "1 of their 10 events" in ledger.findings[0]


def test_more_in_the_store_than_were_ever_sent_is_red() -> None:
    assert with_loss(111, loss()).sources[0].verdict == "red"


def test_lost_lines_may_be_on_their_way() -> None:
    assert with_loss(100, loss(), lag=10).verdict == "catching up"
    assert with_loss(100, loss(), lag=9).verdict == "red"


@pytest.mark.parametrize(("stored", "verdict"), [(0, "red"), (4, "red"), (10, "green")])
def test_a_file_of_which_nothing_was_acknowledged(stored: int, verdict: str) -> None:
    assert with_loss(stored, loss(), sources=[]).verdict == verdict


def test_events_of_a_day_of_which_nothing_was_acknowledged_are_counted() -> None:
    other = date(2026, 11, 20)
    counts = [SourceCount("r", DAY, 100), SourceCount("r", other, 10)]
    ledger = judge(
        [source()],
        counts,
        lag=0,
        dead=[],
        days=[DAY, other],
        losses=[loss(days={"2026-11-20": 10})],
    )
    assert ledger.verdict == "green"


def test_a_loss_is_told_as_long_as_the_store_keeps_its_days() -> None:
    old = loss(days={"2026-11-01": 10})
    assert with_loss(100, old, days=(DAY, date(2026, 10, 31))).verdict == "red"
    assert with_loss(100, old, days=(DAY, date(2026, 11, 2))).verdict == "green"
    assert with_loss(0, old, sources=[], days=()).verdict == "red"


def test_losses_pass_through_the_status_stream() -> None:
    one = loss()
    entries = {
        one.key: one.model_dump_json().encode(),
        "source/h/s": source().model_dump_json().encode(),
    }
    assert decode_losses(entries) == [one]
    assert [status.source for status in decode_status(entries)[1]] == ["s"]
