"""Dead letters stay until they are sent, each of them once, whatever crashes in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.dead import DeadLetters, Letter, LetterHead, Part
from logboom.dead.letter import letter_of_document
from logboom.dead.telling import DeadTelling
from logboom.errors import DeadLettersFull, DeadLettersUnavailable
from logboom.status import DeadStatus

MOST = 2**20


@pytest.fixture
def letters(tmp_path: Path) -> DeadLetters:
    return DeadLetters(tmp_path / "dead", max_bytes=MOST)


def letter(
    event: str, *, part: Part = "shipper", size: int = 20, reason: str = "too large"
) -> Letter:
    value = b'{"pad":"%b"}' % (b"x" * size)
    head = LetterHead(
        event=event, part=part, reason=reason, run="r", source="s", path="/a.log", start=7, end=9,
        lines=2, day="2026-11-21", at_ns=1, size=len(value),
    )  # fmt: skip
    return Letter(head, value)


def names(found: Sequence[LetterHead]) -> list[str]:
    return [head.event for head in found]


def test_nothing_is_there_and_nothing_is_made_before_the_first_letter(letters: DeadLetters) -> None:
    assert letters.heads() == []
    assert letters.get("a") == []
    assert letters.status(at_ns=0) is None
    assert letters.plan(None, most=10) is None
    letters.withdraw(["a"])
    assert letters.signature() == ()
    assert not letters.path.parent.exists()


def test_a_letter_is_found_again_by_another_process(letters: DeadLetters, tmp_path: Path) -> None:
    letters.bury([letter("a"), letter("b", part="processor")])
    other = DeadLetters(tmp_path / "dead", max_bytes=MOST)
    assert names(other.heads()) == ["a", "b"]
    assert other.get("a") == [letter("a")]
    assert names(other.heads(limit=1)) == ["a"]


def test_the_same_letter_again_after_a_crash_is_one_letter(letters: DeadLetters) -> None:
    letters.bury([letter("a", reason="old")])
    letters.bury([letter("a", reason="new")])
    assert [head.reason for head in letters.heads()] == ["new"]
    status = letters.status(at_ns=0)
    assert status is not None
    assert (status.letters, status.bytes) == (1, len(letter("a").value))


def test_full_means_wait_and_nothing_is_half_kept(tmp_path: Path) -> None:
    small = DeadLetters(tmp_path, max_bytes=250)
    small.bury([letter("a", size=200)])
    with pytest.raises(DeadLettersFull, match="logboom dead replay") as caught:
        small.bury([letter("b", size=10), letter("c", size=60)])
    assert caught.value.retryable
    assert names(small.heads()) == ["a"]
    replay = small.plan(None, most=10)
    assert replay is not None
    small.finish(replay, refused={}, at_ns=2)
    small.bury([letter("b", size=10), letter("c", size=60)])
    assert names(small.heads()) == ["b", "c"]


def test_a_replay_moves_letters_from_dead_to_sent(letters: DeadLetters) -> None:
    letters.bury([letter("a"), letter("b"), letter("c", part="processor")])
    replay = letters.plan(["a", "c"], most=10)
    assert replay is not None
    assert [one.head.event for one in replay.letters] == ["a", "c"]
    status = letters.status(at_ns=0)
    assert status is not None
    assert (status.letters, status.replaying, status.refused) == (3, 2, {})
    letters.finish(replay, refused={}, at_ns=2)
    status = letters.status(at_ns=0)
    assert status is not None
    assert names(letters.heads()) == ["b"]
    assert status.replayed == {"r": {"2026-11-21": 1}}
    assert status.replayed_lines == {"s": 2}


def test_after_a_crash_the_same_letters_go_out_under_the_same_number(letters: DeadLetters) -> None:
    letters.bury([letter("a"), letter("b")])
    first = letters.plan(["b"], most=10)
    letters.bury([letter("c")])
    assert letters.plan(None, most=10) == first
    assert first is not None
    letters.finish(first, refused={}, at_ns=2)
    second = letters.plan(None, most=10)
    assert second is not None
    assert second.sequence == first.sequence + 1
    assert [one.head.event for one in second.letters] == ["a", "c"]


def test_what_is_refused_again_during_a_replay_stays_dead(letters: DeadLetters) -> None:
    letters.bury([letter("a", part="processor"), letter("b")])
    replay = letters.plan(None, most=10)
    assert replay is not None
    letters.bury([letter("a", part="processor", reason="still wrong")])
    letters.finish(replay, refused={"b": "still too large"}, at_ns=2)
    assert [(h.event, h.reason) for h in letters.heads()] == [
        ("b", "still too large"), ("a", "still wrong"),
    ]  # fmt: skip
    status = letters.status(at_ns=0)
    assert status is not None
    assert (status.letters, status.replayed, status.refused) == (2, {}, {"r": 1})


def test_a_replay_takes_no_more_than_fits_into_one_batch(letters: DeadLetters) -> None:
    letters.bury([letter(f"e{n}") for n in range(5)])
    replay = letters.plan(None, most=2)
    assert replay is not None
    assert len(replay.letters) == 2


def test_a_letter_of_an_event_that_was_sent_after_all_is_withdrawn(letters: DeadLetters) -> None:
    letters.bury([letter("a"), letter("b"), letter("b", part="processor")])
    letters.withdraw(["b", "z"])
    assert [(h.event, h.part) for h in letters.heads()] == [("a", "shipper"), ("b", "processor")]


def test_a_file_that_is_no_database_is_told(letters: DeadLetters) -> None:
    letters.path.parent.mkdir()
    letters.path.write_bytes(b"not a database at all, but rather long" * 100)
    with pytest.raises(DeadLettersUnavailable, match=r"letters\.db"):
        letters.heads()
    with pytest.raises(DeadLettersUnavailable):
        letters.bury([letter("a")])


def test_every_change_is_seen_by_those_who_watch(letters: DeadLetters) -> None:
    letters.bury([letter("a")])
    before = letters.signature()
    assert before == letters.signature()
    with sqlite3.connect(letters.path) as held:  # keeps the log of changes from being folded in
        held.execute("SELECT count(*) FROM letters").fetchone()
        letters.bury([letter("b")])
        assert letters.signature() != before
    held.close()


def test_a_document_that_was_refused_says_where_it_came_from() -> None:
    value = b'{"log":{"file":{"path":"/a.log"},"offset":12},"event":{"id":"0123456789abcxyz"}}'
    made = letter_of_document("0123456789abcxyz", "2026-11-21", value, reason="no", at_ns=5)
    assert (made.head.path, made.head.start, made.head.run) == ("/a.log", 12, "0123456789abc")
    foreign = letter_of_document("foreign-0-1", "2026-11-21", b"[]", reason="no", at_ns=5)
    assert (foreign.head.path, foreign.head.start) == ("", -1)


async def test_services_tell_of_changes_once_and_of_trouble_once(
    letters: DeadLetters, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    telling = DeadTelling(letters, clock)
    assert await telling.news() == {}
    letters.bury([letter("a")])
    (value,) = (await telling.news()).values()
    assert DeadStatus.model_validate_json(value).letters == 1
    assert await telling.news() == {}
    clock.advance(61)
    assert len(await telling.news()) == 1
    letters.path.write_bytes(b"no database" * 1000)
    for _ in range(3):
        assert await telling.news() == {}
    assert caplog.text.count("cannot be used") == 1
    assert telling.last is not None
