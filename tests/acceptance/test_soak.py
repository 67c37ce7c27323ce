"""Hours in small: rotation of changing kinds and killed processes, and every line is found once.

Twenty minutes of it: `LOGBOOM_TEST_SOAK_S=1200 pytest tests/acceptance/test_soak.py`; how dense its
faults are is `LOGBOOM_TEST_FAULT_EVERY_S`.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.writing import event

SOAK_S = float(os.environ.get("LOGBOOM_TEST_SOAK_S") or 20)
FAULT_EVERY_S = float(os.environ.get("LOGBOOM_TEST_FAULT_EVERY_S") or 2)
RATE = 1_000
MOST_BEHIND = 10 * RATE
"""The files that rotation keeps hold three times as much at least."""
KEPT = 12

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SOAK_S * 2 + 300)]


class ChangingWriter:
    """Writes numbered events, and rotates by another kind every few seconds.

    Of `KEPT` rotated files the oldest is deleted, long after it was read; those from the second on
    are compressed.
    """

    def __init__(self, path: Path, seconds: float, dice: random.Random) -> None:
        self._path = path
        self._seconds = seconds
        self._dice = dice
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, name="application")
        self.written = 0
        self.rotations = 0

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    @property
    def is_writing(self) -> bool:
        return self._thread.is_alive()

    def has_reached(self, count: int) -> bool:
        """True when so many events are written, or no more will be."""
        return self.written >= count or not self.is_writing

    def _write(self) -> None:
        file = self._path.open("ab", buffering=0)
        pieces = int(self._seconds * 20)
        next_rotation = self._pause()
        for number in range(pieces):
            last = self.written + RATE // 20
            file.write(b"".join(event(n) for n in range(self.written, last)))
            self.written = last
            if number == next_rotation:
                next_rotation += self._pause()
                self._shift()
                self.rotations += 1
                if self._dice.random() < 0.5:
                    shutil.copyfile(self._path, self._rotated(1))
                    file.truncate(0)
                else:
                    self._path.rename(self._rotated(1))
                    file.close()
                    file = self._path.open("ab", buffering=0)
            self._ended.wait(0.05)  # the application's own pace
        file.close()

    def _pause(self) -> int:
        return self._dice.randrange(50, 200)

    def _shift(self) -> None:
        oldest = self._packed(KEPT)
        if oldest.exists():
            oldest.unlink()
        for number in range(KEPT - 1, 1, -1):
            if self._packed(number).exists():
                self._packed(number).rename(self._packed(number + 1))
        if self._rotated(1).exists():
            self._packed(2).write_bytes(gzip.compress(self._rotated(1).read_bytes(), 1))
            self._rotated(1).unlink()

    def _rotated(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _packed(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}.gz")


def test_nothing_is_lost_or_doubled_in_a_soak(
    following: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Faults come every few seconds, also into the mending of the ones before.

    Only while so much waits that rotation would delete it unread, they pause: what is gone is lost.
    """
    dice = random.Random(11)
    writer = ChangingWriter(tmp_path / "logs" / "app.log", SOAK_S, dice)
    writer.start()
    faults: Counter[str] = Counter()
    next_fault = RATE
    while writer.is_writing:
        eventually(
            partial(writer.has_reached, next_fault),
            timeout_s=120, what="the load goes on",
        )  # fmt: skip
        if writer.written - following.count("service:shop-*") < MOST_BEHIND:
            service = dice.choice(["ship", "ship", "process", "api"])
            following.kill(service)
            faults[service] += 1
        next_fault = writer.written + int(RATE * dice.uniform(0.2, 2 * FAULT_EVERY_S))
    writer.join()
    assert faults
    request.node.user_properties += [
        ("events", writer.written), ("rotations", writer.rotations), ("faults", dict(faults))
    ]  # fmt: skip
    following.await_count("service:shop-*", writer.written, timeout_s=180)
    verdict = verify(following.sequence_ids("service:shop-*"), writer.written)
    assert verdict.green, f"{verdict} after {faults}\n{following.said()}"
    assert following.doctor(wait_s=30) == 0
