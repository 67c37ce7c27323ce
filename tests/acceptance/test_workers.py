"""A shipper with workers, whose number changes, and of which each part is killed: exactly once."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
import yaml

from logboom.broker.local import LocalBroker
from logboom.config import LocalBrokerSection
from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.services.ended import runs
from tests.writing import LogWriter, event

FILES = 200
ROUNDS = 24
LINES = 5
_SEEN = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _name(number: int) -> str:
    """Names of letters: numbers would say that all are rotated files of one log."""
    return f"app-{chr(97 + number // 26)}{chr(97 + number % 26)}"


class Application:
    """Writes sequence ids to many files in turn, each of which is rotated now and then.

    Args:
        folder: Of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._write, name="application")
        self.rounds = 0
        self.written = 0

    def start(self) -> None:
        self._thread.start()

    def let_write(self, rounds: int) -> None:
        """Lets it go on."""
        self._next.release(rounds)

    def join(self) -> None:
        self._thread.join()

    def _write(self) -> None:
        for number in range(ROUNDS):
            self._next.acquire()
            for file in range(FILES):
                path = self._folder / f"{_name(file)}.log"
                if number >= _SEEN and (number + file) % 7 == 0:
                    self._rotate(path)
                with path.open("ab") as log:
                    log.write(b"".join(event(self.written + n) for n in range(LINES)))
                self.written += LINES
            self.rounds = number + 1

    def _rotate(self, path: Path) -> None:
        """`.1` becomes `.2.gz`, and the log becomes `.1`, as logrotate does with `compress`."""
        first = path.with_name(f"{path.name}.1")
        if first.exists():
            packing = path.with_name(f".{path.name}.packing")
            packing.write_bytes(gzip.compress(first.read_bytes()))
            os.utime(packing, ns=(first.stat().st_mtime_ns,) * 2)
            older = path.with_name(f"{path.name}.2.gz")
            while older.exists():
                older = older.with_name(f"{path.name}.{int(older.name.split('.')[-2]) + 1}.gz")
            packing.rename(older)
            first.unlink()
        if path.exists():
            path.rename(first)


class Shipper:
    """`logboom ship` into an embedded broker.

    Args:
        folder: Has the files in `logs`, and all else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.broker = folder / "data" / "broker"

    def start(self, workers: int) -> None:
        settings = {
            "inputs": [{"path": str(self._folder / "logs" / "*.log")}],
            "data": str(self._folder / "data"),
            "shipper": {"workers": workers, "metrics": None},
        }
        config = self._folder / "logboom.yaml"
        config.write_text(yaml.safe_dump(settings))
        with (self._folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "logboom", "ship", "-c", str(config)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    @property
    def workers(self) -> list[psutil.Process]:
        assert self._process is not None
        return psutil.Process(self._process.pid).children()

    def await_workers(self, count: int) -> list[psutil.Process]:
        return eventually(
            lambda: self.workers if len(self.workers) == count else [],
            timeout_s=240, what=f"{count} workers run",
        )  # fmt: skip

    def stop(self, number: signal.Signals) -> int:
        """Sends a signal and awaits the end; gives the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        status = self._process.wait(60)
        self._process = None
        return status

    def sent(self) -> int:
        """Events in the broker."""
        file = self.broker / "events.db"
        if not file.exists():
            return 0
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            try:
                return int(database.execute("SELECT next FROM ends").fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # it is being made

    def said(self) -> str:
        return (self._folder / "said").read_text()[-4000:]


@pytest.fixture
def shipper(tmp_path: Path) -> Iterator[Shipper]:
    (tmp_path / "logs").mkdir()
    shipper = Shipper(tmp_path)
    yield shipper
    shipper.stop(signal.SIGKILL)


async def _shipped(folder: Path, expected: int) -> Counter[int]:
    """The sequence ids in the broker, once there are as many as expected and no more come."""
    found: Counter[int] = Counter()
    broker = LocalBroker(folder, LocalBrokerSection())
    try:
        subscription = await broker.subscription(group="verifier")
        while batches := await subscription.receive(
            max_messages=10_000, timeout_s=240.0 if found.total() < expected else 1.0
        ):
            for batch in batches:
                events: list[dict[str, Any]] = [orjson.loads(m.value) for m in batch.messages]
                found.update(event["attributes"]["seq"] for event in events)
        await subscription.close()
    finally:
        await broker.close()
    return found


def test_workers_come_and_go_and_each_line_is_sent_once(shipper: Shipper, tmp_path: Path) -> None:
    application = Application(tmp_path / "logs")
    application.start()

    def write(rounds: int) -> None:
        wanted = application.rounds + rounds
        application.let_write(rounds)
        eventually(lambda: application.rounds >= wanted, timeout_s=240, what="it has written")

    write(_SEEN)
    shipper.start(2)
    eventually(lambda: shipper.sent() >= application.written, timeout_s=240, what="all are known")
    write(2)
    workers = shipper.await_workers(2)
    workers[0].kill()  # the shipper begins anew
    write(4)
    workers = shipper.await_workers(2)
    shipper.stop(signal.SIGKILL)
    write(2)  # rotates while nobody looks
    shipper.start(3)
    psutil.wait_procs(workers, timeout=10)
    assert not [*filter(runs, workers)]
    shipper.await_workers(3)[1].kill()
    write(4)
    shipper.await_workers(3)
    assert shipper.stop(signal.SIGTERM) == 0, shipper.said()
    write(4)
    shipper.start(1)
    write(ROUNDS - application.rounds)
    application.join()
    expected = FILES * ROUNDS * LINES
    found = asyncio.run(_shipped(shipper.broker, expected))
    assert verify(found, expected).green, f"{verify(found, expected)}\n{shipper.said()}"
    assert shipper.stop(signal.SIGTERM) == 0


def test_the_ledger_is_whole_when_a_worker_was_killed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    settings = {
        "inputs": [{"path": str(tmp_path / "logs" / "*.log")}],
        "shipper": {"workers": 2, "metrics": None},
    }
    pipeline = Pipeline(tmp_path, settings)
    writer = LogWriter(tmp_path / "logs" / "app.log", count=10_000, per_second=4_000)
    pipeline.start()
    try:
        writer.start()
        eventually(lambda: writer.written > 5_000, timeout_s=240, what="half of it is written")
        shipper = pipeline.children()["ship"]
        workers = eventually(shipper.children, timeout_s=240, what="workers run")
        for worker in workers:
            with suppress(psutil.NoSuchProcess):  # once one is lost, the others are told to go
                worker.kill()
        writer.join()
        pipeline.await_count("service:shop-*", 10_000, timeout_s=240)
        verdict = verify(pipeline.sequence_ids("service:shop-*"), 10_000)
        assert verdict.green, f"{verdict}\n{pipeline.said()}"
        assert pipeline.doctor(wait_s=120) == 0
        said = (tmp_path / "data" / "logs" / "shipper.log").read_text()
        assert "has ended unasked" in said
    finally:
        pipeline.stop()
