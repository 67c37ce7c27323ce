"""What a failed write has stored is counted by the write that repeats it, once."""

from __future__ import annotations

from datetime import date

from logboom.store import Document, Outcome, Rejected
from logboom.store.unanswered import Unanswered

DAY = date(2026, 3, 14)


def document(name: str, day: date = DAY) -> Document:
    return Document(name, day, b"{}")


def test_what_was_stored_before_is_told_as_stored_once() -> None:
    unanswered = Unanswered()
    some = [document("a"), document("a", date(2026, 3, 15)), document("b"), document("c")]
    answers: list[Outcome | Rejected] = [Outcome.DUPLICATE] * 2
    answers += [Outcome.STORED, Rejected("no")]
    assert unanswered.settled(some, answers) is answers
    unanswered.note([some[0], some[2]])
    assert unanswered.settled(some, answers) == [
        Outcome.STORED,
        Outcome.DUPLICATE,
        Outcome.STORED,
        Rejected("no"),
    ]
    assert unanswered.settled(some[:1], answers[:1]) == [Outcome.DUPLICATE]


def test_only_so_much_is_remembered() -> None:
    unanswered = Unanswered()
    many = [document(str(n)) for n in range(60_000)]
    unanswered.note(many)
    answers = unanswered.settled(many, [Outcome.DUPLICATE] * len(many))
    assert answers.count(Outcome.STORED) == 50_000
    assert answers[-1] is Outcome.STORED


def test_what_was_perhaps_stored_is_told_as_stored_once_unless_it_was_found_there() -> None:
    unanswered = Unanswered()
    some = [document("a"), document("b"), document("c")]
    unanswered.note_answered(some, {0: Outcome.DUPLICATE, 1: Outcome.STORED})
    unanswered.note_perhaps(some)
    unanswered.note_answered(some, {2: Outcome.DUPLICATE})
    unanswered.note_perhaps(some)
    duplicates: list[Outcome | Rejected] = [Outcome.DUPLICATE] * 3
    assert unanswered.settled(some, duplicates) == [
        Outcome.DUPLICATE,
        Outcome.STORED,
        Outcome.STORED,
    ]
    assert unanswered.settled(some, duplicates) == duplicates


def test_only_so_much_is_remembered_of_what_was_perhaps_stored_or_found_there() -> None:
    many = [document(str(n)) for n in range(60_000)]
    duplicates: list[Outcome | Rejected] = [Outcome.DUPLICATE] * len(many)
    unanswered = Unanswered()
    unanswered.note_perhaps(many)
    assert unanswered.settled(many, duplicates).count(Outcome.STORED) == 50_000
    unanswered.note_answered(many, dict(enumerate(duplicates)))
    unanswered.note_perhaps(many)
    assert unanswered.settled(many, duplicates).count(Outcome.STORED) == 10_000
