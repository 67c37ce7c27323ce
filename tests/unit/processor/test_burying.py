"""What the store refuses is in the dead letters before its position is committed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

from logboom.broker import Unreadable
from logboom.clock import ManualClock
from logboom.dead import DeadLetters
from logboom.errors import DeadLettersFull
from logboom.store import Document, Rejected
from processor.burying import Burial

RUN = "0123456789abc"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def refused(offset: int) -> tuple[Document, Rejected]:
    event = {
        "message": "m", "event": {"id": f"{RUN}{offset:09}"},
        "log": {"offset": offset, "file": {"path": "/a.log"}},
    }  # fmt: skip
    document = Document(f"{RUN}{offset:09}", date(2026, 11, 20), orjson.dumps(event), None)
    return document, Rejected("mapper_parsing_exception: no")


async def test_the_letter_says_what_was_refused_and_why(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=2**20)
    await Burial(letters, ManualClock(NOW)).bury([refused(7), refused(9)])
    await Burial(letters, ManualClock(NOW)).bury([refused(7)])  # again, after a crash
    status = letters.status(at_ns=0)
    assert status is not None
    assert (status.letters, dict(status.refused)) == (2, {RUN: 2})
    head = letters.get(refused(7)[0].id)[0].head
    assert (head.part, head.reason, head.path, head.start, head.day, head.run) == (
        "processor", "mapper_parsing_exception: no", "/a.log", 7, "2026-11-20", RUN,
    )  # fmt: skip


async def test_the_letter_of_what_cannot_be_read_says_where_it_is(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=2**20)
    unreadable = Unreadable("logs", 3, 10, 14, "no zstd", b"\x00")
    for _ in range(2):  # also after a crash
        await Burial(letters, ManualClock(NOW)).bury([], [unreadable])
    (head,) = letters.heads()
    assert head.reason == "messages 10 to 14 in partition 3 of logs cannot be read: no zstd"
    assert (head.part, head.lines, head.day) == ("processor", 5, "2026-11-21")
    (letter,) = letters.get(head.event)
    assert orjson.loads(letter.value) == {
        "topic": "logs", "partition": 3, "first_offset": 10, "last_offset": 14, "reason": "no zstd",
        "content": "AA==",
    }  # fmt: skip


async def test_the_letter_of_what_only_kafka_has_says_how_it_is_read_again(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=2**20)
    await Burial(letters, ManualClock(NOW)).bury([], [Unreadable("logs", 3, 10, 14, "no zstd")])
    (head,) = letters.heads()
    assert head.reason.endswith("no zstd; to try again, set the consumer group back to offset 10")


async def test_full_dead_letters_are_waited_for(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=10)
    with pytest.raises(DeadLettersFull):
        await Burial(letters, ManualClock(NOW)).bury([refused(7)])
    assert letters.heads() == []
