"""How does `logboom up` go on once everything is checked? In its own place, with little loaded.

The command line and the configuration's models are tens of megabytes, which a supervisor would keep as
long as it runs: it is a new interpreter of the same process that supervises.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from logboom.clock import SystemClock
from logboom.logs import configure_logging
from logboom.supervising import Ended
from logboom.supervisor import Supervisor

_STOPPING = (signal.SIGTERM, signal.SIGINT)


def go_on(
    settings: Mapping[str, Any], sentences: Sequence[str], *, log_level: str, log: Path, lock: int
) -> NoReturn:
    """Supervises the services in place of what this process does; its exit status is `logboom up`'s.

    The process keeps its number, its environment and its standard streams. Signals wait until the
    services can be stopped in order.

    Args:
        settings: The configuration as a mapping, references and short forms resolved. It is handed
            over through a descriptor: secrets are on no command line and in no file.
        sentences: What whoever started it is told first; from then on it can be stopped in order.
        log_level: Of the supervisor's own log.
        log: Its file.
        lock: The descriptor that keeps the data folder.

    Raises:
        OSError: The interpreter cannot be started.
    """
    handed_over = {
        "settings": settings, "sentences": list(sentences),
        "log_level": log_level, "log": str(log), "lock": lock,
    }  # fmt: skip
    order = os.memfd_create("logboom-up", 0)
    os.write(order, json.dumps(handed_over, default=str).encode())
    os.lseek(order, 0, os.SEEK_SET)
    os.set_inheritable(lock, True)
    sys.stdout.flush()
    sys.stderr.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        arguments = ["-P", "-m", "logboom.up", str(order), *sys.argv[1:]]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - no shell is wanted
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)


def say(sentence: str) -> None:
    """Tells whoever has started it."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


async def _supervise(settings: Mapping[str, Any], sentences: Sequence[str], lock: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _STOPPING:
        loop.add_signal_handler(number, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    for sentence in sentences:
        say(sentence)

    def tell(ended: Ended) -> None:
        say(f"{ended.service} {ended.how}; again in {ended.restarts_in_s:.1f} s")

    await Supervisor(settings, SystemClock(), tell, kept_open=(lock,)).run(stop)
    say("stopped; nothing is lost")


def main() -> None:
    """What the new interpreter runs; the descriptor of its order is its first argument."""
    with os.fdopen(int(sys.argv[1]), "rb") as order:
        handed_over = json.load(order)
    lock = handed_over["lock"]
    os.set_inheritable(lock, False)
    configure_logging("supervisor", handed_over["log_level"], Path(handed_over["log"]))
    try:
        asyncio.run(_supervise(handed_over["settings"], handed_over["sentences"], lock))
    except BrokenPipeError:
        sys.exit(0)  # nobody listens


if __name__ == "__main__":
    main()
