"""What do thousands of files cost: silent ones, and a backlog in pieces?

    python -m bench.many_files [--idle 1000 10000] [--files 2000] [--file-bytes 20000]

A real `logboom ship` with a broker of its own. Silent files are measured by the CPU time that passes
for nothing; a backlog by the CPU time until all of it is acknowledged, beside one file of the same
content. What the figures mean: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import yaml

from bench.events import write_events
from bench.stopping import stop_in_order
from logboom.clock import SystemClock
from tests.polling import eventually

_DESCRIPTORS = 1000
_SETTLE_S = 12.0
_WATCHED_S = 20.0
_PATIENCE_S = 300.0
_LINE = b'{"timestamp":"2026-11-21T06:24:28Z","level":"INFO","message":"begun"}\n'


@dataclass(frozen=True, slots=True)
class Backlog:
    """What reading everything took.

    Attributes:
        cpu_s: Of the process, from its start.
        wall_s: By the clock, from its start.
        rss_mb: Resident memory at the end.
    """

    cpu_s: float
    wall_s: float
    rss_mb: float


def main() -> None:
    """Measures both and prints the figures."""
    stop_in_order()
    parser = argparse.ArgumentParser(description="Measures thousands of files.")
    parser.add_argument("--idle", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--file-bytes", type=int, default=20_000)
    options = parser.parse_args()
    for count in options.idle:
        _print_idle(count)
    if options.files:
        _print_backlog(options.files, options.file_bytes)


def _print_idle(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        logs.mkdir()
        for number in range(count):
            (logs / f"app{number:05d}x.log").write_bytes(_LINE)
        with _shipping(Path(folder)) as process:
            _until_acknowledged(Path(folder), count * len(_LINE))
            time.sleep(_SETTLE_S)
            before, begun = _cpu_s(process), time.monotonic()
            time.sleep(_WATCHED_S)
            share = (_cpu_s(process) - before) / (time.monotonic() - begun)
            print(
                f"{count} idle files: {share:.2%} of a core, {process.num_fds()} descriptors"
                f" of {_DESCRIPTORS}, {_rss_mb(process):.0f} MB",
                flush=True,
            )


def _print_backlog(files: int, file_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        piece = Path(folder) / "piece"
        begin = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC) - timedelta(hours=1)
        write_events(piece, file_bytes // 290, begin=begin, span=timedelta(minutes=50))
        text = piece.read_bytes()
        print(f"{files} files of {len(text)} bytes, and one of {files * len(text)}", flush=True)
        many = _backlog(Path(folder) / "many", [text] * files)
        one = _backlog(Path(folder) / "one", [text * files])
    for name, found in (("many", many), ("one", one)):
        print(
            f"{name}: {found.cpu_s:.1f} s of CPU, {found.wall_s:.1f} s, {found.rss_mb:.0f} MB",
            flush=True,
        )
    print(f"many files at {one.cpu_s / many.cpu_s:.2f} of the speed of one, by CPU time")


def _backlog(folder: Path, texts: list[bytes]) -> Backlog:
    logs = folder / "logs"
    logs.mkdir(parents=True)
    for number, text in enumerate(texts):
        (logs / f"app{number:05d}x.log").write_bytes(text)
    begun = time.monotonic()
    with _shipping(folder) as process:
        _until_acknowledged(folder, sum(map(len, texts)))
        return Backlog(_cpu_s(process), time.monotonic() - begun, _rss_mb(process))


@contextlib.contextmanager
def _shipping(folder: Path) -> Iterator[psutil.Process]:
    settings = {
        "inputs": [{"path": str(folder / "logs" / "*.log"), "multiline": "none"}],
        "data": str(folder / "data"),
        "broker": "local",
    }
    (folder / "logboom.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "logboom", "ship", "-c", str(folder / "logboom.yaml")]
    limits = (_DESCRIPTORS, _DESCRIPTORS)
    with (folder / "said").open("wb") as said:
        process = psutil.Popen(
            command, stdout=said, stderr=said,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
                process.kill()


def _until_acknowledged(folder: Path, size: int) -> None:
    registry = folder / "data" / "shipper" / "registry.db"
    eventually(
        lambda: _acknowledged(registry) >= size,
        timeout_s=_PATIENCE_S,
        what=f"{size} bytes are acknowledged; see {folder / 'said'}",
    )


def _acknowledged(registry: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{registry}?mode=ro", uri=True)) as database:
            (total,) = database.execute("SELECT sum(offset) FROM sources").fetchone()
    except sqlite3.OperationalError:  # not there yet, or just being made
        return 0
    return int(total or 0)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


if __name__ == "__main__":
    main()
