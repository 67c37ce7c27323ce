"""How does the machine fare that this process runs on?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from logboom.clock import Clock


@dataclass(frozen=True, slots=True)
class Sample:
    """What the machine has counted since its start, and what it has now.

    Attributes:
        at_s: When, by the monotonic clock.
        busy_s: CPU seconds of all cores in which something was done.
        all_s: CPU seconds of all cores.
        iowait_s: Of these, waiting for disks.
        disk: Bytes and requests, read and written.
        network: Bytes and packets, received and sent, and what went wrong.
        now: What is no counter.
    """

    at_s: float
    busy_s: float
    all_s: float
    iowait_s: float
    disk: Mapping[str, int]
    network: Mapping[str, int]
    now: Mapping[str, Any]


class HostMeter:
    """Measures the machine; rates are those since the measurement before.

    Args:
        folder: Whose disk is looked at.
        clock: For rates.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._before: Sample | None = None

    async def measure(self) -> dict[str, Any]:
        """CPU, load, memory, swap, disk and network; rates are null the first time."""
        sample = await asyncio.to_thread(take_sample, self._folder, self._clock.monotonic())
        before, self._before = self._before, sample
        return told(sample, before)


def take_sample(folder: Path, at_s: float) -> Sample:
    """Looks at the machine.

    Args:
        folder: Whose disk is looked at.
        at_s: The present, by the monotonic clock.
    """
    cpu = psutil.cpu_times()
    idle_s = cpu.idle + getattr(cpu, "iowait", 0.0)
    guest_s = getattr(cpu, "guest", 0.0) + getattr(cpu, "guest_nice", 0.0)  # counted twice
    all_s = sum(cpu) - guest_s
    disk, network = psutil.disk_io_counters(), psutil.net_io_counters()
    memory, swap, room = (
        psutil.virtual_memory(), psutil.swap_memory(), psutil.disk_usage(str(folder))
    )  # fmt: skip
    return Sample(
        at_s=at_s,
        busy_s=all_s - idle_s,
        all_s=all_s,
        iowait_s=getattr(cpu, "iowait", 0.0),
        disk={} if disk is None else {
            "read_bytes": disk.read_bytes, "written_bytes": disk.write_bytes,
            "reads": disk.read_count, "writes": disk.write_count,
        },
        network={} if network is None else {
            "received_bytes": network.bytes_recv, "sent_bytes": network.bytes_sent,
            "received_packets": network.packets_recv, "sent_packets": network.packets_sent,
            "errors": network.errin + network.errout, "dropped": network.dropin + network.dropout,
        },
        now={
            "host": os.uname().nodename,
            "cores": psutil.cpu_count() or 1,
            "load": [round(load, 2) for load in os.getloadavg()],
            "memory": {"total_bytes": memory.total, "available_bytes": memory.available},
            "swap": {"total_bytes": swap.total, "used_bytes": swap.used},
            "disk": {"total_bytes": room.total, "free_bytes": room.free},
        },
    )  # fmt: skip


def told(sample: Sample, before: Sample | None) -> dict[str, Any]:
    """A sample as it is told.

    Args:
        sample: The latest.
        before: An earlier one; None: there are no rates yet.
    """
    passed_s = 0.0 if before is None else sample.all_s - before.all_s
    cpu: dict[str, float | None] = {"busy": None, "iowait": None}
    if before is not None and passed_s > 0:
        cpu["busy"] = _share(sample.busy_s - before.busy_s, passed_s)
        cpu["iowait"] = _share(sample.iowait_s - before.iowait_s, passed_s)
    seconds = 0.0 if before is None else sample.at_s - before.at_s
    return {
        **sample.now,
        "cpu": cpu,
        "disk_io": _rates(sample.disk, {} if before is None else before.disk, seconds),
        "network": _rates(sample.network, {} if before is None else before.network, seconds),
    }


def _share(part: float, whole: float) -> float:
    return round(min(1.0, max(0.0, part / whole)), 4)


def _rates(
    now: Mapping[str, int], before: Mapping[str, int], seconds: float
) -> dict[str, float | None]:
    """Of each counter, how much a second; null where nothing is known to compare with."""
    return {
        f"{name}_per_s": round(max(0, value - before[name]) / seconds, 1)
        if name in before and seconds > 0
        else None
        for name, value in now.items()
    }
