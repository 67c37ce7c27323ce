"""What the store refuses is in the dead letters before its position is committed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

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


async def test_full_dead_letters_are_waited_for(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=10)
    with pytest.raises(DeadLettersFull):
        await Burial(letters, ManualClock(NOW)).bury([refused(7)])
    assert letters.heads() == []
