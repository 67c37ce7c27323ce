"""How is one process of our own started, kept running, and stopped in order?"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logboom.clock import Clock
from logboom.last_words import LAST_WORDS, MOST_BYTES
from logboom.lifecycle import ENDED, RESTARTS_WITHIN_S, SUPERVISED, SUPERVISOR
from logboom.memory import at_hand
from logboom.supervising.pauses import Pauses

log = logging.getLogger("logboom.supervisor")

CONFIG_DESCRIPTOR = "LOGBOOM_CONFIG_FD"
"""Number of the descriptor from which a supervised service reads its configuration as JSON."""

WORKER = "LOGBOOM_WORKER"
"""Set in the environment of a process that is one of several of its kind: its number, from 1."""

LOG_TO_STDERR = "LOGBOOM_LOG_TO_STDERR"
"""Set in the environment of a supervised service whose own log goes to standard error."""

_LONGEST_PAUSE_S = 30.0
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended though nobody asked it to, or that could not be started.

    Attributes:
        status: Its exit status; of one that could not be started, the error's number.
        how: In words for people, such as "ended with status 2".
    """

    service: str
    status: int
    how: str
    restarts_in_s: float


def worker_environment(number: int, environment: Mapping[str, str]) -> dict[str, str]:
    """What a parent that is itself a service adds to the environment of its workers.

    Args:
        number: Of the worker, from 1.
        environment: Of the parent: workers log where it does.
    """
    in_files = CONFIG_DESCRIPTOR in environment and LOG_TO_STDERR not in environment
    return {WORKER: str(number)} | ({} if in_files else {LOG_TO_STDERR: "1"})


class Child:
    """One process of `logboom`, started again with backoff whenever it ends by itself.

    Args:
        name: For messages.
        arguments: Of the command line, such as ``("ship",)``.
        settings: The configuration as a mapping, references and short forms resolved. It is handed
            over through a descriptor: secrets are on no command line and in no file.
        clock: For telling a process that ran well from one that fails at once.
        ended: Told whenever it ends unasked.
        environment: Added to our own environment.
        reads_stdin: It gets our standard input.
        longest_pause_s: It is started again after so long at most.
        patience_s: So long it may take to stop; then it is killed: a crash is safe.
        kept_open: Descriptors that it holds as long as it lives.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], settings: Mapping[str, Any], clock: Clock,
        ended: Callable[[Ended], None], *, environment: Mapping[str, str] | None = None,
        reads_stdin: bool = False, longest_pause_s: float = _LONGEST_PAUSE_S,
        patience_s: float = _STOP_S, kept_open: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self._arguments = tuple(arguments)
        self._settings = settings
        self._clock = clock
        self._ended = ended
        self._environment = dict(environment or {})
        self._reads_stdin = reads_stdin
        self._pauses = Pauses(longest_s=longest_pause_s)
        self._patience_s = patience_s
        self._kept_open = tuple(kept_open)
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def keep(self, tasks: asyncio.TaskGroup) -> None:
        """Starts it, and keeps it running until `stop`."""
        self._keeper = tasks.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """Asks it to stop, and waits until it has. Idempotent."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self._patience_s):
                await process.wait()
        except TimeoutError:
            log.warning("%s did not stop within %.0f s and is killed", self.name, self._patience_s)
            process.kill()
            await process.wait()
        log.info("stopped %s", self.name)

    async def _keep(self) -> None:
        ends: list[float] = []
        why = ""
        while True:
            begun = self._clock.monotonic()
            ends = [end for end in ends if begun - end < RESTARTS_WITHIN_S]
            told = {SUPERVISED: f"{len(ends)}", ENDED: why}
            status, how, why = await self._run_once(told)
            ends.append(self._clock.monotonic())
            wait_s = self._pauses.after(ends[-1] - begun)
            log.error("%s %s; it starts again in %.1f s", self.name, how, wait_s)
            self._ended(Ended(self.name, status, how, wait_s))
            await asyncio.sleep(wait_s)

    async def _run_once(self, told: Mapping[str, str]) -> tuple[int, str, str]:
        """Its status, in words how it has ended, and why: the system may have no process to give."""
        try:
            words = os.memfd_create("logboom-last-words")
            try:
                process = await self._start(words, told)
                status = await process.wait()
                how = f"ended with status {status}"
                return status, how, _written(words) or how
            finally:
                os.close(words)
        except OSError as error:
            how = f"cannot be started ({error.strerror or error})"
            return error.errno or 1, how, how

    async def _start(self, words: int, told: Mapping[str, str]) -> asyncio.subprocess.Process:
        descriptor = os.memfd_create("logboom-config")
        try:
            os.write(descriptor, json.dumps(self._settings, default=str).encode())
            os.lseek(descriptor, 0, os.SEEK_SET)
            handed_over = {
                CONFIG_DESCRIPTOR: str(descriptor),
                SUPERVISOR: f"{os.getpid()}",
                LAST_WORDS: f"{os.getpid()}:{words}",
                **told,
            }
            added = {**self._environment, **handed_over}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "logboom", *self._arguments,
                stdin=None if self._reads_stdin else asyncio.subprocess.DEVNULL,
                pass_fds=(descriptor, words, *self._kept_open),
                env={**at_hand(self._arguments[0]), **os.environ, **added},
                start_new_session=True,  # Ctrl-C reaches us alone: we stop them in order
            )  # fmt: skip
        finally:
            os.close(descriptor)
        self._process = process
        log.info("started %s as process %d", self.name, process.pid)
        return process


def _written(words: int) -> str:
    """What a process that has ended said of it, in one line."""
    text = os.pread(words, MOST_BYTES, 0).decode("utf-8", "replace")
    return " ".join(text.replace("\0", " ").split())
