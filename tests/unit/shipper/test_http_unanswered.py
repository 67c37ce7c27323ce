"""What is remembered of requests without an answer: also through a crash at any moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.clock import ManualClock
from logboom.config import FileInput
from shipper.framing.spooled import SUFFIX
from shipper.inputs.envelopes import envelope
from shipper.inputs.http.delivery import Delivery
from shipper.inputs.http.speaking import Refusal
from shipper.inputs.http.unanswered import KEEP_S, Appended
from shipper.inputs.spool import Spool
from shipper.reading.sources import Source


@dataclass
class _Acked:
    """As much of a source as a spool asks for."""

    path: str
    acked_offset: int


class Run:
    """A run of the shipper, as far as one delivery sees it; it ends as by `kill -9`."""

    def __init__(self, folder: Path, clock: ManualClock, *, max_bytes: int = 100_000) -> None:
        self.folder = folder
        clock.advance(1)
        self.spool = Spool(folder, FileInput(path=["-"]), clock, max_bytes=max_bytes)
        self.spool.open({})
        self.delivery = Delivery(self.spool, folder, clock, patience_s=0.005)
        self.delivery.open()

    def acknowledge(self) -> None:
        for path in self.folder.glob(f"*{SUFFIX}"):
            self.spool.settled(cast("Source", _Acked(str(path), path.stat().st_size)))

    async def deliver(self, digest: str, records: list[bytes]) -> Appended | Refusal:
        return await self.delivery.deliver(digest, records)

    async def deliver_acknowledged(self, digest: str, records: list[bytes]) -> Appended:
        self.delivery._patience_s = 60
        delivering = asyncio.ensure_future(self.deliver(digest, records))
        await asyncio.sleep(0)
        self.acknowledge()
        entry = await delivering
        self.delivery._patience_s = 0.005
        assert isinstance(entry, Appended)
        return entry

    @property
    def lines(self) -> list[bytes]:
        return [
            line
            for path in sorted(self.folder.glob(f"*{SUFFIX}"))
            for line in path.read_bytes().splitlines(keepends=True)
        ]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, tzinfo=UTC))


RECORDS = [envelope(f"line {n}", {}) for n in range(5)]


async def test_the_same_request_is_appended_once_until_it_is_answered(
    tmp_path: Path, clock: ManualClock
) -> None:
    run = Run(tmp_path, clock)
    refusal = await run.deliver("a", RECORDS)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.retry_after_s) == (503, 5)
    run.delivery.answered(await run.deliver_acknowledged("a", RECORDS))
    assert run.lines == RECORDS
    run.delivery.answered(await run.deliver_acknowledged("a", RECORDS))
    assert run.lines == RECORDS * 2


async def test_a_client_that_went_away_is_waited_for(tmp_path: Path, clock: ManualClock) -> None:
    run = Run(tmp_path, clock)
    run.delivery._patience_s = 60
    gone = asyncio.ensure_future(run.deliver("a", RECORDS))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    entry = await run.deliver_acknowledged("a", RECORDS)
    run.delivery.unanswered(entry)
    run.delivery.answered(await run.deliver_acknowledged("a", RECORDS))
    assert run.lines == RECORDS


async def test_two_clients_that_send_the_same_lose_nothing(
    tmp_path: Path, clock: ManualClock
) -> None:
    run = Run(tmp_path, clock)
    run.delivery._patience_s = 60
    both = [asyncio.ensure_future(run.deliver("a", RECORDS)) for _ in range(2)]
    await asyncio.sleep(0)
    run.acknowledge()
    for entry in await asyncio.gather(*both):
        assert isinstance(entry, Appended)
        run.delivery.answered(entry)
    assert run.lines == RECORDS * 2


async def test_a_crash_does_not_forget(tmp_path: Path, clock: ManualClock) -> None:
    first = Run(tmp_path, clock)
    first.delivery.answered(await first.deliver_acknowledged("answered", RECORDS[:1]))
    assert isinstance(await first.deliver("unanswered", RECORDS[1:3]), Refusal)
    second = Run(tmp_path, clock)
    second.delivery.answered(await second.deliver_acknowledged("unanswered", RECORDS[1:3]))
    assert second.lines == RECORDS[:3]
    second.delivery.answered(await second.deliver_acknowledged("answered", RECORDS[:1]))
    assert second.lines == [*RECORDS[:3], RECORDS[0]]


@settings(max_examples=40)
@given(cut=st.integers(0, sum(map(len, RECORDS))), journalled=st.booleans(), before=st.booleans())
def test_a_crash_within_an_append_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, cut: int, journalled: bool, before: bool
) -> None:
    """The spool has any part of the records, and the journal knows of their end or not."""
    folder = tmp_path_factory.mktemp("spool")
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    total = sum(map(len, RECORDS))

    async def story() -> list[bytes]:
        first = Run(folder, clock)
        if before:
            first.delivery.answered(await first.deliver_acknowledged("before", RECORDS[:2]))
        assert isinstance(await first.deliver("a", RECORDS), Refusal)
        journal = folder / "requests.journal"
        if cut < total or not journalled:
            lines = journal.read_bytes().splitlines(keepends=True)
            journal.write_bytes(b"".join(lines[:-1]))
            newest = max(folder.glob(f"*{SUFFIX}"))
            newest.write_bytes(newest.read_bytes()[: newest.stat().st_size - total + cut])
        second = Run(folder, clock)
        assert isinstance(await second.deliver("a", RECORDS), Refusal)
        third = Run(folder, clock)
        third.delivery.answered(await third.deliver_acknowledged("a", RECORDS))
        return third.lines

    expected = (RECORDS[:2] if before else []) + RECORDS
    assert asyncio.run(story()) == expected


async def test_a_full_spool_says_come_again(tmp_path: Path, clock: ManualClock) -> None:
    run = Run(tmp_path, clock, max_bytes=300)
    assert isinstance(await run.deliver("a", RECORDS), Refusal)
    refusal = await run.deliver("b", RECORDS)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.retry_after_s) == (429, 5)
    run.acknowledge()
    run.delivery.answered(await run.deliver_acknowledged("b", RECORDS))
    assert run.lines == RECORDS * 2


async def test_a_client_that_never_comes_again_is_forgotten(
    tmp_path: Path, clock: ManualClock
) -> None:
    run = Run(tmp_path, clock)
    assert isinstance(await run.deliver("a", RECORDS), Refusal)
    clock.advance(KEEP_S + 1)
    assert isinstance(await run.deliver("a", RECORDS), Refusal)
    assert run.lines == RECORDS * 2


async def test_the_journal_stays_small(tmp_path: Path, clock: ManualClock) -> None:
    run = Run(tmp_path, clock, max_bytes=10**9)
    assert isinstance(await run.deliver("kept", RECORDS[:1]), Refusal)
    for number in range(4500):
        entry = await run.deliver_acknowledged(f"{number:032x}", RECORDS[:1])
        run.delivery.answered(entry)
    assert (tmp_path / "requests.journal").stat().st_size < 2**20 + 1000
    again = Run(tmp_path, clock)
    count = len(again.lines)
    again.delivery.answered(await again.deliver_acknowledged("kept", RECORDS[:1]))
    assert len(again.lines) == count
