"""What does the machine give right now, and what do processes take of it?"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson
import psutil

from tests.services.process import JvmService, living_members

_ROUNDS = 9
_LOADS = 20_000
_SCHEDULED = 2


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or more processes have taken since their start, all threads together.

    Attributes:
        user_s: CPU seconds of their own code.
        system_s: CPU seconds of the kernel on their behalf.
        rss_mb: Resident memory at this moment.
    """

    user_s: float = 0.0
    system_s: float = 0.0
    rss_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What decoding one event as JSON takes right now, in microseconds: the median of some rounds.

    Attributes:
        cpu_us: By this process's CPU time: how fast the machine is. What has doubled between two
            runs as this did, has not changed.
        time_us: By the clock; more than `cpu_us` when others want the cores, too.
    """

    cpu_us: float
    time_us: float


def calibrate(line: bytes) -> Calibration:
    """Decodes an event some thousand times."""
    cpu, clock = [], []
    for _ in range(_ROUNDS):
        cpu_begun, begun = time.process_time(), time.perf_counter()
        for _ in range(_LOADS):
            orjson.loads(line)
        clock.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - cpu_begun)
    return Calibration(*(statistics.median(times) / _LOADS * 1e6 for times in (cpu, clock)))


@contextlib.contextmanager
def on_cores(cores: Iterable[int]) -> Iterator[None]:
    """What this thread starts meanwhile, and the thread itself, has these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def print_calibration(line: bytes, when: str) -> None:
    """Prints what `calibrate` finds."""
    found = calibrate(line)
    print(
        f"calibration {when}: orjson.loads of one event takes {found.cpu_us:.2f} us CPU,"
        f" {found.time_us:.2f} us by the clock"
    )


def usage_of(processes: Iterable[psutil.Process]) -> Usage:
    """What processes have taken so far; one that has just ended counts as nothing."""
    user_s = system_s = rss = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
            user_s, system_s, rss = (
                user_s + times.user, system_s + times.system, rss + memory.rss
            )  # fmt: skip
    return Usage(user_s, system_s, rss / 2**20)


def cpu_ms_of(process: psutil.Process) -> float:
    """CPU milliseconds of a process with all its threads, so exactly that one question can be told.

    Source: clock_getcpuclockid(3), as the C library makes the clock's number.
    """
    return time.clock_gettime_ns(~process.pid << 3 | _SCHEDULED) / 1e6


def usage_of_service(service: JvmService) -> Usage:
    """What a service's whole process group has taken so far."""
    return usage_of([psutil.Process(pid) for pid in living_members(service.pid)])


def print_usage(before: Mapping[str, Usage], after: Mapping[str, Usage], events: int) -> float:
    """Prints what each process took in a span, per event.

    Args:
        before: At the span's beginning, by name; who is missing was not there yet.
        after: At its end.
        events: How many events the span had.

    Returns:
        CPU microseconds per event of all of them together.
    """
    total_us = 0.0
    for name, now in sorted(after.items()):
        then = before.get(name, Usage())
        user_us = (now.user_s - then.user_s) / events * 1e6
        system_us = (now.system_s - then.system_s) / events * 1e6
        print(
            f"  {name:13} {user_us + system_us:6.1f} us CPU/event"
            f" ({system_us:.1f} of them the kernel's)  {now.rss_mb:5.0f} MB"
        )
        total_us += user_us + system_us
    return total_us
