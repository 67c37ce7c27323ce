"""Whatever happens to a log and to its shipper, in any order: no line is lost, none is doubled."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from logboom.clock import ManualClock
from logboom.config import FileInput
from logboom.dead import DeadLetters
from shipper.files import handles
from shipper.registry.registry import Registry
from tests.property.application import Application, LogFile
from tests.property.tailing import Gate, GatedBroker, Tailer, Weather

EXAMPLES = int(os.environ.get("LOGBOOM_TEST_EXAMPLES", "80"))
STEPS = int(os.environ.get("LOGBOOM_TEST_STEPS", "40"))
_MOST_ROTATED = 9
_LAST_S = 20.0
_KNOWN_LINES = 15
"""More than 1,024 bytes."""
_MEMORY = Path("/dev/shm")
_NUMBER = re.compile(rb"#(\d{6})#")
_END = re.compile(rb"~(\d{6})~")
"""The same number again: what is written behind a half of a line may be missing while that is there."""
_WHICH = st.integers(0, _MOST_ROTATED - 1)
_ENDING = " by checkout in production on web-01.example.com, version 1.2.3, as it should be"
"""Longer than what little of a file could be told apart by."""
_Result = TypeVar("_Result")


class Machine(RuleBasedStateMachine):
    """An application with its log rotation, a shipper, and a broker."""

    def __init__(self) -> None:
        super().__init__()
        where = _MEMORY if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="tailer-", dir=where))
        self.clock = ManualClock(datetime(2026, 11, 21, 6, 0, tzinfo=UTC))
        self.loop = asyncio.new_event_loop()
        self.tailer: Tailer | None = None
        self.surprises: list[tuple[int, Callable[[], None]]] = []
        self.is_copying = False
        self.opening = mock.patch.object(handles, "_open", self._open)
        self.opening.start()

    def _open(self, path: str) -> int:
        """Opens a file; what was to come between two openings comes first."""
        if self.surprises and not self.is_copying:
            opens, surprise = self.surprises.pop(0)
            if opens:
                self.surprises.insert(0, (opens - 1, surprise))
            else:
                surprise()
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self.loop.run_until_complete(work)

    @initialize(
        pattern=st.sampled_from(["app.log", "app*", "*"]),
        first=st.sampled_from([0, 1, 5]),
        ending=st.sampled_from(["", _ENDING]),
        open_files=st.sampled_from([512, 1]),
    )
    def begin(self, pattern: str, first: int, ending: str, open_files: int) -> None:
        logs = self.folder / "logs"
        logs.mkdir()
        self.pattern = pattern
        self.application = Application(logs, self.clock, ending)
        self.application.write(first)
        self.open_files = open_files
        self.inputs = [FileInput(path=[str(logs / pattern)])]
        self.gate = self.run(_gate())
        self.broker = GatedBroker(self.folder / "broker", self.gate)
        self.letters = DeadLetters(self.folder / "dead", max_bytes=2**30)
        self.start()

    @rule(count=st.sampled_from([1, 1, 2, 7, 400]))
    def write(self, count: int) -> None:
        self.application.write(count)

    @rule(number_first=st.booleans())
    def write_half(self, number_first: bool) -> None:
        self.application.write_half(number_first=number_first)

    @precondition(lambda self: not self.application.is_behind and self.has_room)
    @rule(reopen=st.booleans())
    def rename(self, reopen: bool) -> None:
        self.application.rename(reopen=reopen)

    @precondition(lambda self: self.application.is_behind)
    @rule()
    def reopen(self) -> None:
        self.application.reopen()

    @precondition(lambda self: self.is_copyable and self.has_room)
    @rule(look_between=st.booleans())
    def copy_and_truncate(self, look_between: bool) -> None:
        self.is_copying = True
        self.application.copy()
        if look_between and self.tailer is not None:
            self.run(self.tailer.poll(hinted=True))
        self.application.truncate()
        self.is_copying = False

    @precondition(lambda self: self.compressible)
    @rule(which=_WHICH)
    def compress(self, which: int) -> None:
        self.application.compress(self.compressible[which % len(self.compressible)])

    @precondition(lambda self: self.strangely_renamable)
    @rule(which=_WHICH, compresses=st.booleans())
    def rename_strangely(self, which: int, *, compresses: bool) -> None:
        """A rotated log gets a name that says nothing; it is followed by its inode, or by its content.

        A copy that is not compressed, and that a glob names, would be a log of its own.
        """
        rotated = self.strangely_renamable[which % len(self.strangely_renamable)]
        self.application.rename_strangely(rotated)
        if compresses or (rotated.is_copy and self.pattern == "*"):
            self.application.compress(rotated)

    @precondition(lambda self: self.deletable)
    @rule(which=_WHICH)
    def delete(self, which: int) -> None:
        self.application.delete(self.deletable[which % len(self.deletable)])

    @rule(
        opens_before=st.lists(st.integers(0, 12), min_size=1, max_size=4),
        copies=st.booleans(),
        compresses=st.booleans(),
        count=st.sampled_from([0, 1, 30]),
    )
    def rotate_under_its_eyes(
        self, opens_before: list[int], *, copies: bool, compresses: bool, count: int
    ) -> None:
        """The next rotations come while the shipper looks at files: each after so many of them.

        Without a shipper they come into the first scan of the next one.
        """

        def rotate() -> None:
            if self.application.is_behind or not self.has_room:
                return
            if not copies:
                self.application.rename(reopen=True)
            elif self.is_copyable:
                self.application.copy()
                self.application.truncate()
            if compresses and self.compressible:
                self.application.compress(self.compressible[0])
            self.application.write(count)

        self.surprises = [(opens, rotate) for opens in opens_before]

    @precondition(lambda self: self.tailer is not None)
    @rule(hinted=st.booleans())
    def look(self, hinted: bool) -> None:
        assert self.tailer is not None
        self.run(self.tailer.poll(hinted=hinted))

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.2, 2.5, 7.0, 30.0, 320.0]))
    def wait(self, seconds: float) -> None:
        if self.tailer is None:
            self.clock.advance(seconds)
        else:
            self.run(self.tailer.wait(seconds))

    @rule(weather=st.sampled_from(Weather))
    def change_weather(self, weather: Weather) -> None:
        self.run(self._turn(weather))

    @precondition(lambda self: self.tailer is not None)
    @rule()
    def kill(self) -> None:
        assert self.tailer is not None
        self.run(self.tailer.die())
        self._ended()

    @precondition(lambda self: self.tailer is not None)
    @rule()
    def stop(self) -> None:
        assert self.tailer is not None
        self.run(self.tailer.stop())
        self._ended()

    @precondition(lambda self: self.tailer is None)
    @rule()
    def start(self) -> None:
        self.registry = Registry(self.folder / "state" / "registry.db")
        self.tailer = Tailer(
            self.inputs, self.registry, self.broker, self.gate, self.letters, self.clock,
            open_files=self.open_files,
        )  # fmt: skip
        self.run(self.tailer.start())

    def teardown(self) -> None:
        try:
            if hasattr(self, "broker"):
                self._drain_and_check()
        finally:
            self._clean_up()

    @property
    def is_copyable(self) -> bool:
        return not self.application.is_behind and self._is_known(self.application.lines)

    @property
    def has_room(self) -> bool:
        return len(self.application.rotated) < _MOST_ROTATED

    @property
    def compressible(self) -> list[LogFile]:
        return [r for r in self.plain if r.path.name.startswith("app.log.")]

    @property
    def plain(self) -> list[LogFile]:
        rotated = self.application.rotated
        return [
            r
            for r in rotated
            if not r.is_written and r.path.suffix != ".gz" and self._is_known(r.lines)
        ]

    @property
    def strangely_renamable(self) -> list[LogFile]:
        """Rotated files of which enough was read to know them by their content alone.

        Of one that is closed and compressed between two looks, what was not read is not looked for
        under any name while the shipper runs: then it must have been read to its end.
        """
        if self.tailer is not None:
            return [r for r in self.deletable if r in self.plain and r.lines]
        known = _numbers_in(self.gate.planned)
        return [r for r in self.plain if len(known.intersection(r.lines)) >= _KNOWN_LINES]

    @property
    def deletable(self) -> list[LogFile]:
        """Rotated files of which the broker has every line to its end."""
        rotated = [r for r in self.application.rotated if not r.is_written]
        if not rotated:
            return []
        arrived = _numbers_in(self.gate.arrived)
        arrived &= {int(number) for value in self.gate.arrived for number in _END.findall(value)}
        return [r for r in rotated if arrived.issuperset(r.lines)]

    def _is_known(self, lines: list[int]) -> bool:
        """True when a file can be recognised by its content alone: some of it was read, or is empty."""
        return not lines or not _numbers_in(self.gate.planned).isdisjoint(lines)

    def _drain_and_check(self) -> None:
        self.surprises = []
        self.application.finish()
        self.application.reopen()
        self.run(self._turn(Weather.FINE))
        for _ in range(2):  # after a restart nothing comes again
            if self.tailer is None:
                self.start()
            assert self.tailer is not None
            self.run(self.tailer.wait(_LAST_S))
            self._check(self._arrived())
            self.stop()

    def _check(self, values: list[bytes]) -> None:
        events: dict[str, bytes] = {}
        by_run: dict[str, list[tuple[int, int]]] = defaultdict(list)
        seen: Counter[int] = Counter()
        for value in values:
            event = orjson.loads(value)
            identity = event["event"]["id"]
            if identity in events:
                assert events[identity] == value, "an event came again as another one"
                continue
            events[identity] = value
            numbers = numbers_of(value)
            seen.update(numbers)
            by_run[event["log"]["source"]] += [(event["log"]["offset"], n) for n in numbers]
        written = range(self.application.written)
        assert [n for n in written if n not in seen][:3] == [], "lost"
        assert [n for n, count in seen.items() if count > 1][:3] == [], "doubled"
        for lines in by_run.values():
            assert lines == sorted(lines), "out of order within a run"
        self._check_ledger(len(events))

    def _check_ledger(self, events: int) -> None:
        records = self.registry.sources()
        told = sum(r.lines_acked + r.lines_empty + r.lines_dead for r in records)
        losses = self.registry.losses(shipper="s")
        told += sum(loss.lines for loss in losses)
        assert not any(loss.unread for loss in losses), "bytes are told to be lost"
        assert 0 <= told - self.application.written <= self.application.pieces, "the ledger"
        acked = sum(sum(r.acked.values()) for r in records)
        lost = sum(sum(loss.days.values()) for loss in losses)
        assert acked + lost == events, "the ledger's events"

    def _arrived(self) -> list[bytes]:
        return self.run(_all_of(self.broker, f"reader-{self.clock.now_ns()}"))

    async def _turn(self, weather: Weather) -> None:
        self.gate.turn(weather)
        if self.tailer is not None:
            await self.tailer.rest()

    def _ended(self) -> None:
        self.tailer, self.surprises = None, []
        self.registry.close()

    def _clean_up(self) -> None:
        self.opening.stop()
        if self.tailer is not None:
            self.run(self.tailer.die())
            self._ended()
        if hasattr(self, "broker"):
            self.run(self.broker.close())
            self.application.close()
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


def numbers_of(value: bytes) -> set[int]:
    """The numbers of the lines of an event."""
    return {int(number) for number in _NUMBER.findall(value)}


def _numbers_in(values: list[bytes]) -> set[int]:
    return {number for value in values for number in numbers_of(value)}


async def _gate() -> Gate:
    return Gate()


async def _all_of(broker: GatedBroker, group: str) -> list[bytes]:
    """Everything that is in a broker, in its order."""
    subscription = await broker.subscription(group=group)
    values: list[bytes] = []
    while batches := await subscription.receive(max_messages=100_000, timeout_s=0):
        for batch in batches:
            values += [message.value for message in batch.messages]
    await subscription.close()
    return values


def test_the_tailer_against_its_model() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
    )
