"""What does the machine give right now, and what do processes take of it?"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson
import psutil

from tests.services.process import JvmService, living_members

_ROUNDS = 9
_LOADS = 20_000


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


def load_us(line: bytes) -> float:
    """CPU microseconds that decoding one event as JSON takes right now: the median of some rounds.

    Two runs are compared by it: what has doubled between them as this did, has not changed.
    """
    rounds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for _ in range(_LOADS):
            orjson.loads(line)
        rounds.append(time.process_time() - begun)
    return statistics.median(rounds) / _LOADS * 1e6


def print_calibration(line: bytes, when: str) -> None:
    """Prints `load_us` of a line."""
    print(f"calibration {when}: orjson.loads of one event costs {load_us(line):.2f} us CPU")


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


def usage_of_service(service: JvmService) -> Usage:
    """What a service's whole process group has taken so far."""
    return usage_of([psutil.Process(pid) for pid in living_members(service.pid)])


def print_usage(before: Mapping[str, Usage], after: Mapping[str, Usage], events: int) -> None:
    """Prints what each process took in a span, per event.

    Args:
        before: At the span's beginning, by name; who is missing was not there yet.
        after: At its end.
        events: How many events the span had.
    """
    for name, now in sorted(after.items()):
        then = before.get(name, Usage())
        user_us = (now.user_s - then.user_s) / events * 1e6
        system_us = (now.system_s - then.system_s) / events * 1e6
        print(
            f"  {name:13} {user_us + system_us:6.1f} us CPU/event"
            f" ({system_us:.1f} of them the kernel's)  {now.rss_mb:5.0f} MB"
        )
